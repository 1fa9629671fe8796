package admission

import (
	"github.com/prometheus/client_golang/prometheus"

	"puntuale/internal/clickday"
)

// Metrics counts judgements.
type Metrics struct {
	Accepted prometheus.Counter
	Refused  *prometheus.CounterVec // by code
}

// NewMetrics registers the figures.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		Accepted: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "puntuale_admission_accepted_total", Help: "Durable records whose content holds, repeats included.",
		}),
		Refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "puntuale_admission_refused_total", Help: "Durable records refused, by code.",
		}, []string{"code"}),
	}
	r.MustRegister(m.Accepted, m.Refused)
	return m
}

func (m *Metrics) judged(s *clickday.Submission) {
	if s.State == clickday.Refused {
		m.Refused.WithLabelValues(string(s.Reason)).Inc()
		return
	}
	m.Accepted.Inc()
}
