package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"puntuale/internal/demo"
	"puntuale/internal/installation"
)

// bin is the directory of the programs, built once with the race detector.
var bin string

func TestMain(m *testing.M) {
	code, err := buildAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func buildAndRun(m *testing.M) (code int, err error) {
	if bin, err = os.MkdirTemp("", "puntuale-bin-"); err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(bin)) }()
	build := exec.Command("go", "build", "-race", "-tags", "headless", "-o", bin+"/",
		"puntuale/cmd/portal", "puntuale/cmd/intake", "puntuale/cmd/miniclient", "puntuale/cmd/demo")
	if out, err := build.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("build: %w\n%s", err, out)
	}
	return m.Run(), nil
}

// newInstallation starts everything; it ends with the test, and a failed test
// shows the ends of the logs.
func newInstallation(t *testing.T) *installation.Installation {
	t.Helper()
	dir := t.TempDir()
	in, err := installation.Open(t.Context(), installation.Config{Bin: bin, Dir: dir, Disposable: true, Output: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := in.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			for _, p := range []string{"portal", "intake", "worker"} {
				b, err := os.ReadFile(filepath.Join(dir, "logs", p+".log"))
				t.Logf("--- %s (%v)\n%s", p, err, b[max(0, len(b)-6000):])
			}
		}
	})
	if err := in.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return in
}

// publish sets up a click day that opens after the given time and returns it.
func publish(t *testing.T, in *installation.Installation, opensIn time.Duration) installation.Day {
	t.Helper()
	day := installation.Day{
		ID: 7, Code: "TEST-1", TitleIT: "Click day di prova", TitleEN: "Test click day",
		Opens: time.Now().Add(opensIn), Closes: time.Now().Add(opensIn + time.Hour),
	}
	if err := in.SetDay(t.Context(), day); err != nil {
		t.Fatal(err)
	}
	return day
}

// client is a mini-client with a directory of its own, paired by the person's
// stand-in.
type client struct {
	t    *testing.T
	dir  string
	env  []string
	base []string
}

func newClient(t *testing.T, email string) *client {
	t.Helper()
	dir := t.TempDir()
	browser := filepath.Join(dir, "browser")
	script := fmt.Sprintf("#!/bin/sh\nexec '%s/demo' browse --email '%s' --password '%s' \"$1\"\n", bin, email, demo.Password)
	if err := os.WriteFile(browser, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	store := filepath.Join(dir, "store")
	return &client{
		t: t, dir: store, base: []string{"--dir", store},
		env: append(os.Environ(), "BROWSER="+browser, "PUNTUALE_PASSPHRASE="+demo.Password),
	}
}

// command prepares one subcommand.
func (c *client) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "miniclient"), append(append([]string(nil), c.base...), args...)...)
	cmd.Env = c.env
	return cmd
}

// run runs one subcommand, which must succeed, and returns its standard output.
func (c *client) run(args ...string) []byte {
	c.t.Helper()
	cmd := c.command(c.t.Context(), args...)
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			c.t.Fatalf("miniclient %v: %v\n%s\n%s", args, err, out, exit.Stderr)
		}
		c.t.Fatalf("miniclient %v: %v", args, err)
	}
	return out
}

// eventually polls until ok says yes; a real process is on the other side.
func eventually(t *testing.T, within time.Duration, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(within)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", within, what)
		}
		<-tick.C
	}
}
