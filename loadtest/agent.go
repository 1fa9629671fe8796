//go:build linux

package main

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"puntuale/internal/clock"
	"puntuale/internal/keys"
	"puntuale/internal/loadgen"
	"puntuale/internal/loadrun"
	"puntuale/internal/loadteam"
	"puntuale/internal/wire"
)

// agentCmd is one generator of a team.
type agentCmd struct {
	Controller string `arg:"" help:"host:port of the controller."`
	TeamKey    string `required:"" help:"File with the key of the team, as the controller has it." type:"existingfile"`
	Dir        string `required:"" help:"Directory for its part of the run." type:"path"`
	Threads    int    `help:"Threads that send; one for every two processors if 0."`
	Allow      string `help:"File with targets that may be loaded from here, one host:port a line." type:"path"`
	Operator   string `help:"Public key of the targets' operator, who must have signed for them: calendar.pub of the installation." type:"existingfile"`
}

// Run joins the team, loads once and ends.
func (c *agentCmd) Run(ctx context.Context, clk clock.Clock) error {
	if err := moreFiles(); err != nil {
		return err
	}
	key, err := loadteam.ReadKey(c.TeamKey)
	if err != nil {
		return err
	}
	a := &loadteam.Agent{Controller: c.Controller, Key: key, Dir: c.Dir, Clock: clk,
		Load: func(ctx context.Context, job *loadteam.Job, part *loadrun.Part) (loadteam.Gun, error) {
			return c.load(ctx, clk, job, part)
		}}
	return a.Run(ctx)
}

// load opens the connections that an agent's job asks for, if they may be.
func (c *agentCmd) load(ctx context.Context, clk clock.Clock, job *loadteam.Job, part *loadrun.Part) (loadteam.Gun, error) {
	p := loadgen.Permission{Now: clk.Now(), Consents: job.Consents}
	var err error
	if c.Allow != "" {
		if p.Allowed, err = loadgen.ReadAllowList(c.Allow); err != nil {
			return nil, fmt.Errorf("allow: %w", err)
		}
	}
	if c.Operator != "" {
		var operator ed25519.PublicKey
		if operator, err = keys.ReadPublic(c.Operator); err != nil {
			return nil, fmt.Errorf("operator: %w", err)
		}
		p.Operator = operator
	}
	o := &loadgen.Open{Part: part, Path: wire.PathSubmit, Type: wire.TypeEnvelope, Conns: job.Conns, Threads: c.Threads,
		Patience: job.Patience, PingEvery: pingMin, PingPath: wire.PathTime + "?nonce=" + strings.Repeat("00", wire.NonceSize), Clock: clk}
	if o.Targets, err = targets(job, &p); err == nil {
		err = prove(ctx, &p, o.Targets)
	}
	if err != nil {
		return nil, err
	}
	if o.Plan, err = part.Plan(); err == nil {
		o.Entries, err = part.Entries()
	}
	if err != nil {
		return nil, err
	}
	ready, err := o.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &gun{o, ready}, nil
}

// targets refuses what may not be loaded from here, whatever the controller says.
func targets(job *loadteam.Job, p *loadgen.Permission) ([]loadgen.Target, error) {
	roots := x509.NewCertPool()
	if job.CAPEM != "" && !roots.AppendCertsFromPEM([]byte(job.CAPEM)) {
		return nil, errors.New("the controller's certificate authority has no certificate")
	}
	var out []loadgen.Target
	for _, address := range job.Targets {
		u, err := url.Parse(address)
		if err != nil {
			return nil, fmt.Errorf("target: %w", err)
		}
		if err := p.Check(u.Host); err != nil {
			return nil, err
		}
		t := loadgen.Target{Addr: u.Host}
		if u.Scheme == "https" {
			t.TLS = &tls.Config{RootCAs: roots, ServerName: u.Hostname(), MinVersion: tls.VersionTLS13, NextProtos: []string{"http/1.1"},
				ClientSessionCache: tls.NewLRUClientSessionCache(64)}
		}
		out = append(out, t)
	}
	return out, nil
}

// gun is an open loop whose connections stand.
type gun struct {
	open  *loadgen.Open
	ready *loadgen.Prepared
}

// Fire implements loadteam.Gun.
func (g *gun) Fire(ctx context.Context, opening time.Time) error {
	g.open.Opening = opening
	return g.ready.Run(ctx)
}

// Move implements loadteam.Gun.
func (g *gun) Move(by time.Duration) { g.ready.Move(by) }

// Live implements loadteam.Gun.
func (g *gun) Live() *loadgen.Live { return &g.open.Live }
