package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"puntuale/internal/clock"
	"puntuale/internal/demo"
)

type cli struct {
	Run    runCmd    `cmd:"" help:"Run a click day and stay up until interrupted."`
	Reset  resetCmd  `cmd:"" help:"Forget everything that earlier demos have kept."`
	Browse browseCmd `cmd:"" hidden:"" help:"Stand in for a person in front of the browser."`
}

type runCmd struct {
	Dir      string        `default:".puntuale" help:"Where the demo keeps its servers, keys and receipts." env:"PUNTUALE_DEMO_DIR"`
	Bin      string        `default:"${bin}" help:"Directory of the programs."`
	OpensIn  time.Duration `default:"60s" help:"How long before the click day opens." env:"PUNTUALE_DEMO_OPENS_IN"`
	Once     bool          `help:"End after the last receipt."`
	Rehearse bool          `help:"A rehearsal weeks before the opening, in the place of a click day."`
	Port     int           `default:"8080" help:"Port of the portal; another one is taken when it is in use." env:"PUNTUALE_DEMO_PORT"`
	DB       string        `name:"database-url" help:"Use this PostgreSQL instead of a private one." env:"DATABASE_URL"`
	Redis    string        `name:"redis-url" help:"Use this Redis instead of a private one." env:"REDIS_URL"`
}

// Run runs the demo. Errors name what failed and what it printed.
func (c *runCmd) Run(ctx context.Context) error {
	if c.OpensIn < 10*time.Second {
		return fmt.Errorf("--opens-in: %s is too soon, the mini-clients need at least 10s to pair and sync", c.OpensIn)
	}
	return demo.Run(ctx, demo.Options{
		Bin: c.Bin, Dir: c.Dir, OpensIn: c.OpensIn, Once: c.Once, Rehearse: c.Rehearse, Port: c.Port, DatabaseURL: c.DB, RedisURL: c.Redis,
	}, os.Stdout, clock.System{})
}

type resetCmd struct {
	Dir   string `default:".puntuale" help:"What to forget." env:"PUNTUALE_DEMO_DIR"`
	DB    string `name:"database-url" hidden:"" env:"DATABASE_URL"`
	Redis string `name:"redis-url" hidden:"" env:"REDIS_URL"`
}

// Run deletes the demo's directory.
func (c *resetCmd) Run() error { return demo.Reset(c.Dir, c.DB != "" || c.Redis != "") }

type browseCmd struct {
	Email    string `required:""`
	Password string `required:""`
	URL      string `arg:""`
}

// Run logs in and agrees to the pairing.
func (c *browseCmd) Run() error { return demo.Browse(c.URL, c.Email, c.Password) }
