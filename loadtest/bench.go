//go:build linux

package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"time"

	"puntuale/internal/bench"
	"puntuale/internal/bench/okserver"
	"puntuale/internal/clock"
	"puntuale/internal/loadgen"
	"puntuale/internal/loadreport"
)

// benchCmd measures the load tester itself.
type benchCmd struct {
	Only  []string `help:"rate, tls, held, memory, units, p3; all if empty."`
	Scale float64  `default:"0.05" help:"Of P3."`
	Dir   string   `help:"Directory on the disk to measure on; the system's temporary one if empty." type:"path"`
	Costs string   `help:"Write the unit costs that were measured into this file, for size --costs; those that were not stay as they are in it, or as they come with the program." type:"path"`
}

// Run prints every figure as it comes.
func (c *benchCmd) Run(ctx context.Context, clk clock.Clock) error {
	if err := moreFiles(); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	plan := bench.LoadtestPlan{Self: self, Dir: c.Dir, Only: c.Only, Scale: c.Scale, Log: os.Stderr}
	if c.Costs != "" {
		plan.Measured = func(u *bench.Units) error { return c.keep(u, clk.Now()) }
	}
	return bench.Loadtest(ctx, plan, os.Stdout)
}

// keep brings a file of costs up to date.
func (c *benchCmd) keep(u *bench.Units, now time.Time) error {
	path := c.Costs
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		path = ""
	}
	costs, err := loadreport.LoadCosts(path)
	if err != nil {
		return err
	}
	m := machine()
	costs.Take(u.TLS, u.Handshake, fmt.Sprintf("%s, %s, %d processors: loadtest bench --only units", now.UTC().Format(time.DateOnly), m.CPU, m.Processors))
	return costs.Save(c.Costs)
}

// answerCmd is the server that only answers.
type answerCmd struct {
	Listen  string `required:""`
	TLSCert string `name:"tls-cert" type:"path"`
	TLSKey  string `name:"tls-key" type:"path"`
}

// Run answers until it is told to end.
func (c *answerCmd) Run(ctx context.Context) error {
	if err := moreFiles(); err != nil {
		return err
	}
	if c.TLSCert == "" {
		return okserver.Serve(ctx, c.Listen)
	}
	pair, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
	if err != nil {
		return fmt.Errorf("tls-cert: %w", err)
	}
	return okserver.ServeTLS(ctx, c.Listen, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS13})
}

// blastCmd is one generator of the measurement.
type blastCmd struct {
	Target   string  `required:""`
	CA       string  `name:"ca" type:"path"`
	Requests int     `required:""`
	Rate     float64 `required:""`
	Conns    int     `required:""`
	Dir      string  `required:"" type:"existingdir"`
	Hold     time.Duration
}

// Run loads this machine only.
func (c *blastCmd) Run(ctx context.Context) error {
	if err := moreFiles(); err != nil {
		return err
	}
	if err := (&loadgen.Permission{}).Check(c.Target); err != nil {
		return err
	}
	b := bench.Blast{Target: c.Target, CA: c.CA, Requests: c.Requests, Rate: c.Rate, Conns: c.Conns, Dir: c.Dir, Hold: c.Hold}
	return b.Run(ctx, os.Stdout)
}
