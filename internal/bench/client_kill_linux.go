package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"puntuale/internal/batch"
	"puntuale/internal/clickday"
	"puntuale/internal/client/store"
	"puntuale/internal/clock"
	"puntuale/internal/installation"
	"puntuale/internal/journal"
	"puntuale/internal/keys"
	"puntuale/internal/wire"
)

const (
	killsPerDay  = 10
	killDayApps  = 3
	killOpensIn  = 7 * time.Second
	killSpread   = 1500 * time.Millisecond
	killPassword = "a password for one measurement"
	killEmail    = "patronato@example.it"
	killReceipts = "2m"
)

// Killed is what 100 kills of the mini-client left behind.
type Killed struct {
	Kills, Sends, Receipts int // kills in all, of send, of receipts
	Applications           int
	Lost                   int // without number and receipt at the end
	Doubled                int // applications with more than one submission in the journal
	Numbers                int // that do not run from 1 without a gap
}

// KillClient kills the real mini-client with SIGKILL at random points between
// arming and receipt, starts it again each time, and compares what the client,
// the portal and the journal of the intake say at the end.
func KillClient(ctx context.Context, programs string, kills int, progress io.Writer) (k Killed, err error) {
	dir, err := os.MkdirTemp("", "puntuale-kill-")
	if err != nil {
		return k, fmt.Errorf("bench: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	in, err := installation.Open(ctx, installation.Config{Bin: programs, Dir: dir, Disposable: true, Output: io.Discard})
	if err != nil {
		return k, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	if err := in.Start(ctx); err != nil {
		return k, err
	}
	v, err := newVictim(programs, dir)
	if err != nil {
		return k, err
	}
	for day := 1; k.Kills < kills; day++ {
		if err := v.day(ctx, in, day, min(killsPerDay, kills-k.Kills), &k); err != nil {
			return k, fmt.Errorf("click day %d: %w", day, err)
		}
		fmt.Fprintf(progress, "click day %d: %+v\n", day, k)
	}
	if err := in.Intake.Stop(); err != nil { // its journal is read
		return k, err
	}
	k.Doubled, err = doubled(in)
	return k, err
}

// victim is the mini-client that is killed.
type victim struct {
	program, dir string
	env          []string
	clk          clock.Clock
	random       *rand.Rand
	paired       bool
}

func newVictim(programs, dir string) (*victim, error) {
	abs, err := filepath.Abs(programs)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	browser := filepath.Join(dir, "browser")
	script := fmt.Sprintf("#!/bin/sh\nexec '%s/demo' browse --email '%s' --password '%s' \"$1\"\n", abs, killEmail, killPassword)
	if err := os.WriteFile(browser, []byte(script), 0o755); err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	return &victim{
		program: filepath.Join(abs, "miniclient"), dir: filepath.Join(dir, "client"), clk: clock.System{}, random: rand.New(rand.NewPCG(5, 2026)),
		env: append(os.Environ(), "BROWSER="+browser, "PUNTUALE_PASSPHRASE="+killPassword, "PUNTUALE_KEYSTORE=file"),
	}, nil
}

func (v *victim) command(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, v.program, append([]string{"--dir", v.dir}, args...)...)
	c.Env = v.env
	return c
}

func (v *victim) run(ctx context.Context, args ...string) ([]byte, error) {
	out, err := v.command(ctx, args...).CombinedOutput()
	if err != nil {
		return out, fmt.Errorf("miniclient %s: %w\n%s", args[0], err, out)
	}
	return out, nil
}

// day goes through one click day with that many kills.
func (v *victim) day(ctx context.Context, in *installation.Installation, day, kills int, k *Killed) error {
	code := fmt.Sprintf("KILL-%d", day)
	opens := v.clk.Now().Add(killOpensIn)
	err := in.SetDay(ctx, installation.Day{
		ID: uint32(day), Code: code, TitleIT: "Prova", TitleEN: "Test", Opens: opens, Closes: opens.Add(time.Hour),
	})
	if err == nil {
		err = in.Seed(ctx, code, killPassword, killDayApps)
	}
	if err == nil && !v.paired {
		_, err = v.run(ctx, "pair", "--portal", in.PortalURL, "--name", "victim")
		v.paired = true
	}
	if err == nil {
		_, err = v.run(ctx, "sync")
	}
	if err != nil {
		return err
	}
	folder := filepath.Join(v.dir, "receipts-"+code)
	for range kills {
		if err := v.kill(ctx, code, folder, k); err != nil {
			return err
		}
	}
	if open, err := v.open(ctx, code); err != nil || open {
		if err = errors.Join(err, v.finish(ctx, code)); err != nil {
			return err
		}
	}
	if _, err := v.run(ctx, "receipts", "--out", folder, "--wait", killReceipts); err != nil {
		return err
	}
	return v.judge(ctx, code, k)
}

func (v *victim) finish(ctx context.Context, code string) error {
	_, err := v.run(ctx, "send", "--day", code)
	return err
}

// kill starts what is to be done next and kills it a random while later.
func (v *victim) kill(ctx context.Context, code, folder string, k *Killed) error {
	open, err := v.open(ctx, code)
	if err != nil {
		return err
	}
	args := []string{"send", "--day", code}
	if !open {
		args = []string{"receipts", "--out", folder, "--wait", killReceipts}
	}
	c := v.command(ctx, args...)
	if err := c.Start(); err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	if err := pause(ctx, time.Duration(v.random.Int64N(int64(killSpread)))); err != nil {
		return err
	}
	c.Process.Kill() // it may have ended
	c.Wait()         // killed
	k.Kills++
	if open {
		k.Sends++
	} else {
		k.Receipts++
	}
	return nil
}

// clientDay is one click day of `status --json`.
type clientDay struct {
	Code         string `json:"code"`
	Applications []struct {
		State  store.State `json:"state"`
		Number int64       `json:"number"`
	} `json:"applications"`
}

func (v *victim) status(ctx context.Context, code string, args ...string) (clientDay, error) {
	out, err := v.command(ctx, append([]string{"status", "--json"}, args...)...).Output()
	if err != nil {
		return clientDay{}, fmt.Errorf("miniclient status: %w\n%s", err, out)
	}
	var s struct {
		Days []clientDay `json:"days"`
	}
	if err := json.Unmarshal(out, &s); err != nil {
		return clientDay{}, fmt.Errorf("miniclient status: %w\n%s", err, out)
	}
	for _, d := range s.Days {
		if d.Code == code {
			return d, nil
		}
	}
	return clientDay{}, fmt.Errorf("miniclient status: no click day %s", code)
}

// open reports whether anything of the day still has to be sent.
func (v *victim) open(ctx context.Context, code string) (bool, error) {
	d, err := v.status(ctx, code, "--offline")
	for _, a := range d.Applications {
		if a.State == store.Prepared || a.State == store.Armed || a.State == store.Sending {
			return true, err
		}
	}
	return false, err
}

// judge compares the end of a day with what it has to be.
func (v *victim) judge(ctx context.Context, code string, k *Killed) error {
	d, err := v.status(ctx, code)
	if err != nil {
		return err
	}
	k.Applications += len(d.Applications)
	k.Lost += max(0, killDayApps-len(d.Applications))
	var numbers []int64
	for _, a := range d.Applications {
		if a.State != store.Receipted || a.Number == 0 {
			k.Lost++
		}
		numbers = append(numbers, a.Number)
	}
	slices.Sort(numbers)
	for i, n := range numbers {
		if n != int64(i+1) {
			k.Numbers++
		}
	}
	return nil
}

// doubled counts applications of which the journal holds different submissions.
func doubled(in *installation.Installation) (int, error) {
	public, err := keys.ReadPublic(in.KeyFile(keys.NodePubFile(node)))
	if err != nil {
		return 0, err
	}
	by := map[clickday.ApplicationID]map[clickday.SubmissionID]bool{}
	_, err = journal.Scan(in.JournalDir(), public, func(f *batch.Frame) error {
		for _, r := range f.Records {
			e, err := wire.ParseEnvelope(r.Envelope)
			if err != nil {
				return err
			}
			app := e.Ticket.Application
			if by[app] == nil {
				by[app] = map[clickday.SubmissionID]bool{}
			}
			by[app][wire.IDOf(r.Envelope)] = true
		}
		return nil
	})
	n := 0
	for _, ids := range by {
		n += len(ids) - 1
	}
	return n, err
}

func reportKills(ctx context.Context, p ClientPlan, progress io.Writer) ([]Figure, error) {
	k, err := KillClient(ctx, p.Programs, p.Kills, progress)
	if err != nil {
		return nil, err
	}
	return []Figure{
		plain("client_kills", float64(k.Kills), "kills"),
		plain("client_kills_while_sending", float64(k.Sends), "kills"),
		plain("client_kill_applications", float64(k.Applications), "applications"),
		atMost("client_kill_lost", float64(k.Lost), "applications", 0),
		atMost("client_kill_sent_twice_with_effect", float64(k.Doubled+k.Numbers), "applications", 0),
	}, nil
}
