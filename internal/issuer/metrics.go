package issuer

import "github.com/prometheus/client_golang/prometheus"

// Metrics are the figures of one issuer.
type Metrics struct {
	Issued prometheus.Counter // stored receipts
	Failed prometheus.Counter // attempts at a receipt that could not be made
	Errors prometheus.Counter // failures of the store
}

// NewMetrics registers the figures.
func NewMetrics(r prometheus.Registerer) *Metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "puntuale_issuer_" + name, Help: help})
	}
	m := &Metrics{
		Issued: counter("receipts_total", "Receipts issued and stored."),
		Failed: counter("failed_total", "Attempts at a receipt that could not be made. Any is an alarm."),
		Errors: counter("errors_total", "Failures of the store, each tried again."),
	}
	r.MustRegister(m.Issued, m.Failed, m.Errors)
	return m
}
