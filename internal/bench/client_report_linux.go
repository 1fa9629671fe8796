package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"puntuale/internal/forms"
)

// ClientPlan says how much of the mini-client is measured.
type ClientPlan struct {
	Firings  int // through the uneven network
	Loaded   int // firings on the loaded machine
	Busy     int // busy processes for each processor meanwhile
	Rounds   int // of the bulk sender
	Bulk     int // applications of each
	Sizes    int // requests of each model
	Kills    int
	Programs string   // directory of portal, intake, miniclient
	Windows  int      // starts of the desktop program
	Listed   int      // applications that it lists
	Desktop  string   // the desktop program
	Only     []string // fire, loaded, bulk, size, kill, desktop; all if empty
}

// Targets of the mini-client.
const (
	beyondP50  = 1.0   // ms
	beyondP99  = 5.0   // ms
	spreadMax  = 150.0 // ms
	requestMax = 1400.0
)

// ReportClient measures and prints every figure as it comes.
func (g *Ground) ReportClient(ctx context.Context, p ClientPlan, out, progress io.Writer) error {
	parts := []struct {
		name string
		run  func() ([]Figure, error)
	}{
		{"fire", func() ([]Figure, error) { return g.reportFire(ctx, p, progress) }},
		{"loaded", func() ([]Figure, error) { return g.reportLoaded(ctx, p, progress) }},
		{"bulk", func() ([]Figure, error) { return g.reportBulk(ctx, p, progress) }},
		{"size", func() ([]Figure, error) { return reportSizes(p) }},
		{"kill", func() ([]Figure, error) { return reportKills(ctx, p, progress) }},
		{"desktop", func() ([]Figure, error) { return reportDesktop(ctx, g.Clock, p, g.dir, progress) }},
	}
	short := false
	for _, part := range parts {
		if len(p.Only) > 0 && !slices.Contains(p.Only, part.name) {
			continue
		}
		figures, err := part.run()
		if err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
		for i := range figures {
			short = short || !figures[i].OK()
			if err := figures[i].Write(out); err != nil {
				return err
			}
		}
	}
	if short {
		return ErrShort
	}
	return nil
}

// ErrShort ends a report after every figure has been printed.
var ErrShort = errors.New("a figure is short of its target")

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func (g *Ground) reportFire(ctx context.Context, p ClientPlan, progress io.Writer) ([]Figure, error) {
	fs, err := g.Fire(ctx, p.Firings, true, progress)
	if err != nil {
		return nil, err
	}
	early, missing, stamped, beyond := tally(fs)
	return []Figure{
		plain("client_firings", float64(len(fs)), "firings"),
		atMost("client_early_arrivals", float64(early), "arrivals", 0),
		atMost("client_firings_without_acknowledgement", float64(missing), "firings", 0),
		atLeast("client_firings_stamped_by_the_kernel", float64(stamped), "firings", float64(len(fs))),
		plain("client_uneven_beyond_way_out_p50", ms(quantile(beyond, 0.5)), "ms"),
		plain("client_uneven_beyond_way_out_p99", ms(quantile(beyond, 0.99)), "ms"),
	}, nil
}

// tally counts what was refused as too early or stamped before the opening,
// what has no acknowledgement, and gathers how late the others were.
func tally(fs []Firing) (early, missing, stamped int, beyond []time.Duration) {
	for i := range fs {
		f := &fs[i]
		early += f.Early
		switch {
		case f.Missing:
			missing++
			continue
		case f.Late < 0:
			early++
		}
		if f.Stamped {
			stamped++
		}
		beyond = append(beyond, f.Beyond())
	}
	return early, missing, stamped, beyond
}

func (g *Ground) reportBulk(ctx context.Context, p ClientPlan, progress io.Writer) ([]Figure, error) {
	var spreads []float64
	missing := 0
	for i := range p.Rounds {
		b, err := g.SendMany(ctx, p.Bulk, 10*time.Millisecond)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(progress, "bulk %d: %+v\n", i+1, b)
		spreads = append(spreads, ms(b.Spread))
		missing += b.Missing + b.Early
	}
	return []Figure{
		plain("client_bulk_applications", float64(p.Bulk), "applications"),
		atMost("client_bulk_first_to_last_median", median(spreads), "ms", spreadMax),
		atMost("client_bulk_first_to_last_max", slices.Max(spreads), "ms", spreadMax),
		atMost("client_bulk_missing_or_early", float64(missing), "applications", 0),
	}, nil
}

func reportSizes(p ClientPlan) ([]Figure, error) {
	c, err := forms.Load()
	if err != nil {
		return nil, err
	}
	var out []Figure
	for _, m := range c.All() {
		sizes, err := RequestSizes(m, p.Sizes)
		if err != nil {
			return nil, err
		}
		name := fmt.Sprintf("client_request_size_model_%s", m.Code)
		out = append(out, plain(name+"_p50", float64(sizes[len(sizes)/2]), "bytes"),
			atMost(name+"_p99", float64(sizes[len(sizes)*99/100]), "bytes", requestMax))
	}
	return out, nil
}
