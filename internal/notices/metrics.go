package notices

import "github.com/prometheus/client_golang/prometheus"

// Metrics counts what becomes of notices.
type Metrics struct {
	Ended    *prometheus.CounterVec // by state
	Failures *prometheus.CounterVec // attempts, by kind
}

// NewMetrics registers the counters.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		Ended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "puntuale_notices_ended_total", Help: "Notices by final state.",
		}, []string{"state"}),
		Failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "puntuale_notice_failures_total", Help: "Attempts that failed, by kind.",
		}, []string{"kind"}),
	}
	r.MustRegister(m.Ended, m.Failures)
	return m
}

var kindNames = [...]string{"unreachable", "temporary", "permanent", "unknown"}

// String is the label of the kind.
func (k Kind) String() string {
	if k < 0 || int(k) >= len(kindNames) {
		return "invalid"
	}
	return kindNames[k]
}
