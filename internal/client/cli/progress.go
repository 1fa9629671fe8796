package cli

import (
	"fmt"
	"time"

	"github.com/schollz/progressbar/v3"

	"puntuale/internal/client"
	"puntuale/internal/client/sending"
	"puntuale/internal/client/store"
)

// progress turns snapshots into lines: one for each application as its outcome
// comes, one when the stage changes; on a screen also a line that counts down
// in place, and from the opening on a bar. It is used by one goroutine at a time.
type progress struct {
	*env
	day     string
	quiet   bool
	seen    map[string]bool // applications whose outcome is printed
	stage   sending.Stage
	trouble string
	live    bool                     // the last line on the screen is the live one
	bar     *progressbar.ProgressBar // how many are acknowledged; nil until the opening
}

// remember leaves out what was settled before.
func (p *progress) remember(s client.Snapshot) {
	for _, d := range s.Days {
		for _, r := range d.Rows {
			p.seen[r.Application] = settled(r.State)
		}
	}
}

func settled(s store.State) bool { return s.Arrived() || s == store.Refused }

func (p *progress) show(s client.Snapshot) {
	if p.quiet {
		return
	}
	for i := range s.Days {
		d := &s.Days[i]
		if p.day != "" && d.Code != p.day {
			continue
		}
		p.rows(d)
		if d.Running {
			p.running(s, d)
		}
	}
}

func (p *progress) rows(d *client.DayView) {
	for _, r := range d.Rows {
		if settled(r.State) && !p.seen[r.Application] {
			p.seen[r.Application] = true
			p.print(p.rowText(r))
		}
	}
}

func (p *progress) running(s client.Snapshot, d *client.DayView) {
	if st := d.Progress.Stage; st != p.stage {
		p.stage = st
		p.print(p.say("stage", d.Code, client.StageWord(st).In(p.Lang), client.OpeningText(d.Opens)))
	}
	if t := d.Progress.Trouble; t != nil && client.Explain(t).In(p.Lang) != p.trouble {
		p.trouble = client.Explain(t).In(p.Lang)
		p.print(p.say("trouble", p.trouble))
	}
	if !p.interactive() {
		return
	}
	p.live = true
	if st := p.stage; st == sending.StageSending || st == sending.StageSettling {
		p.advance(d)
		return
	}
	fmt.Fprintf(p.Out, "\r\x1b[K%s", p.say("live", client.Countdown(d.Opens.Sub(s.Clock.Now), p.Lang), client.OffsetText(s.Clock),
		d.Progress.Connections, d.Progress.Wanted, d.Counts.Arrived(), d.Counts.Total))
}

// advance draws how many of a day's applications have their answer.
func (p *progress) advance(d *client.DayView) {
	if p.bar == nil || p.bar.GetMax() != d.Counts.Total {
		p.bar = progressbar.NewOptions(d.Counts.Total, progressbar.OptionSetWriter(p.Out), progressbar.OptionSetDescription(p.say("bar", d.Code)),
			progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(false), progressbar.OptionSetWidth(30), progressbar.OptionThrottle(0))
	}
	p.bar.Set(d.Counts.Arrived() + d.Counts.Refused) //nolint:errcheck // a screen that cannot be written to shows nothing
}

func (p *progress) print(line string) {
	p.end()
	p.line(line)
}

// end closes the live line.
func (p *progress) end() {
	if p.live {
		fmt.Fprint(p.Out, "\r\x1b[K")
		p.live = false
	}
}

func (p *progress) summary(s client.Snapshot) {
	for _, d := range s.Days {
		if p.day == "" || d.Code == p.day {
			c := d.Counts
			p.line(p.say("summary", d.Code, c.Arrived(), c.Refused, c.Open(), c.Total))
		}
	}
}

// rowText is one application as a line.
func (e *env) rowText(r client.Row) string {
	text := client.StateWord(r.State).In(e.Lang)
	if !r.Arrived.IsZero() {
		text += "  " + client.ClockText(r.Arrived)
		if r.Bound > 0 {
			text += fmt.Sprintf(" ± %s", r.Bound.Round(time.Microsecond))
		}
	}
	if r.ProtocolNumber != "" {
		text += "  " + r.ProtocolNumber
	}
	text += fmt.Sprintf("  %s (%s)", r.Worker, r.Model)
	if standing := client.StandingText(r.List).In(e.Lang); standing != "" {
		text += "  " + standing
	}
	if r.Code != "" {
		text += "  [" + string(r.Code) + "] " + r.Reason.In(e.Lang)
	}
	return text
}

func (e *env) printStatus(s client.Snapshot) {
	e.line(e.say("status_account", s.Account.Name, s.Account.Email, s.Portal))
	if len(s.Days) == 0 {
		e.line(e.say("no_applications"))
	}
	for _, d := range s.Days {
		e.line("")
		e.line(e.say("day", d.Code, d.Title.In(e.Lang), client.OpeningText(d.Opens), d.Counts.Total))
		for _, r := range d.Rows {
			e.line("  " + e.rowText(r))
		}
	}
}
