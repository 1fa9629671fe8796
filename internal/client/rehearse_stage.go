package client

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"puntuale/internal/clickday"
)

const (
	// reportLayout names the folder of a report by the opening that was played.
	reportLayout = "2006-01-02-150405"
	// reportsKept is how many reports below the client's folder are kept.
	reportsKept = 20
	// nearEvery is how many looks at the portal go by between two at the node's
	// calendar while numbers and receipts are waited for: about half a minute.
	nearEvery = 6
)

// stage is the calendar in which the day of rehearsals opens when this rehearsal
// does. Each newer calendar is looked at for real openings that have come near.
type stage struct {
	*calendars
	run  *run
	near func() // called once for every calendar, before it is in force

	mu   sync.Mutex
	from *clickday.Calendar // guarded by mu
	made *clickday.Calendar // guarded by mu; of from
}

// Current implements sending.Calendars.
func (s *stage) Current() *clickday.Calendar {
	cal := s.calendars.Current()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.from == cal {
		return s.made
	}
	s.near()
	played := *cal
	played.Days = append([]clickday.Day(nil), cal.Days...)
	if d := played.Day(s.run.Day); d != nil {
		d.Opens, d.Closes = s.run.Opens, s.run.Opens+int64(rehearsalOpen)
	}
	s.from, s.made = cal, &played
	return s.made
}

// overtaken returns a FrozenError once a real opening is too near for this
// rehearsal to go on; nil as long as it is not.
func (p *play) overtaken() error {
	now := p.c.Snapshot().Clock.Now.UnixNano()
	until := p.c.calendars.Current().RehearsalFrozen(now, max(now, p.run.Opens+int64(rehearsalOpen)))
	if until == 0 {
		return nil
	}
	return &FrozenError{Until: time.Unix(0, until).UTC(), Stopped: true}
}

// stopNear stops the sending when it is overtaken.
func (p *play) stopNear(stop context.CancelCauseFunc) {
	if err := p.overtaken(); err != nil {
		stop(err)
	}
}

// nearMeanwhile is overtaken for the time after the sending, when nobody else
// follows the calendar.
func (p *play) nearMeanwhile(ctx context.Context, n int) error {
	if n%nearEvery == nearEvery-1 {
		if err := p.c.Measure(ctx); err != nil {
			p.c.Log.Info("calendar during a rehearsal", "err", err)
		}
	}
	return p.overtaken()
}

// pruneReports keeps the newest reports below the client's folder, and the one
// that was just written whatever its name. Only folders that a rehearsal has named
// are touched; one that cannot be removed is left for the next time.
func (c *Client) pruneReports(written string) {
	dir := filepath.Join(c.Dir, rehearsalsDir)
	entries, err := os.ReadDir(dir)
	if err != nil {
		c.Log.Warn("old reports of rehearsals", "err", err)
		return
	}
	var names []string
	for _, e := range entries {
		if _, err := time.Parse(reportLayout, e.Name()); err == nil && e.IsDir() && e.Name() != written {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	for _, name := range names[:max(0, len(names)-(reportsKept-1))] {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			c.Log.Warn("old report of a rehearsal", "err", err)
		}
	}
}
