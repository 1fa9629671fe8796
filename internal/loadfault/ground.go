package loadfault

import (
	"context"
	"errors"
	"fmt"
	"net/url"
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
	in     *installation.Installation
	links  map[string]*Link
	relays []func() // ends of them
	times  *Times
	// Day is the click day as it is published; MoveOpening changes it.
	Day installation.Day
	// Openings are those that were published for it so far, in order.
	Openings []time.Time
}

// Prepare puts the links and time servers that a scenario needs in place: the
// programs are told of them before they start.
func Prepare(in *installation.Installation, s *Scenario, clk clock.Clock) (g *Ground, err error) {
	g = &Ground{in: in, links: map[string]*Link{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, g.Close())
		}
	}()
	if s.Needs("clients") {
		if _, err := g.link("clients", host(in.IntakeURL)); err != nil {
			return g, err
		}
	}
	if s.Needs("redis") {
		if err := g.redis(); err != nil {
			return g, err
		}
	}
	if s.Needs("postgres") {
		if err := g.postgres(); err != nil {
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

func (g *Ground) link(name, target string) (*Link, error) {
	l, err := NewLink(name, target)
	if err == nil {
		g.links[name] = l
	}
	return l, err
}

// relayed makes a link to a Unix socket.
func (g *Ground) relayed(name, socket string) (*Link, error) {
	addr, end, err := devstack.Relay(socket)
	if err != nil {
		return nil, err
	}
	g.relays = append(g.relays, end)
	return g.link(name, addr)
}

// redis leads the programs to Redis over a link.
func (g *Ground) redis() error {
	socket, ok := strings.CutPrefix(g.in.RedisURL, "unix://")
	if !ok {
		return errors.New("loadfault: the link to Redis is disturbed only where it is the installation's own")
	}
	l, err := g.relayed("redis", socket)
	if err == nil {
		g.environment("REDIS_URL=", "redis://"+l.Addr())
	}
	return err
}

// postgres does the same.
func (g *Ground) postgres() error {
	u, err := url.Parse(g.in.DatabaseURL)
	if err != nil || u.Query().Get("host") == "" {
		return errors.New("loadfault: the link to PostgreSQL is disturbed only where it is the installation's own")
	}
	q := u.Query()
	name := ".s.PGSQL.5432"
	if port := u.Port(); port != "" {
		name = ".s.PGSQL." + port
	}
	l, err := g.relayed("postgres", filepath.Join(q.Get("host"), name))
	if err != nil {
		return err
	}
	q.Set("host", "127.0.0.1")
	q.Set("port", l.Port())
	q.Set("sslmode", "disable")
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

// IntakeURL is where senders go: over the link if there is one.
func (g *Ground) IntakeURL() string {
	if l := g.links["clients"]; l != nil {
		return "https://" + l.Addr()
	}
	return g.in.IntakeURL
}

// Close ends the links and time servers.
func (g *Ground) Close() error {
	var err error
	for _, l := range g.links {
		err = errors.Join(err, l.Close())
	}
	for _, end := range g.relays {
		end()
	}
	if g.times != nil {
		g.times.Close()
	}
	return err
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
	switch program {
	case "redis":
		return g.in.Redis.Kill()
	case "postgres":
		return g.in.Postgres.Kill()
	}
	p, err := g.program(program)
	if err != nil {
		return err
	}
	return p.Kill()
}

// Start implements Broken.
func (g *Ground) Start(ctx context.Context, program string) error {
	switch program {
	case "redis":
		return g.in.Redis.Restart(ctx)
	case "postgres":
		return g.in.Postgres.Restart(ctx)
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
	switch program {
	case "redis":
		return syscall.Kill(g.in.Redis.PID(), s)
	case "postgres":
		return g.in.Postgres.Signal(s)
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
	l, err := g.prepared(link)
	if err != nil {
		return err
	}
	return l.Disturb(t)
}

// Heal implements Broken.
func (g *Ground) Heal(link string, t Trouble) error {
	l, err := g.prepared(link)
	if err != nil {
		return err
	}
	return l.Heal(t)
}

func (g *Ground) prepared(link string) (*Link, error) {
	l := g.links[link]
	if l == nil {
		return nil, fmt.Errorf("no link %q was prepared", link)
	}
	return l, nil
}

func host(address string) string {
	_, rest, _ := strings.Cut(address, "://")
	return rest
}
