//go:build linux

package main

import (
	"context"
	"errors"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"golang.org/x/sync/errgroup"

	"puntuale/internal/clock"
	"puntuale/internal/loadrun"
	"puntuale/internal/loadteam"
)

// programs builds what an own installation runs, with the race detector.
func programs(t *testing.T) string {
	t.Helper()
	bin := t.TempDir()
	build := exec.Command("go", "build", "-race", "-tags", "headless", "-o", bin+"/", "puntuale/cmd/portal", "puntuale/cmd/intake")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return bin
}

// play runs the command as a person would and returns the directory. The bounds
// of the generator are wide: the machine has other things to do.
func play(t *testing.T, bin string, args ...string) string {
	t.Helper()
	return command(t, bin, "run", args...)
}

// command does the same for the subcommands that are runs.
func command(t *testing.T, bin, name string, args ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	var c cli
	k, err := kong.New(&c, kong.Vars{"bin": bin})
	if err != nil {
		t.Fatal(err)
	}
	kctx, err := k.Parse(append([]string{name, "--own", "--bin", bin, "--dir", dir, "--profile", "P3", "--until", "8s", "--lead", "5s",
		"--lateness-max", "10m", "--starved-max", "1", "--patience", "90s", "--settle", "4m"}, args...))
	if err != nil {
		t.Fatal(err)
	}
	kctx.BindTo(t.Context(), (*context.Context)(nil))
	kctx.BindTo(clock.System{}, (*clock.Clock)(nil))
	if err := kctx.Run(); err != nil {
		t.Errorf("the run ends with %v", err)
	}
	return dir
}

// aTeam lets two agents play one plan, which is judged as if there were one.
func aTeam(t *testing.T, bin string) {
	key := filepath.Join(t.TempDir(), "team.key")
	if err := loadteam.WriteKey(key); err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := ln.Addr().String()
	ln.Close() // the controller listens there in a moment
	var agents errgroup.Group
	for range 2 {
		c := agentCmd{Controller: at, TeamKey: key, Dir: t.TempDir()}
		agents.Go(func() error {
			tick := time.NewTicker(100 * time.Millisecond)
			defer tick.Stop()
			for { // until the controller is there
				err := c.Run(t.Context(), clock.System{})
				if !errors.Is(err, syscall.ECONNREFUSED) {
					return err
				}
				<-tick.C
			}
		})
	}
	m := holds(t, command(t, bin, "controller", "--agents", "2", "--listen", at, "--team-key", key, "--scale", "0.001"))
	if err := agents.Wait(); err != nil {
		t.Error(err)
	}
	if m.Bounds.Skew <= 0 || m.Bounds.Skew > 2*loadteam.BoundMax {
		t.Errorf("skew %s", m.Bounds.Skew)
	}
}

// holds checks that every invariant was really looked at and holds.
func holds(t *testing.T, dir string) *loadrun.Manifest {
	t.Helper()
	v, err := loadrun.ReadVerdict(dir)
	if err != nil || v == nil || v.Outcome != loadrun.Pass {
		t.Errorf("verdict %+v, %v", v, err)
	}
	if v != nil {
		for _, c := range v.Checks {
			if c.Outcome != loadrun.Pass || strings.HasPrefix(c.ID, "I") && c.ID != "I2" && c.Looked == 0 {
				t.Errorf("%s %s, looked at %d: %s %q", c.ID, c.Outcome, c.Looked, c.Found.EN, c.Details)
			}
		}
	}
	m, err := loadrun.ReadManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestAPeakOnAnInstallationOfOnesOwnHolds is a few hundred requests: without
// faults, while intake, Redis and worker are killed, while PostgreSQL dies and
// the opening moves, and from two generators.
func TestAPeakOnAnInstallationOfOnesOwnHolds(t *testing.T) {
	bin := programs(t)
	t.Run("quiet", func(t *testing.T) {
		holds(t, play(t, bin, "--scale", "0.002"))
	})
	t.Run("faults", func(t *testing.T) {
		m := holds(t, play(t, bin, "--scale", "0.003", "--scenario", "scenarios/kill-intake-redis.json"))
		if len(m.Notes) != 7 {
			t.Errorf("%d faults were played, want 7: %+v", len(m.Notes), m.Notes)
		}
	})
	t.Run("moved", func(t *testing.T) {
		m := holds(t, play(t, bin, "--scale", "0.003", "--scenario", "testdata/short.json"))
		if len(m.Openings) != 3 {
			t.Errorf("the nodes went by %d openings, want 3: %+v", len(m.Openings), m.Openings)
		}
		if len(m.Counts.Models) < 8 {
			t.Errorf("%d models were sent", len(m.Counts.Models))
		}
	})
	t.Run("team", func(t *testing.T) { aTeam(t, bin) })
}
