package forwarder

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the figures of a forwarder.
type Metrics struct {
	Batches  prometheus.Counter
	Failures prometheus.Counter
	Replays  prometheus.Counter
	Behind   prometheus.Gauge // batches
	Lag      prometheus.Gauge // seconds
}

// NewMetrics registers the figures.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	counter := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: "puntuale_forwarder_" + name, Help: help})
		reg.MustRegister(c)
		return c
	}
	gauge := func(name, help string) prometheus.Gauge {
		g := prometheus.NewGauge(prometheus.GaugeOpts{Name: "puntuale_forwarder_" + name, Help: help})
		reg.MustRegister(g)
		return g
	}
	return &Metrics{
		Batches:  counter("batches_total", "Batches appended to the queue, repeats included."),
		Failures: counter("failures_total", "Exchanges with the queue that failed and were tried again."),
		Replays:  counter("replays_total", "Times the worker asked for batches again and was given them."),
		Behind:   gauge("behind_batches", "Durable batches that the queue has not been sent."),
		Lag:      gauge("watermark_lag_seconds", "How far the watermark is behind the clock."),
	}
}

func (m *Metrics) observe(batches int, behind uint64, lag int64) {
	m.Batches.Add(float64(batches))
	m.Behind.Set(float64(behind))
	m.Lag.Set(time.Duration(lag).Seconds())
}
