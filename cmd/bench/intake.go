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
}

// Run prints the one sample.
func (c *oneCmd) Run(ctx context.Context) error {
	g, err := c.ground(ctx)
	if err != nil {
		return err
	}
	s, err := g.Measure(ctx, c.Peer, bench.Load{Conns: c.Conns, Threads: c.Threads, Lasting: c.Lasting})
	if err == nil {
		fmt.Println(s)
	}
	return errors.Join(err, g.Close())
}
