//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"puntuale/internal/clock"
	"puntuale/internal/keys"
	"puntuale/internal/loadgen"
	"puntuale/internal/loadreport"
)

// reportCmd writes report.html and report.json.
type reportCmd struct {
	Dir string `arg:"" help:"Run directory." type:"existingdir"`
}

// Run analyses the directory again.
func (c *reportCmd) Run() error {
	r, err := loadreport.Analyse(c.Dir)
	if err != nil {
		return err
	}
	if err := r.Write(c.Dir); err != nil {
		return err
	}
	fmt.Println(filepath.Join(c.Dir, "report.html"))
	return nil
}

// compareCmd puts two runs side by side.
type compareCmd struct {
	A string `arg:"" help:"Run directory." type:"existingdir"`
	B string `arg:"" help:"Run directory." type:"existingdir"`

	Out string `help:"Page to write; compare.html in the directory of B if empty." type:"path"`
}

// Run prints the differences and writes the page.
func (c *compareCmd) Run() error {
	a, err := loadreport.Open(c.A)
	if err != nil {
		return err
	}
	b, err := loadreport.Open(c.B)
	if err != nil {
		return err
	}
	if err := loadreport.Compare(os.Stdout, a, b); err != nil {
		return err
	}
	page, err := loadreport.CompareHTML(a, b)
	if err != nil {
		return err
	}
	if c.Out == "" {
		c.Out = filepath.Join(c.B, "compare.html")
	}
	if err := os.WriteFile(c.Out, page, 0o644); err != nil {
		return err
	}
	fmt.Println(c.Out)
	return nil
}

// consentCmd signs a consent.
type consentCmd struct {
	Target string        `required:"" help:"host:port that may be loaded."`
	For    time.Duration `default:"24h" help:"How long from now."`
	Key    string        `required:"" help:"Private key of the operator: calendar.key of the installation." type:"existingfile"`
}

// Run prints the consent.
func (c *consentCmd) Run(_ context.Context, clk clock.Clock) error {
	key, err := keys.ReadPrivate(c.Key)
	if err != nil {
		return fmt.Errorf("key: %w", err)
	}
	_, err = os.Stdout.Write(loadgen.Consent(c.Target, clk.Now().Add(c.For), key))
	return err
}
