package main

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/keys"
	"puntuale/internal/postgres"
	"puntuale/internal/wire"
)

// revealMargin is how long after the close a seed stays secret: longer than the
// clocks of intake nodes and of this machine may differ.
const revealMargin = time.Minute

// errNotOver says that a seed would still be of use to somebody.
var errNotOver = errors.New("the click day is not over: its seed stays secret until one minute after the close")

type dayRevealCommand struct {
	database
	Keys string `help:"Directory of calendar.pub." required:"" type:"path"`
	ID   uint32 `help:"Number of the click day." required:""`
}

// Run publishes the seed that broke the ties of a click day that is over. It may
// be repeated. From then on the day cannot be changed any more.
func (c *dayRevealCommand) Run(ctx context.Context, clk clock.Clock) error {
	key, err := keys.ReadPublic(filepath.Join(c.Keys, keys.CalendarPubFile))
	if err != nil {
		return fmt.Errorf("--keys: %w", err)
	}
	return c.with(ctx, func(db *postgres.DB) error {
		seed, at, err := reveal(ctx, db, key, clickday.DayID(c.ID), clk.Now())
		if err != nil {
			return fmt.Errorf("--id: %w", err)
		}
		fmt.Printf("seed %s, public since %s\n", hex.EncodeToString(seed), at.UTC().Format(time.RFC3339))
		return nil
	})
}

func reveal(ctx context.Context, db *postgres.DB, key ed25519.PublicKey, id clickday.DayID, now time.Time) ([]byte, time.Time, error) {
	return db.RevealSeed(ctx, id, now, func(signed []byte) ([32]byte, error) {
		cal, err := wire.OpenCalendar(signed, key)
		if err != nil {
			return [32]byte{}, err
		}
		d := cal.Day(id)
		if d == nil {
			return [32]byte{}, errors.New("there is no such click day in the calendar")
		}
		if now.Before(d.ClosesAt().Add(revealMargin)) {
			return [32]byte{}, fmt.Errorf("%w (it closes at %s)", errNotOver, d.ClosesAt().Format(time.RFC3339))
		}
		return d.TieCommitment, nil
	})
}
