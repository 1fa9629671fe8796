//go:build linux

package main

import (
	"context"
	"errors"
	"os"
	"time"

	"puntuale/internal/bench"
)

// generatorCmd holds our generator of load against another one.
type generatorCmd struct {
	place
	Turns   int           `default:"3" help:"Turns; figures are medians."`
	Lasting time.Duration `default:"2s" help:"How long each server is loaded in each turn."`
}

// Run prints the figures as they come.
func (c *generatorCmd) Run(ctx context.Context) error {
	g, err := c.ground(ctx)
	if err != nil {
		return err
	}
	plan := bench.DefaultPlan()
	plan.Turns, plan.Lasting, plan.Threads = c.Turns, c.Lasting, c.Threads
	return errors.Join(g.Generators(ctx, plan, os.Stdout), g.Close())
}
