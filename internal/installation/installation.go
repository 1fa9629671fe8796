// Package installation runs a whole installation on this machine: private
// PostgreSQL and Redis, and our own programs as processes, as an operator would
// start them, with the flags that docs/ describes. The demo and the end-to-end
// tests stand on it; it knows the programs only by their command lines.
package installation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"puntuale/internal/devstack"
)

const (
	readyTimeout = 60 * time.Second
	pollEvery    = 50 * time.Millisecond
)

// Config says where things are.
type Config struct {
	Bin string // directory of the programs portal, intake, miniclient
	Dir string // state: servers, keys, journal, logs
	// DatabaseURL and RedisURL name servers of the user's own; empty means
	// private ones below Dir.
	DatabaseURL, RedisURL string
	// Disposable keeps the private database in a temporary directory without
	// fsync, for tests that are not about the database's disk.
	Disposable bool
	// PortalPort is tried first for the portal; 0 takes any free one.
	PortalPort int
	// SMTP is a mail server on this machine for notices, host:port without
	// protection; empty for none. MailDir is where it keeps mails, for the
	// portal to show at /dev/mail; empty for not at all.
	SMTP, MailDir string
	Output        io.Writer // what the set-up commands print
}

// Installation is a set of running servers and programs.
type Installation struct {
	Postgres *devstack.Postgres // nil when it is the user's own
	Redis    *devstack.Redis    // likewise
	Portal   *devstack.Program
	Intake   *devstack.Program
	Worker   *devstack.Program

	DatabaseURL, RedisURL          string
	PortalURL, IntakeURL, AdminURL string
	WarmURL                        string // ticketed address of the intake

	cfg Config
}

// Open starts the servers, migrates, makes the keys that are missing and tells
// the portal of its intake node. Close it even after an error from Start.
func Open(ctx context.Context, cfg Config) (*Installation, error) {
	for _, d := range []string{cfg.Dir, filepath.Join(cfg.Dir, "logs")} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return nil, fmt.Errorf("installation: %w", err)
		}
	}
	in := &Installation{cfg: cfg, DatabaseURL: cfg.DatabaseURL, RedisURL: cfg.RedisURL}
	err := in.openServers(ctx)
	if err == nil {
		err = in.choosePorts()
	}
	if err == nil {
		in.define()
		err = in.prepare(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, in.Close())
	}
	return in, nil
}

func (in *Installation) openServers(ctx context.Context) error {
	var err error
	if in.DatabaseURL == "" {
		opts := devstack.Options{Dir: filepath.Join(in.cfg.Dir, "postgres")}
		if in.cfg.Disposable {
			opts.Dir = ""
		}
		if in.Postgres, err = devstack.StartPostgres(ctx, opts); err != nil {
			return err
		}
		in.DatabaseURL = in.Postgres.URL
	}
	if in.RedisURL == "" {
		if in.Redis, err = devstack.StartRedis(ctx, devstack.Options{Dir: filepath.Join(in.cfg.Dir, "redis")}); err != nil {
			return err
		}
		in.RedisURL = in.Redis.URL
	}
	return nil
}

// choosePorts takes ports once, so that a program killed and started again is
// found where it was.
func (in *Installation) choosePorts() error {
	portal, err := freeAddress(in.cfg.PortalPort)
	if err != nil {
		return err
	}
	intake, err := freeAddress(0)
	if err != nil {
		return err
	}
	admin, err := freeAddress(0)
	if err != nil {
		return err
	}
	warm, err := freeAddress(0)
	if err != nil {
		return err
	}
	in.WarmURL = "https://" + warm
	in.PortalURL, in.IntakeURL, in.AdminURL = "http://"+portal, "https://"+intake, "http://"+admin
	return nil
}

