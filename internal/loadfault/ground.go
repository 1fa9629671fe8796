package loadfault

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"puntuale/internal/clock"
	"puntuale/internal/devstack"
	"puntuale/internal/installation"
)

// Ground is an installation of one's own with the links that a scenario
// disturbs. Prepare it between installation.Open and Start; close it after the
// installation.
type Ground struct {
	in    *installation.Installation
	gates map[string]*Gate
	times *Times
	dir   string // of sockets
	// Day is the click day as it is published; MoveOpening changes it.
	Day installation.Day
	// Openings are those that were published for it so far, in order.
	Openings []time.Time
}

// Prepare puts the links and time servers that a scenario needs in place: the
// programs are told of them before they start.
func Prepare(in *installation.Installation, s *Scenario, clk clock.Clock) (g *Ground, err error) {
	g = &Ground{in: in, gates: map[string]*Gate{}}
	if g.dir, err = os.MkdirTemp("/tmp", "pnt-gate-"); err != nil { // short enough for a socket's path
		return nil, fmt.Errorf("loadfault: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, g.Close())
		}
	}()
	if s.Needs("clients") {
		if err := g.gate("clients", "tcp", "127.0.0.1:0", "tcp", host(in.IntakeURL), clk); err != nil {
			return g, err
		}
	}
	if s.Needs("redis") {
		if err := g.redis(clk); err != nil {
			return g, err
		}
	}
	if s.Needs("postgres") {
		if err := g.postgres(clk); err != nil {
			return g, err
		}
	}
	if s.Has(StepClock) {
		if g.times, err = StartTimes(clk); err != nil {
			return g, err
		}
		in.Intake.Args = append(in.Intake.Args, "--clock-servers", strings.Join(g.times.Addrs(), ","), "--clock-poll", "16s")
	}
	return g, nil
}

func (g *Ground) gate(link, listenNetwork, listen, network, target string, clk clock.Clock) error {
	gate, err := NewGate(listenNetwork, listen, network, target, clk)
	if err == nil {
		g.gates[link] = gate
	}
	return err
}

// redis leads the programs to Redis over a socket of our own.
func (g *Ground) redis(clk clock.Clock) error {
	target, ok := strings.CutPrefix(g.in.RedisURL, "unix://")
	if !ok {
		return errors.New("loadfault: the link to Redis is disturbed only where it is the installation's own")
	}
	socket := filepath.Join(g.dir, "redis")
	if err := g.gate("redis", "unix", socket, "unix", target, clk); err != nil {
		return err
	}
	g.environment("REDIS_URL=", "unix://"+socket)
	return nil
}

// postgres does the same; libpq's name of the socket stays.
func (g *Ground) postgres(clk clock.Clock) error {
	u, err := url.Parse(g.in.DatabaseURL)
	if err != nil || u.Query().Get("host") == "" {
		return errors.New("loadfault: the link to PostgreSQL is disturbed only where it is the installation's own")
	}
	q := u.Query()
	name := ".s.PGSQL.5432"
	if port := u.Port(); port != "" {
		name = ".s.PGSQL." + port
	}
	if err := g.gate("postgres", "unix", filepath.Join(g.dir, name), "unix", filepath.Join(q.Get("host"), name), clk); err != nil {
		return err
	}
	q.Set("host", g.dir)
	u.RawQuery = q.Encode()
	g.environment("DATABASE_URL=", u.String())
	return nil
}

// environment changes a variable of the programs.
func (g *Ground) environment(name, value string) {
	for _, p := range []*devstack.Program{g.in.Intake, g.in.Worker, g.in.Portal} {
		env := append([]string(nil), p.Env...)
		for i := range env {
			if strings.HasPrefix(env[i], name) {
				env[i] = name + value
			}
		}
		p.Env = env
	}
}

// IntakeURL is where senders go: through the gate if there is one.
func (g *Ground) IntakeURL() string {
	if gate := g.gates["clients"]; gate != nil {
		return "https://" + gate.Addr()
	}
	return g.in.IntakeURL
}

// Close ends the links and time servers.
func (g *Ground) Close() error {
	var err error
	for _, gate := range g.gates {
		if cerr := gate.Close(); cerr != nil && !errors.Is(cerr, net.ErrClosed) {
			err = errors.Join(err, cerr)
		}
	}
	if g.times != nil {
		g.times.Close()
	}
	return errors.Join(err, os.RemoveAll(g.dir))
}

// program finds one of our own programs.
func (g *Ground) program(name string) (*devstack.Program, error) {
	switch name {
	case "intake":
		return g.in.Intake, nil
	case "worker":
		return g.in.Worker, nil
	case "portal":
		return g.in.Portal, nil
	}
	return nil, fmt.Errorf("no program %q", name)
}

// Kill implements Broken.
func (g *Ground) Kill(_ context.Context, program string) error {
	if program == "redis" {
		return g.in.Redis.Kill()
	}
	p, err := g.program(program)
	if err != nil {
		return err
	}
	return p.Kill()
}

// Start implements Broken.
func (g *Ground) Start(ctx context.Context, program string) error {
	if program == "redis" {
		return g.in.Redis.Restart(ctx)
	}
	p, err := g.program(program)
	if err == nil {
		err = p.Start()
	}
	switch {
	case err != nil:
		return err
	case program == "intake":
		return g.in.AwaitIntake(ctx)
	case program == "portal":
		return g.in.AwaitPortal(ctx)
	}
	return nil
}

// Freeze implements Broken.
func (g *Ground) Freeze(program string) error { return g.signal(program, syscall.SIGSTOP) }

// Thaw implements Broken.
func (g *Ground) Thaw(program string) error { return g.signal(program, syscall.SIGCONT) }

func (g *Ground) signal(program string, s syscall.Signal) error {
	if program == "redis" {
		return syscall.Kill(g.in.Redis.PID(), s)
	}
	p, err := g.program(program)
	if err != nil {
		return err
	}
	return syscall.Kill(p.PID(), s)
}

// Flush implements Broken.
func (g *Ground) Flush(ctx context.Context) error {
	_, err := g.in.Redis.Do(ctx, "FLUSHALL")
	return err
}

// MoveOpening implements Broken.
func (g *Ground) MoveOpening(ctx context.Context, by time.Duration) error {
	d := g.Day
	d.Opens = d.Opens.Add(by)
	if err := g.in.SetDay(ctx, d); err != nil {
		return err
	}
	g.Openings = append(g.Openings, d.Opens)
	g.Day = d
	return nil
}

// StepClock implements Broken.
func (g *Ground) StepClock(by time.Duration) error {
	g.times.Step(by)
	return nil
}

// Disturb implements Broken.
func (g *Ground) Disturb(link string, t Trouble) error {
	gate := g.gates[link]
	if gate == nil {
		return fmt.Errorf("no link %q was prepared", link)
	}
	gate.Disturb(t)
	return nil
}

func host(address string) string {
	_, rest, _ := strings.Cut(address, "://")
	return rest
}
