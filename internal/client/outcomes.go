package client

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/client/portalapi"
	"puntuale/internal/client/store"
	"puntuale/internal/client/timing"
)

const (
	pollStart = 500 * time.Millisecond
	pollMax   = 30 * time.Second
)

// pollPause returns the pause before poll number n (0, 1, …) of the portal.
func pollPause(n int) time.Duration {
	return timing.Jitter(min(pollStart<<min(n, 10), pollMax))
}

// Refresh fetches the outcomes once and puts numbers, refusals and finished
// receipts on disk.
func (c *Client) Refresh(ctx context.Context) error {
	api, err := c.portal()
	if err != nil {
		return err
	}
	list, err := api.Outcomes(ctx)
	if err != nil {
		return err
	}
	byApplication := make(map[string][]portalapi.Outcome, len(list))
	for _, o := range list {
		byApplication[o.ApplicationID] = append(byApplication[o.ApplicationID], o)
	}
	defer c.touch()
	for app, os := range byApplication {
		err := c.store.Update(app, func(r *store.Record) bool {
			merged := c.merge(r, os)
			return listed(r, os) || merged
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// merge takes over what the outcomes of one application say, and reports
// whether that changes the record.
func (c *Client) merge(r *store.Record, os []portalapi.Outcome) bool {
	if r.State == store.Receipted || r.State.Unsent() || r.State == store.Sending && c.running(r.Day) {
		return false
	}
	var own, numbered *portalapi.Outcome
	for i := range os {
		if os[i].SubmissionID == r.Submission {
			own = &os[i]
		}
		if os[i].Number > 0 {
			numbered = &os[i]
		}
	}
	switch {
	case own == nil:
		return false
	case numbered != nil: // its own number, or that of an earlier submission
		return number(r, numbered)
	case own.State == clickday.Refused && r.State != store.Refused && r.State != store.Sequenced:
		r.State, r.Code, r.Reason = store.Refused, own.Reason, own.ReasonText
		return true
	}
	return false
}

// listed takes over what the newest list says of the application's own number.
func listed(r *store.Record, os []portalapi.Outcome) bool {
	for i := range os {
		if o := &os[i]; o.Number > 0 && o.Number == r.Number && !store.SameStanding(r.List, o.List) {
			r.List = o.List
			return true
		}
	}
	return false
}

func number(r *store.Record, o *portalapi.Outcome) bool {
	state := store.Sequenced
	if o.Receipt {
		state = store.Receipted
	}
	if r.State == store.Refused || r.State == state && r.Number == o.Number {
		return false
	}
	r.State, r.Number, r.ProtocolNumber = state, o.Number, o.ProtocolNumber
	if at := o.Arrived(); at != 0 {
		r.Arrived = at
	}
	return true
}

// running reports whether a Send of that day is under way and owns its records.
func (c *Client) running(id clickday.DayID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.progress {
		if p.Day == id {
			return true
		}
	}
	return false
}

// ReceiptReport says what Receipts has done.
type ReceiptReport struct {
	Saved   int
	Missing int // arrived, but no receipt yet
}

// Receipts saves every receipt that is ready and not yet in dir, and waits up
// to wait for those that are missing.
func (c *Client) Receipts(ctx context.Context, dir string, wait time.Duration) (ReceiptReport, error) {
	var report ReceiptReport
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return report, fmt.Errorf("folder for the receipts: %w", err)
	}
	api, err := c.portal()
	if err != nil {
		return report, err
	}
	until := c.base.Now() + int64(wait)
	for n := 0; ; n++ {
		err := c.Refresh(ctx)
		if err == nil {
			report.Missing, err = c.saveReady(ctx, api, dir, &report.Saved)
		}
		left := time.Duration(until - c.base.Now())
		if err == nil && report.Missing == 0 || left <= 0 || !worthRepeating(err) {
			return report, err
		}
		if err := timing.Pause(ctx, min(pollPause(n), left)); err != nil {
			return report, err
		}
	}
}

// worthRepeating reports whether the same call may succeed later.
func worthRepeating(err error) bool {
	var disk *os.PathError
	return !errors.Is(err, portalapi.ErrUnauthorized) && !errors.Is(err, context.Canceled) && !errors.As(err, &disk)
}

func (c *Client) saveReady(ctx context.Context, api *portalapi.Client, dir string, saved *int) (missing int, err error) {
	for _, r := range c.store.All() {
		if !r.State.Arrived() {
			continue
		}
		path := filepath.Join(dir, receiptName(&r))
		if r.State != store.Receipted {
			missing++
			continue
		}
		if _, err := os.Stat(path); err == nil {
			continue
		}
		err := c.saveReceipt(ctx, api, r.Application, path)
		switch {
		case errors.Is(err, portalapi.ErrNotYet):
			missing++
		case err != nil:
			return missing, err
		default:
			*saved++
		}
	}
	return missing, nil
}

func (c *Client) saveReceipt(ctx context.Context, api *portalapi.Client, application, path string) error {
	pdf, err := api.Receipt(ctx, application)
	if err != nil {
		return err
	}
	if err := store.WriteFile(path, pdf, true); err != nil {
		return err
	}
	defer c.touch()
	return c.store.Update(application, func(r *store.Record) bool {
		r.ReceiptFile = path
		return true
	})
}

// receiptName is the file name of a receipt: the protocol number, as people
// look for it, without the stroke.
func receiptName(r *store.Record) string {
	name := strings.Map(func(c rune) rune {
		switch {
		case c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-':
			return c
		default:
			return '-'
		}
	}, r.ProtocolNumber)
	if name == "" {
		name = r.Application
	}
	return "ricevuta-" + name + ".pdf"
}
