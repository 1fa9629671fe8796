package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/portal/site"
	"puntuale/internal/postgres"
)

// restFlags say how long the periphery rests around openings.
type restFlags struct {
	RestBefore time.Duration `help:"How long before an opening the portal begins to serve only what the click day needs." default:"10m"`
	RestAfter  time.Duration `help:"How long after an opening it goes on so; both 0 for never." default:"30m"`
}

func (f *restFlags) rest() (*site.Freeze, error) {
	if f.RestBefore < 0 || f.RestAfter < 0 || f.RestBefore > maxRest || f.RestAfter > maxRest {
		return nil, errors.New("--rest-before, --rest-after: want 0s to 24h")
	}
	return &site.Freeze{Before: f.RestBefore, After: f.RestAfter}, nil
}

// maxRest is the longest rest on either side of an opening.
const maxRest = 24 * time.Hour

type dayRestCommand struct {
	database
	ID     uint32        `help:"Number of the click day." required:""`
	Before time.Duration `help:"How long before the opening the portal begins to serve only what the click day needs." default:"10m"`
	After  time.Duration `help:"How long after the opening it goes on so; both 0 for never." default:"30m"`
}

// Run stores it; running portals obey within a second.
func (c *dayRestCommand) Run(ctx context.Context) error {
	f := restFlags{c.Before, c.After}
	if _, err := f.rest(); err != nil {
		return errors.New("--before, --after: want 0s to 24h")
	}
	return c.with(ctx, func(db *postgres.DB) error {
		err := db.SetRest(ctx, clickday.DayID(c.ID), c.Before, c.After)
		if errors.Is(err, accounts.ErrNotFound) {
			return fmt.Errorf("--id: there is no click day %d", c.ID)
		}
		if err == nil {
			fmt.Println("set; running portals obey within a second")
		}
		return err
	})
}
