//go:build linux

package main

import (
	"context"
	"errors"
	"os"

	"puntuale/internal/bench"
)

// clientCmd measures the mini-client.
type clientCmd struct {
	Programs string   `default:"bin" help:"Directory of portal, intake, miniclient and demo." type:"existingdir"`
	Program  string   `default:"bin/intake" help:"The intake that receives." type:"existingfile"`
	Dir      string   `help:"Directory on the disk to measure on; the system's temporary one if empty." type:"path"`
	Firings  int      `default:"1000" help:"Firings over networks with random asymmetric delays."`
	Loaded   int      `default:"120" help:"Firings while every processor is busy, for each kind of user."`
	Busy     int      `default:"1" help:"Busy processes for each processor meanwhile."`
	Rounds   int      `default:"5" help:"Rounds of the sender with many applications."`
	Bulk     int      `default:"300" help:"Its applications."`
	Sizes    int      `default:"1000" help:"Requests of each model."`
	Kills    int      `default:"100" help:"SIGKILLs between arming and receipt."`
	Windows  int      `default:"5" help:"Starts of the desktop program."`
	Listed   int      `default:"5000" help:"Applications that it lists."`
	Desktop  string   `default:"bin/miniclient-desktop" help:"The desktop program."`
	Only     []string `help:"Parts to measure: fire, loaded, bulk, size, kill, desktop; all if empty."`
}

// Run prints every figure as it comes.
func (c *clientCmd) Run(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	g, err := bench.NewGround(ctx, c.Dir, c.Program, self, 1)
	if err != nil {
		return err
	}
	return errors.Join(g.ReportClient(ctx, bench.ClientPlan{
		Firings: c.Firings, Loaded: c.Loaded, Busy: c.Busy, Rounds: c.Rounds, Bulk: c.Bulk, Sizes: c.Sizes, Kills: c.Kills, Programs: c.Programs,
		Windows: c.Windows, Listed: c.Listed, Desktop: c.Desktop, Only: c.Only,
	}, os.Stdout, os.Stderr), g.Close())
}

// burnCmd keeps one processor busy.
type burnCmd struct{}

// Run burns until it is told to end.
func (burnCmd) Run(ctx context.Context) error { return bench.Burn(ctx) }

// shotCmd is one client that fires once.
type shotCmd struct{}

// Run fires.
func (shotCmd) Run(ctx context.Context) error { return bench.FireOne(ctx, os.Stdin, os.Stdout) }
