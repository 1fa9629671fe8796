//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"puntuale/internal/loadreport"
	"puntuale/internal/profile"
	"puntuale/internal/recording"
)

// profileFlags choose the traffic.
type profileFlags struct {
	Profile string        `default:"P3" help:"P1, P2, P3, or a file ending in .json or .recording."`
	Scale   float64       `default:"0.05" help:"Share of the full size, above 0."`
	Until   time.Duration `default:"5m" help:"Cut the curve off here, counted from the opening."`
	Seed    uint64        `default:"1" help:"The same seed gives the same plan."`
}

func (f *profileFlags) load() (*profile.Profile, *profile.Plan, error) {
	if f.Scale <= 0 || f.Scale > 100 {
		return nil, nil, fmt.Errorf("scale: %g: want above 0, at most 100", f.Scale)
	}
	if f.Until <= 0 {
		return nil, nil, fmt.Errorf("until: %s: want above 0", f.Until)
	}
	p, plan, err := f.traffic()
	if err != nil {
		return nil, nil, err
	}
	if len(plan.Requests) == 0 {
		return nil, nil, fmt.Errorf("scale: %g of profile %s is not one request", f.Scale, p.Name)
	}
	return p, plan, nil
}

// traffic is that of a profile or of a recording.
func (f *profileFlags) traffic() (*profile.Profile, *profile.Plan, error) {
	if filepath.Ext(f.Profile) == recording.Suffix {
		return f.recorded()
	}
	p, err := profile.Load(f.Profile)
	if err != nil {
		return nil, nil, err
	}
	return p, p.Plan(profile.Options{Scale: f.Scale, Until: f.Until, Seed: f.Seed}), nil
}

// planCmd tells what would be sent.
type planCmd struct {
	profileFlags
	All bool `help:"Every second, not only the first minute and then one of ten."`
}

// Run prints the plan.
func (c *planCmd) Run() error {
	p, plan, err := c.load()
	if err != nil {
		return err
	}
	return loadreport.WritePlan(os.Stdout, p, c.Scale, plan.Summarise(), c.All)
}
