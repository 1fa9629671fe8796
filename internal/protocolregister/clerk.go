package protocolregister

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/clock"
)

// Store keeps segnature.
type Store interface {
	// SegnatureDue returns up to limit registrations without a segnatura; none
	// while more urgent work waits.
	SegnatureDue(ctx context.Context, limit int) ([]Registration, error)
	// KeepSegnature stores one for good and durably. It may be repeated.
	KeepSegnature(ctx context.Context, id clickday.SubmissionID, xml []byte, now time.Time) error
}

const (
	clerkChunk = 200
	clerkPause = 2 * time.Second
)

// Clerk makes the segnatura of every registration, when nothing else is to be
// done. Several may work at once: the bytes are the same.
type Clerk struct {
	Store  Store
	Signer func(now time.Time) Signer // the seal as it is just then
	Body   Body
	Clock  clock.Clock
	Log    *slog.Logger

	skipped map[clickday.SubmissionID]bool // cannot be made; said once
}

// Run works until ctx ends. Failures are logged and tried again.
func (c *Clerk) Run(ctx context.Context) error {
	c.skipped = map[clickday.SubmissionID]bool{}
	for ctx.Err() == nil {
		n, err := c.Step(ctx)
		if err != nil && ctx.Err() == nil {
			c.Log.Warn("protocol signatures: trying again", "error", err)
		}
		if err != nil || n == 0 {
			t := time.NewTimer(clerkPause)
			select {
			case <-t.C:
			case <-ctx.Done():
				t.Stop()
			}
		}
	}
	return nil
}

// Step makes some and returns how many.
func (c *Clerk) Step(ctx context.Context) (made int, err error) {
	list, err := c.Store.SegnatureDue(ctx, clerkChunk+len(c.skipped))
	if err != nil {
		return 0, err
	}
	for i := range list {
		r := &list[i]
		if c.skipped[r.Submission] {
			continue
		}
		xml, err := Segnatura(r, &c.Body, c.Signer(c.Clock.Now()))
		if errors.Is(err, ErrIncomplete) {
			c.Log.Error("a registration has no protocol signature", "submission", r.Submission, "error", err)
			if c.skipped != nil {
				c.skipped[r.Submission] = true
			}
			continue
		}
		if err != nil {
			return made, err
		}
		if err := c.Store.KeepSegnature(ctx, r.Submission, xml, c.Clock.Now()); err != nil {
			return made, err
		}
		made++
	}
	return made, nil
}
