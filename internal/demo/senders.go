package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// sender is the mini-client of one person: the real program, with a directory of
// its own.
type sender struct {
	Person
	program string
	dir     string
	env     []string
}

func (d *demo) senders() ([]sender, error) {
	var out []sender
	for _, p := range People() {
		s := sender{Person: p, program: filepath.Join(d.Bin, "miniclient"), dir: filepath.Join(d.Dir, "clients", p.Key)}
		if err := os.MkdirAll(s.dir, 0o700); err != nil {
			return nil, fmt.Errorf("demo: %w", err)
		}
		browser, err := d.browserFor(p)
		if err != nil {
			return nil, err
		}
		// A demo has nobody to type a passphrase; the key file is for this demo only.
		s.env = append(os.Environ(), "BROWSER="+browser, "PUNTUALE_PASSPHRASE="+Password)
		out = append(out, s)
	}
	return out, nil
}

// browserFor writes the small program that stands in for the person's browser.
func (d *demo) browserFor(p Person) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("demo: %w", err)
	}
	path, err := filepath.Abs(filepath.Join(d.Dir, "clients", p.Key+"-browser"))
	if err != nil {
		return "", fmt.Errorf("demo: %w", err)
	}
	script := fmt.Sprintf("#!/bin/sh\nexec '%s' browse --email '%s' --password '%s' \"$1\"\n", self, p.Email, Password)
	if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
		return "", fmt.Errorf("demo: %w", err)
	}
	return path, nil
}

// run runs one subcommand of the mini-client to its end.
func (s *sender) run(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, s.program, append([]string{"--dir", s.dir}, args...)...)
	cmd.Env = s.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("miniclient %s (%s): %w\n%s", args[0], s.Email, err, out)
	}
	return nil
}

// output runs one subcommand and returns what it prints.
func (s *sender) output(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, s.program, append([]string{"--dir", s.dir}, args...)...)
	cmd.Env = s.env
	return cmd.Output()
}

// send pairs, syncs and arms every mini-client, and waits until all have sent.
func (d *demo) send(ctx context.Context) error {
	senders, err := d.senders()
	if err != nil {
		return err
	}
	for i := range senders {
		s := &senders[i]
		if err := s.run(ctx, "pair", "--portal", d.place.PortalURL, "--name", "demo "+s.Key); err != nil {
			return err
		}
		if err := s.run(ctx, "sync"); err != nil {
			return err
		}
		d.say("Mini-client di %s: collegato e sincronizzato. / paired and synced.", s.Email)
	}
	d.say("I mini-client aspettano l’apertura… / The mini-clients wait for the opening…")
	err = each(senders, func(s *sender) error { return s.run(ctx, "send", "--day", d.dayCode) })
	if err == nil {
		d.say("Tutte le domande sono state inviate e riscontrate. / All applications sent and acknowledged.")
	}
	return err
}

// receipts waits for every receipt and saves it where a person finds it.
func (d *demo) receipts(ctx context.Context) error {
	senders, err := d.senders()
	if err != nil {
		return err
	}
	err = each(senders, func(s *sender) error {
		return s.run(ctx, "receipts", "--out", filepath.Join(d.receiptDir(), s.Key), "--wait", receiptsWithin.String())
	})
	if err != nil {
		return err
	}
	found, err := filepath.Glob(filepath.Join(d.receiptDir(), "*", "*"+d.dayCode+"*.pdf"))
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	d.say("%d ricevute / receipts:\n  %s", len(found), strings.Join(found, "\n  "))
	return nil
}

// each does f for all senders at once and returns all that went wrong.
func each(senders []sender, f func(*sender) error) error {
	errs := make([]error, len(senders))
	var wg sync.WaitGroup
	for i := range senders {
		wg.Go(func() { errs[i] = f(&senders[i]) })
	}
	wg.Wait()
	return errors.Join(errs...)
}