// freeAddress returns a loopback address that nobody listens on just now.
func freeAddress(preferred int) (string, error) {
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", preferred))
	if err != nil && preferred != 0 {
		return freeAddress(0)
	}
	if err != nil {
		return "", fmt.Errorf("installation: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}

func (in *Installation) define() {
	program := func(name, binary string, args ...string) *devstack.Program {
		return &devstack.Program{
			Name: name, Path: filepath.Join(in.cfg.Bin, binary), Args: args,
			Env: in.env(), Log: filepath.Join(in.cfg.Dir, "logs", name+".log"),
		}
	}
	in.Portal = program("portal", "portal", "serve", "--listen", host(in.PortalURL), "--rest-before", "0s", "--rest-after", "0s",
		"--public-url", in.PortalURL, "--keys", in.keys())
	in.Intake = program("intake", "intake", "serve", "--listen", host(in.IntakeURL), "--admin-listen", host(in.AdminURL),
		"--warm-listen", host(in.WarmURL),
		"--node", "1", "--data", filepath.Join(in.cfg.Dir, "intake-1"), "--keys", in.keys(),
		"--tls-cert", filepath.Join(in.keys(), "tls.crt"), "--tls-key", filepath.Join(in.keys(), "tls.key"),
		"--calendar-url", in.PortalURL+"/api/v1/calendar")
	in.Worker = program("worker", "intake", "work", "--keys", in.keys(), "--verify-url", in.PortalURL+"/verify")
	in.Worker.Args = append(in.Worker.Args, in.workerExtras()...)
	in.Portal.Args = append(in.Portal.Args, in.portalExtras()...)
}

func (in *Installation) env() []string {
	return []string{"DATABASE_URL=" + in.DatabaseURL, "REDIS_URL=" + in.RedisURL}
}

// KeyFile returns the path of a key file, by its name in package keys.
func (in *Installation) KeyFile(name string) string { return filepath.Join(in.keys(), name) }

// JournalDir returns the directory of the intake's journal.
func (in *Installation) JournalDir() string { return filepath.Join(in.cfg.Dir, "intake-1", "journal") }

func (in *Installation) keys() string { return filepath.Join(in.cfg.Dir, "keys") }

func (in *Installation) prepare(ctx context.Context) error {
	steps := [][]string{
		{"migrate"},
		{"keys", "--dir", in.keys(), "--node", "1", "--host", "127.0.0.1"},
		{"node", "set", "--id", "1", "--url", in.IntakeURL, "--warm-url", in.WarmURL,
			"--public-key", filepath.Join(in.keys(), "node-1.pub"), "--ca", filepath.Join(in.keys(), "ca.crt")},
	}
	for _, args := range steps {
		if err := in.Run(ctx, "portal", args...); err != nil {
			return err
		}
	}
	return nil
}

// Run runs one of our programs to its end, with the addresses of the servers in
// its environment.
func (in *Installation) Run(ctx context.Context, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(in.cfg.Bin, program), args...)
	cmd.Env = append(os.Environ(), in.env()...)
	cmd.Stdout = in.cfg.Output
	stderr := new(limited)
	cmd.Stderr = stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %v: %w\n%s", program, args[:min(2, len(args))], err, stderr.text)
	}
	return nil
}

// Start starts intake, portal and worker and waits until each answers.
func (in *Installation) Start(ctx context.Context) error {
	for _, p := range []*devstack.Program{in.Intake, in.Portal, in.Worker} {
		if err := p.Start(); err != nil {
			return err
		}
	}
	return errors.Join(in.AwaitPortal(ctx), in.AwaitIntake(ctx))
}

// AwaitPortal waits until the portal answers.
func (in *Installation) AwaitPortal(ctx context.Context) error {
	return await(ctx, in.Portal, in.PortalURL+"/healthz")
}

// AwaitIntake waits until the intake is alive.
func (in *Installation) AwaitIntake(ctx context.Context) error {
	return await(ctx, in.Intake, in.AdminURL+"/healthz")
}

func await(ctx context.Context, p *devstack.Program, url string) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for !answers(ctx, url) {
		select {
		case <-p.Done():
			return fmt.Errorf("installation: %s ended at its start:\n%s", p.Name, p.Tail())
		case <-ctx.Done():
			return fmt.Errorf("installation: %s does not answer at %s:\n%s", p.Name, url, p.Tail())
		case <-tick.C:
		}
	}
	return nil
}

func answers(ctx context.Context, url string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	res.Body.Close()
	return res.StatusCode/100 == 2
}

// Close stops everything in order: first what takes in, last what keeps.
func (in *Installation) Close() error {
	var err error
	for _, p := range []*devstack.Program{in.Intake, in.Portal, in.Worker} {
		if p != nil {
			err = errors.Join(err, p.Stop())
		}
	}
	if in.Redis != nil {
		err = errors.Join(err, in.Redis.Stop())
	}
	if in.Postgres != nil {
		err = errors.Join(err, in.Postgres.Stop())
	}
	return err
}
