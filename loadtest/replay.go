//go:build linux

package main

import (
	"context"
	"fmt"
	"path/filepath"

	"puntuale/internal/clock"
	"puntuale/internal/profile"
	"puntuale/internal/recording"
)

// replayCmd plays a recording; all else is as with run.
type replayCmd struct {
	File string `arg:"" help:"Recording, as loadtest record writes it." type:"existingfile"`
	runCmd
}

// Run plays it.
func (c *replayCmd) Run(ctx context.Context, clk clock.Clock) error {
	if filepath.Ext(c.File) != recording.Suffix {
		return fmt.Errorf("%s: want a name that ends in %s", c.File, recording.Suffix)
	}
	c.Profile = c.File
	return c.runCmd.Run(ctx, clk)
}

// recorded reads a recording in place of a profile.
func (f *profileFlags) recorded() (*profile.Profile, *profile.Plan, error) {
	r, err := recording.Open(f.Profile)
	if err != nil {
		return nil, nil, err
	}
	return r.Profile(), r.Plan(profile.Options{Scale: f.Scale, Until: f.Until, Seed: f.Seed}), nil
}
