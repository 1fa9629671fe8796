package loadjudge

import (
	"errors"
	"fmt"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/loadrun"
)

var errNoKey = errors.New("the key of the node is not among those published")

// Goals are what a run has to reach. Zero values ask for nothing but that
// nothing is lost and nothing double.
type Goals struct {
	P50, P99, P999 time.Duration // of acknowledgements, from the planned instant
	// ReceiptsWithin is the time from the opening to the last receipt.
	ReceiptsWithin time.Duration
	// Rate is what must be acknowledged per second over the run.
	Rate float64
	// Lost, Doubled and Unanswered are how many are allowed.
	Lost, Doubled int64
	// Unanswered allows so many requests without an answer; -1 any number.
	Unanswered int64
}

// check holds the figures against the goals.
func (g *Goals) check(c *court) []loadrun.Check {
	f := &c.e.Figures
	var out []loadrun.Check
	for _, q := range []struct {
		id        string
		share     string
		want, got time.Duration
	}{{"p50", "metà", g.P50, f.P50}, {"p99", "99 su 100", g.P99, f.P99}, {"p999", "999 su 1000", g.P999, f.P999}} {
		if q.want > 0 {
			out = append(out, within(q.id, clickday.Text{IT: "Riscontro, " + q.share, EN: "Acknowledgement, p" + q.id[1:]}, q.want, q.got, f.Measured))
		}
	}
	if g.Rate > 0 {
		out = append(out, goal("rate", clickday.Text{IT: "Riscontri al secondo", EN: "Acknowledgements per second"}, f.Accepted >= g.Rate, f.Measured,
			same(fmt.Sprintf("%.0f/s", f.Accepted)), same(fmt.Sprintf("≥ %.0f/s", g.Rate))))
	}
	if g.ReceiptsWithin > 0 {
		last, known := c.lastReceipt()
		out = append(out, within("receipts-within", clickday.Text{IT: "Ultima ricevuta dall’apertura", EN: "Last receipt after the opening"}, g.ReceiptsWithin, last, known))
	}
	out = append(out,
		atMost("lost", clickday.Text{IT: "Invii persi", EN: "Submissions lost"}, c.counts.Lost, g.Lost),
		atMost("doubled", clickday.Text{IT: "Invii doppi", EN: "Submissions doubled"}, c.counts.Doubled, g.Doubled))
	if g.Unanswered >= 0 {
		out = append(out, atMost("unanswered", clickday.Text{IT: "Richieste senza risposta", EN: "Requests without an answer"}, c.counts.Unanswered, g.Unanswered))
	}
	return out
}

// lastReceipt is how long after the opening the last receipt was issued.
func (c *court) lastReceipt() (time.Duration, bool) {
	var last int64
	for i := range c.e.Rows {
		last = max(last, c.e.Rows[i].Issued)
	}
	return time.Duration(last - c.e.Day.Opens), last > 0
}

func within(id string, title clickday.Text, want, got time.Duration, known bool) loadrun.Check {
	most := loadrun.Duration(want)
	return goal(id, title, got <= want, known, loadrun.Duration(got), clickday.Text{IT: "≤ " + most.IT, EN: "≤ " + most.EN})
}

func atMost(id string, title clickday.Text, got, want int64) loadrun.Check {
	c := goal(id, title, got <= want, true, same(loadrun.Grouped(got)), same("≤ "+loadrun.Grouped(want)))
	c.Looked, c.Wrong = got, max(got-want, 0)
	return c
}

// same is a text that both languages write alike.
func same(s string) clickday.Text { return clickday.Text{IT: s, EN: s} }

func goal(id string, title clickday.Text, met, known bool, value, target clickday.Text) loadrun.Check {
	c := loadrun.Check{ID: id, Title: title, Outcome: loadrun.Pass, Looked: 1,
		Found: clickday.Text{IT: value.IT + ", obiettivo " + target.IT + ".", EN: value.EN + ", goal " + target.EN + "."}}
	switch {
	case !known:
		c.Outcome, c.Looked = loadrun.Void, 0
		c.Found = clickday.Text{IT: "Non misurato; obiettivo " + target.IT + ".", EN: "Not measured; goal " + target.EN + "."}
	case !met:
		c.Outcome, c.Wrong = loadrun.Fail, 1
	}
	return c
}
