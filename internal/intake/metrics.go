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
	Slow     prometheus.Counter // requests cut because they did not come in time
	Stalled  prometheus.Counter // requests for which the disk took too long

	turnedAway, handshakes *prometheus.CounterVec

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
		Slow: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "puntuale_intake_slow_total", Help: "Requests cut because they did not come in time.",
		}),
		Stalled: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "puntuale_intake_stalled_total", Help: "Requests for which the disk took too long.",
		}),
		turnedAway: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "puntuale_intake_turned_away_total", Help: "Connections closed for want of room (full) or of a turn (handshakes).",
		}, []string{"listener", "reason"}),
		handshakes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "puntuale_intake_handshakes_total", Help: "TLS handshakes: full, resumed or failed.",
		}, []string{"listener", "kind"}),
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
	reg.MustRegister(accepted, m.Refusals, m.Repeated, m.Panics, m.Slow, m.Stalled, m.turnedAway, m.handshakes, m.batchRecords, m.commitSeconds)
	return m
}

func (m *Metrics) accepted(by clickday.StampSource) {
	if by == clickday.StampKernel {
		m.kernel.Inc()
		return
	}
	m.userSpace.Inc()
}

// doorFigures are the counters of one listener.
type doorFigures struct {
	full, noTurn              prometheus.Counter // turned away
	complete, resumed, failed prometheus.Counter // handshakes
}

func (m *Metrics) door(listener string) *doorFigures {
	return &doorFigures{
		full: m.turnedAway.WithLabelValues(listener, "full"), noTurn: m.turnedAway.WithLabelValues(listener, "handshakes"),
		complete: m.handshakes.WithLabelValues(listener, "full"), resumed: m.handshakes.WithLabelValues(listener, "resumed"),
		failed: m.handshakes.WithLabelValues(listener, "failed"),
	}
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
