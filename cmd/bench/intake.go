//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"puntuale/internal/bench"
)

// place is where programs and scratch files are.
type place struct {
	Program   string `default:"bin/intake" help:"The intake to measure." type:"existingfile"`
	Dir       string `help:"Directory on the disk to measure on; the system's temporary one if empty." type:"path"`
	Envelopes int    `default:"200000" help:"Envelopes to prepare; each is about 1 KiB of memory."`
	Threads   int    `default:"1" help:"Threads that make load."`
}

func (p *place) ground(ctx context.Context) (*bench.Ground, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return bench.NewGround(ctx, p.Dir, p.Program, self, p.Envelopes)
}

// oneCmd measures one server once.
type oneCmd struct {
	place
	Peer    string        `arg:"" help:"intake, webdis, ok or nginx."`
	Conns   int           `default:"256" help:"Connections."`
	Lasting time.Duration `default:"4s" help:"How long it is loaded."`
	Profile string        `help:"File for a processor profile of the intake." type:"path"`
}

// Run prints the one sample.
func (c *oneCmd) Run(ctx context.Context) error {
	g, err := c.ground(ctx)
	if err != nil {
		return err
	}
	s, err := g.Measure(ctx, c.Peer, bench.Load{Conns: c.Conns, Threads: c.Threads, Lasting: c.Lasting, Profile: c.Profile})
	if err == nil {
		fmt.Printf("%+v\n", s)
	}
	return errors.Join(err, g.Close())
}

// intakeCmd measures everything that has a target.
type intakeCmd struct {
	place
	Turns   int           `default:"5" help:"Turns of the comparison; figures are medians."`
	Lasting time.Duration `default:"3s" help:"How long each server is loaded in each turn."`
	Only    []string      `help:"Parts to measure: compare, curve, orders, burst, memory; all if empty."`
}

// Run prints every figure as it comes.
func (c *intakeCmd) Run(ctx context.Context) error {
	g, err := c.ground(ctx)
	if err != nil {
		return err
	}
	plan := bench.DefaultPlan()
	plan.Turns, plan.Lasting, plan.Threads, plan.Only = c.Turns, c.Lasting, c.Threads, c.Only
	return errors.Join(g.Report(ctx, plan, os.Stdout), g.Close())
}
