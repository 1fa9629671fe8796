package loadreport

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"puntuale/internal/clock"
	"puntuale/internal/loadgen"
)

// Progress tells on a terminal how a run goes: one line that is written over, or
// a line every five seconds where the output is no terminal.
type Progress struct {
	Out      io.Writer
	Live     *loadgen.Live
	Requests int
	Opening  time.Time
	Last     time.Duration // of the plan
	Clock    clock.Clock
}

// Run writes until ctx ends.
func (p Progress) Run(ctx context.Context) {
	every, end := 5*time.Second, "\n"
	if f, ok := p.Out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		every, end = 500*time.Millisecond, "\r"
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	var before int64
	at := p.Clock.Now()
	for {
		select {
		case <-ctx.Done():
			fmt.Fprintln(p.Out, p.line(0, p.Clock.Now()))
			return
		case <-tick.C:
		}
		now, sent := p.Clock.Now(), p.Live.Sent.Load()
		rate := float64(sent-before) / now.Sub(at).Seconds()
		before, at = sent, now
		fmt.Fprintf(p.Out, "%-100s%s", p.line(rate, now), end)
	}
}

// line is one line of progress.
func (p Progress) line(rate float64, now time.Time) string {
	l := p.Live
	t := now.Sub(p.Opening).Truncate(time.Second)
	left := max(0, p.Last+time.Duration(l.Moved.Load())-now.Sub(p.Opening)).Round(time.Second)
	return fmt.Sprintf("t%+ds  %d/%d inviate/sent  %.0f/s  %d in volo/in flight  %d ok  %d rifiutate/refused  %d errori/errors  -%s",
		int(t.Seconds()), l.Sent.Load(), p.Requests, rate, l.InFlight(), l.Accepted.Load(), l.Refused.Load(), l.Failed.Load(), left)
}
