package sequencer

import (
	"github.com/prometheus/client_golang/prometheus"

	"puntuale/internal/clickday"
)

// Metrics are the figures of one sequencer.
type Metrics struct {
	Leading    prometheus.Gauge       // 1 while active
	Batches    prometheus.Counter     // recorded
	Records    prometheus.Counter     // recorded, repeats included
	Duplicates prometheus.Counter     // batches that had been recorded before
	BadFrames  *prometheus.CounterVec // refused, by reason
	Skipped    prometheus.Counter     // batches behind a gap
	Replays    prometheus.Counter     // requests to a node
	Late       prometheus.Counter     // records behind their node's own watermark
	Numbered   prometheus.Counter
	Repeated   prometheus.Counter
	Watermark  prometheus.Gauge // seconds since 1970 below which numbers are given
	Errors     prometheus.Counter
}

// Reasons to refuse a frame, the values of the label "reason".
const (
	badUnreadable = "unreadable"
	badNode       = "foreign_node"
	badChain      = "broken_chain"
	badSignature  = "signature"
	badFork       = "forked_journal"
)

// NewMetrics registers the figures.
func NewMetrics(r prometheus.Registerer) *Metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "puntuale_sequencer_" + name, Help: help})
	}
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: "puntuale_sequencer_" + name, Help: help})
	}
	m := &Metrics{
		Leading:    gauge("leading", "1 while this is the active sequencer."),
		Batches:    counter("batches_total", "Batches recorded."),
		Records:    counter("records_total", "Durable records recorded, repeats included."),
		Duplicates: counter("duplicate_batches_total", "Batches met again and dropped."),
		BadFrames: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "puntuale_sequencer_bad_frames_total", Help: "Frames refused, by reason. Any is an alarm.",
		}, []string{"reason"}),
		Skipped:   counter("skipped_batches_total", "Batches passed over because one before them is missing."),
		Replays:   counter("replay_requests_total", "Requests to append batches again."),
		Late:      counter("late_records_total", "Records that came behind their node's own watermark. Any is an alarm."),
		Numbered:  counter("numbered_total", "Protocol numbers given."),
		Repeated:  counter("repeated_total", "Submissions of applications that had a number."),
		Watermark: gauge("watermark_seconds", "Instant below which numbers are given, seconds since 1970."),
		Errors:    counter("errors_total", "Failures of queue or store, each begun again."),
	}
	for _, reason := range []string{badUnreadable, badNode, badChain, badSignature, badFork} {
		m.BadFrames.WithLabelValues(reason)
	}
	r.MustRegister(m.Leading, m.Batches, m.Records, m.Duplicates, m.BadFrames, m.Skipped, m.Replays, m.Late,
		m.Numbered, m.Repeated, m.Watermark, m.Errors)
	return m
}

func (m *Metrics) numbered(n clickday.NumberCount) {
	m.Numbered.Add(float64(n.Numbered))
	m.Repeated.Add(float64(n.Repeated))
	m.Watermark.Set(float64(n.Watermark) / 1e9)
}
