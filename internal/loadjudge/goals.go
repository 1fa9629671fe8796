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
	}{{"p50", "50", g.P50, f.P50}, {"p99", "99", g.P99, f.P99}, {"p999", "99,9", g.P999, f.P999}} {
		if q.want > 0 {
			out = append(out, within(q.id, clickday.Text{IT: "Riscontro, " + q.share + " %", EN: "Acknowledgement, p" + q.id[1:]}, q.want, q.got, f.Measured))
		}
	}
	if g.Rate > 0 {
		out = append(out, goal("rate", clickday.Text{IT: "Riscontri al secondo", EN: "Acknowledgements per second"}, f.Accepted >= g.Rate, f.Measured,
			fmt.Sprintf("%.0f/s", f.Accepted), fmt.Sprintf("≥ %.0f/s", g.Rate)))
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
	return goal(id, title, got <= want, known, got.Round(10*time.Microsecond).String(), "≤ "+want.String())
}

func atMost(id string, title clickday.Text, got, want int64) loadrun.Check {
	c := goal(id, title, got <= want, true, fmt.Sprint(got), fmt.Sprintf("≤ %d", want))
	c.Looked, c.Wrong = got, max(got-want, 0)
	return c
}

func goal(id string, title clickday.Text, met, known bool, value, target string) loadrun.Check {
	c := loadrun.Check{ID: id, Title: title, Outcome: loadrun.Pass, Looked: 1,
		Found: clickday.Text{IT: value + ", obiettivo " + target + ".", EN: value + ", goal " + target + "."}}
	switch {
	case !known:
		c.Outcome, c.Looked = loadrun.Void, 0
		c.Found = clickday.Text{IT: "Non misurato; obiettivo " + target + ".", EN: "Not measured; goal " + target + "."}
	case !met:
		c.Outcome, c.Wrong = loadrun.Fail, 1
	}
	return c
}
