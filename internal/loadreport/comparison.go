package loadreport

import (
	"bytes"

	"puntuale/internal/clickday"
)

// comparison is what the page of two runs shows.
type comparison struct {
	A, B   *Report
	Lead   clickday.Text
	Runs   []run
	Rows   []row
	Charts []chart
}

type run struct {
	Letter   string
	Report   *Report
	Headline clickday.Text
	Opened   clickday.Text
}

type row struct {
	Name, A, B, Ratio, Word clickday.Text
	Mark                    string
}

// CompareHTML is one page about two runs, which needs nothing else.
func CompareHTML(a, b *Report) ([]byte, error) {
	c := &comparison{A: a, B: b, Lead: clickday.Text{IT: "Lo stesso piano su due installazioni, o su una prima e dopo una modifica.",
		EN: "The same plan on two installations, or on one before and after a change."}}
	if a.Planned != b.Planned || a.Manifest.Seed != b.Manifest.Seed {
		c.Lead = clickday.Text{IT: "I due piani sono diversi: le cifre si confrontano con cautela.", EN: "The two plans differ: compare the figures with care."}
	}
	for i, r := range []*Report{a, b} {
		h := headlines[r.Outcome]
		c.Runs = append(c.Runs, run{string(rune('A' + i)), r, clickday.Text{IT: h[0], EN: h[1]}, instant(r.Manifest.Opening)})
	}
	for i := range figures {
		f := &figures[i]
		x, y := f.of(a), f.of(b)
		mark := f.judgement(x, y)
		c.Rows = append(c.Rows, row{clickday.Text{IT: f.it, EN: f.en}, f.value(x), f.value(y), ratio(x, y), judgements[mark], mark})
	}
	c.charts()
	var out bytes.Buffer
	if err := comparePage.ExecuteTemplate(&out, "compare", c); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// charts lay the curves of both runs over each other.
func (c *comparison) charts() {
	if len(c.A.Seconds) == 0 || len(c.B.Seconds) == 0 {
		return
	}
	from, to := c.A.span()
	f, t := c.B.span()
	from, to = min(from, f), max(to, t)
	letters := []clickday.Text{{IT: "A", EN: "A"}, {IT: "B", EN: "B"}}
	accepted := chart{Title: clickday.Text{IT: "Richieste riscontrate al secondo", EN: "Requests acknowledged per second"}, XUnit: "s", Unit: "/s", From: from, To: to}
	waited := chart{Title: clickday.Text{IT: "Quanto aspettano 99 su 100", EN: "How long 99 of 100 wait"}, XUnit: "s", Unit: "ms", From: from, To: to, Log: true,
		Note: clickday.Text{IT: "Dall'istante previsto alla risposta completa. Scala logaritmica.", EN: "From the planned instant to the whole answer. Logarithmic scale."}}
	receipts := chart{Title: clickday.Text{IT: "Ricevute emesse", EN: "Receipts issued"}, XUnit: "s", From: from, To: to}
	for i, r := range []*Report{c.A, c.B} {
		color := []int{1, 3}[i]
		accepted.Lines = append(accepted.Lines, r.curve(letters[i], color, i == 0, func(s *Second) float64 { return float64(s.Accepted) }))
		waited.Lines = append(waited.Lines, r.some(letters[i], color, func(s *Second) float64 { return s.P99 }))
		l := line{Name: letters[i], Color: color}
		for j := range r.Samples {
			if p := r.Samples[j].Progress; p != nil {
				l.Points = append(l.Points, point{r.Samples[j].At.Seconds(), float64(p.Receipted)})
				receipts.To = max(receipts.To, r.Samples[j].At.Seconds())
			}
		}
		receipts.Lines = append(receipts.Lines, l)
	}
	c.Charts = append(c.Charts, accepted, waited)
	if len(receipts.Lines[0].Points)+len(receipts.Lines[1].Points) > 0 {
		c.Charts = append(c.Charts, receipts)
	}
}
