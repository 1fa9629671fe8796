package issuer

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"puntuale/internal/clickday"
)

// progressTimeout bounds how long the collection of figures waits for the store.
const progressTimeout = 5 * time.Second

// Progress asks how far the receipts of every click day are.
type Progress func(ctx context.Context) ([]clickday.ReceiptProgress, error)

// RegisterProgress adds figures that are asked for when they are collected; every
// process reports the same, since they are those of the record. A store that
// does not answer is logged, and its figures are missing.
func RegisterProgress(r prometheus.Registerer, ask Progress, log *slog.Logger) {
	gauge := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("puntuale_issuer_day_"+name, help, []string{"day"}, nil)
	}
	r.MustRegister(&progress{
		ask: ask, log: log,
		numbered:  gauge("numbered", "Submissions of the click day with a protocol number."),
		receipted: gauge("receipted", "Of these, submissions with a receipt."),
		renewing:  gauge("renewing", "Receipts that wait to be issued again."),
	})
}

type progress struct {
	ask                           Progress
	log                           *slog.Logger
	numbered, receipted, renewing *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (p *progress) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{p.numbered, p.receipted, p.renewing} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (p *progress) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), progressTimeout)
	defer cancel()
	days, err := p.ask(ctx)
	if err != nil {
		p.log.Error("how far the receipts are cannot be asked", "error", err)
		return
	}
	for i := range days {
		d := &days[i]
		for desc, n := range map[*prometheus.Desc]int{p.numbered: d.Numbered, p.receipted: d.Receipted, p.renewing: d.Renewing} {
			out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(n), d.DayCode)
		}
	}
}
