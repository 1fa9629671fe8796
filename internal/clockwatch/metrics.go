package clockwatch

import "github.com/prometheus/client_golang/prometheus"

// collector shows the newest view as metrics.
type collector struct{ w *Watch }

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("puntuale_clock_"+name, help, labels, nil)
}

var (
	descState   = desc("state", "1 for the state in which the clock is.", "state")
	descOpens   = desc("opens", "1 while a click day that is not open yet may open by this clock.")
	descOffset  = desc("offset_seconds", "UTC minus the clock of the machine; absent while too few servers agree.")
	descBound   = desc("bound_seconds", "Greatest distance of the clock from UTC; absent while too few servers agree.")
	descAgree   = desc("servers_agreeing", "Time servers that agree.")
	descServers = desc("servers", "Time servers that are configured.")
	descFalse   = desc("falsetickers", "Time servers that disagree with the others.")
	descSteps   = desc("steps_total", "Times the clock was set by more than a millisecond a second.")
	descStep    = desc("last_step_seconds", "By how much the clock was set last.")
	descLeap    = desc("leap_announced", "1 while the servers announce a leap second.")
	descSrvOff  = desc("server_offset_seconds", "UTC minus the clock of the machine, as a server says.", "server")
	descSrvBnd  = desc("server_bound_seconds", "Half-width of the interval that a server allows.", "server")
	descSrvHrd  = desc("server_heard", "1 while there is a recent answer of a server.", "server")
	descSrvFlse = desc("server_falseticker", "1 while a server disagrees with the others.", "server")
)

// Collector returns the metrics of the watch.
func (w *Watch) Collector() prometheus.Collector { return collector{w} }

// Describe implements prometheus.Collector.
func (c collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		descState, descOpens, descOffset, descBound, descAgree, descServers, descFalse, descSteps, descStep, descLeap,
		descSrvOff, descSrvBnd, descSrvHrd, descSrvFlse,
	} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c collector) Collect(out chan<- prometheus.Metric) {
	v := c.w.View()
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	for _, l := range levels {
		gauge(descState, flag(v.Level == l), l.String())
	}
	gauge(descOpens, flag(v.trusted))
	if v.Agreeing > 0 {
		gauge(descOffset, v.Offset.Seconds())
		gauge(descBound, v.Bound.Seconds())
	}
	gauge(descAgree, float64(v.Agreeing))
	gauge(descServers, float64(len(v.Servers)))
	gauge(descFalse, float64(v.Falsetickers()))
	gauge(descStep, v.LastStep.Seconds())
	gauge(descLeap, flag(v.Leap))
	out <- prometheus.MustNewConstMetric(descSteps, prometheus.CounterValue, float64(v.Steps))
	for i := range v.Servers {
		s := &v.Servers[i]
		gauge(descSrvHrd, flag(s.Heard), s.Name)
		gauge(descSrvFlse, flag(s.False), s.Name)
		if s.Heard {
			gauge(descSrvOff, s.Offset.Seconds(), s.Name)
			gauge(descSrvBnd, s.Bound.Seconds(), s.Name)
		}
	}
}

func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
