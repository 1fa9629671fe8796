//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"puntuale/internal/clock"
	"puntuale/internal/loadrun"
	"puntuale/internal/loadteam"
)

// teamFlags say who generates together.
type teamFlags struct {
	Agents  int    `required:"" help:"Generators to wait for."`
	Listen  string `default:"127.0.0.1:9555" help:"Address for agents."`
	TeamKey string `required:"" help:"File with the key of the team, as loadtest team-key makes it." type:"existingfile"`
}

// controllerCmd is run with several generators.
type controllerCmd struct {
	Team teamFlags `embed:""`
	runCmd
}

// Run waits for the agents and is a run from there on.
func (c *controllerCmd) Run(ctx context.Context, clk clock.Clock) error {
	if c.Team.Agents < 1 || c.Team.Agents > 999 {
		return fmt.Errorf("agents: %d: want 1 to 999", c.Team.Agents)
	}
	c.team = &c.Team
	return c.runCmd.Run(ctx, clk)
}

// teamKeyCmd draws a key.
type teamKeyCmd struct {
	File string `arg:"" help:"File to write; must not be there." type:"path"`
}

// Run writes it.
func (c *teamKeyCmd) Run() error { return loadteam.WriteKey(c.File) }

// firing is one generator or several whose connections stand.
type firing interface {
	Run(ctx context.Context) error
	// Move says that the opening is so much later than it was.
	Move(by time.Duration)
	Close() error
}

// whole is where the envelopes of the plan are made: for one generator its own
// part, for several a place from where they are shared out.
func (r *run) whole() (*loadrun.Part, error) {
	if r.team != nil {
		return loadrun.NewPart(filepath.Join(r.Dir, "whole"), 0)
	}
	return loadrun.NewPart(r.Dir, 0)
}

// assemble returns when every connection stands, here or at the agents.
func (r *run) assemble(ctx context.Context, part *loadrun.Part) (firing, error) {
	if r.team == nil {
		return r.connect(ctx)
	}
	key, err := loadteam.ReadKey(r.team.TeamKey)
	if err != nil {
		return nil, err
	}
	parts, err := loadteam.Split(part, r.Dir, r.team.Agents)
	if err == nil {
		err = os.RemoveAll(filepath.Dir(part.Dir))
	}
	if err != nil {
		return nil, err
	}
	job, err := r.job()
	if err != nil {
		return nil, err
	}
	c, at, err := loadteam.NewController(r.team.Listen, key, job, parts, r.clk)
	if err != nil {
		return nil, err
	}
	say("In attesa di %d generatori su %s… / Waiting for %d generators at %s…", r.team.Agents, at, r.team.Agents, at)
	if r.skew, err = c.Ready(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return &team{c, r}, nil
}

func (r *run) job() (loadteam.Job, error) {
	job := loadteam.Job{Targets: r.site.manifest.Intake, Conns: r.open.Conns, Patience: r.Patience}
	ca := r.CA
	switch {
	case ca != "":
	case r.site.ownFacts != nil:
		ca = filepath.Join(r.site.ownFacts.KeysDir, "ca.crt")
	default:
		ca = filepath.Join(r.Keys, "ca.crt")
	}
	pem, err := os.ReadFile(ca)
	if err != nil {
		return job, fmt.Errorf("ca: %w", err)
	}
	job.CAPEM = string(pem)
	for _, path := range r.Consent {
		b, err := os.ReadFile(path)
		if err != nil {
			return job, fmt.Errorf("consent: %w", err)
		}
		job.Consents = append(job.Consents, b)
	}
	return job, nil
}

// team is several generators.
type team struct {
	*loadteam.Controller
	run *run
}

// Move tells the agents, and the line on the terminal.
func (t *team) Move(by time.Duration) {
	t.Controller.Move(by)
	t.run.open.Live.Moved.Add(int64(by))
}

const showEvery = 500 * time.Millisecond

// Run starts them and collects their answers.
func (t *team) Run(ctx context.Context) error {
	t.Start(t.run.open.Opening)
	heard := make(chan error, 1)
	go func() { heard <- t.Wait(ctx) }()
	tick := time.NewTicker(showEvery)
	defer tick.Stop()
	for {
		select {
		case err := <-heard:
			t.Show(&t.run.open.Live)
			return errors.Join(err, t.Close())
		case <-tick.C:
			t.Show(&t.run.open.Live)
		}
	}
}
