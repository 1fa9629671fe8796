package intake

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"puntuale/internal/clickday"
)

// Metrics are the figures of the hot path.
type Metrics struct {
	Refusals *prometheus.CounterVec // by code
	Repeated prometheus.Counter
	Panics   prometheus.Counter

	kernel, userSpace prometheus.Counter
	batchRecords      prometheus.Histogram
	commitSeconds     prometheus.Histogram
	reg               prometheus.Registerer
}

// NewMetrics registers the figures.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	accepted := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "puntuale_intake_accepted_total", Help: "Submissions made durable and acknowledged, by who took the time.",
	}, []string{"stamp"})
	m := &Metrics{
		Refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "puntuale_intake_refused_total", Help: "Requests refused, by code.",
		}, []string{"code"}),
		Repeated: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "puntuale_intake_repeated_total", Help: "Answers that repeat an acknowledgement.",
		}),
		Panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "puntuale_intake_panics_total", Help: "Requests that ended in a panic.",
		}),
		batchRecords: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "puntuale_journal_batch_records", Help: "Submissions in one group commit.",
			Buckets: prometheus.ExponentialBuckets(1, 2, 11),
		}),
		commitSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "puntuale_journal_commit_seconds", Help: "Time to sign, write and sync one group commit.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 2, 15),
		}),
		kernel:    accepted.WithLabelValues(clickday.StampKernel.String()),
		userSpace: accepted.WithLabelValues(clickday.StampUserSpace.String()),
		reg:       reg,
	}
	reg.MustRegister(accepted, m.Refusals, m.Repeated, m.Panics, m.batchRecords, m.commitSeconds)
	return m
}

func (m *Metrics) accepted(by clickday.StampSource) {
	if by == clickday.StampKernel {
		m.kernel.Inc()
		return
	}
	m.userSpace.Inc()
}

// Committed takes note of one group commit; it fits journal.Options.Committed.
func (m *Metrics) Committed(records, _ int, took time.Duration) {
	m.batchRecords.Observe(float64(records))
	m.commitSeconds.Observe(took.Seconds())
}

// Watch registers a figure that is asked for when it is read.
func (m *Metrics) Watch(name, help string, value func() float64) {
	m.reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "puntuale_" + name, Help: help}, value))
}
