package loadreport

import (
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"

	"puntuale/internal/clickday"
)

// figure is one line of a comparison.
type figure struct {
	it, en, unit string
	of           func(r *Report) float64
	less         bool // less is better
}

var figures = []figure{
	{"richieste previste", "requests planned", "", func(r *Report) float64 { return float64(r.Planned) }, false},
	{"accettate", "accepted", "", func(r *Report) float64 { return float64(r.Total().Accepted) }, false},
	{"senza risposta", "without an answer", "", func(r *Report) float64 { return float64(r.Total().Failed) }, true},
	{"secondo più pieno, accettate", "busiest second, accepted", "/s", func(r *Report) float64 { return r.peak(func(s *Second) int { return s.Accepted }) }, false},
	{"esito, p50", "acknowledgement, p50", "ms", func(r *Report) float64 { return r.Latency.P50 }, true},
	{"esito, p90", "acknowledgement, p90", "ms", func(r *Report) float64 { return r.Latency.P90 }, true},
	{"esito, p99", "acknowledgement, p99", "ms", func(r *Report) float64 { return r.Latency.P99 }, true},
	{"esito, p99,9", "acknowledgement, p99.9", "ms", func(r *Report) float64 { return r.Latency.P999 }, true},
	{"esito, massimo", "acknowledgement, longest", "ms", func(r *Report) float64 { return r.Latency.Max }, true},
	{"ritardo del generatore, p99", "generator's lateness, p99", "ms", func(r *Report) float64 { return r.Lateness.P99 }, true},
	{"numerate", "numbered", "", func(r *Report) float64 { return float64(r.Receipts.Numbered) }, false},
	{"ultima ricevuta dopo l'apertura", "last receipt after the opening", "s", func(r *Report) float64 { return r.Receipts.After }, true},
}

func (r *Report) peak(of func(s *Second) int) float64 {
	n := 0
	for i := range r.Seconds {
		n = max(n, of(&r.Seconds[i]))
	}
	return float64(n)
}

// Compare prints two runs side by side. A change of under 2 % is not judged.
func Compare(out io.Writer, a, b *Report) error {
	fmt.Fprintf(out, "A  %s  %s\nB  %s  %s\n\n", a.Manifest.Name, a.Outcome, b.Manifest.Name, b.Outcome)
	if a.Planned != b.Planned || a.Manifest.Seed != b.Manifest.Seed {
		fmt.Fprint(out, "I due piani sono diversi. / The two plans differ.\n\n")
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "\tA\tB\tB/A\t\t\n")
	for _, f := range figures {
		x, y := f.of(a), f.of(b)
		fmt.Fprintf(w, "%s / %s %s\t%s\t%s\t%s\t%s\t\n", f.it, f.en, f.unit, short(x), short(y), ratio(x, y).EN, f.mark(x, y))
	}
	return w.Flush()
}

func short(v float64) string {
	if v == math.Trunc(v) {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

func ratio(x, y float64) clickday.Text {
	if x == 0 {
		return clickday.Text{IT: "–", EN: "–"}
	}
	s := fmt.Sprintf("%.2f", y/x)
	return clickday.Text{IT: strings.Replace(s, ".", ",", 1), EN: s}
}

// judgement is what a change is: same, better or worse.
func (f *figure) judgement(x, y float64) string {
	switch {
	case math.Abs(y-x) <= 0.02*math.Max(math.Abs(x), math.Abs(y)):
		return "same"
	case (y < x) == f.less:
		return "better"
	default:
		return "worse"
	}
}

var judgements = map[string]clickday.Text{
	"same": {IT: "=", EN: "="}, "better": {IT: "meglio", EN: "better"}, "worse": {IT: "peggio", EN: "worse"},
}

func (f *figure) mark(x, y float64) string {
	if w := judgements[f.judgement(x, y)]; w.IT != w.EN {
		return w.IT + " / " + w.EN
	}
	return "="
}

// value writes a figure with its unit.
func (f *figure) value(v float64) clickday.Text {
	switch f.unit {
	case "ms":
		return span(v)
	case "s":
		return span(v * 1000)
	case "/s":
		return rate(v)
	}
	return plain(int64(v))
}
