//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"puntuale/internal/clock"
	"puntuale/internal/installation"
	"puntuale/internal/loadfault"
	"puntuale/internal/loadrun"
)

// faultsCmd shows what a scenario would do.
type faultsCmd struct {
	Scenario string `arg:"" help:"Scenario file." type:"existingfile"`
}

// Run checks the file and prints its steps.
func (c *faultsCmd) Run() error {
	s, err := loadfault.Load(c.Scenario)
	if err != nil {
		return err
	}
	fmt.Printf("%s\n%s\n\n", s.Title.IT, s.Title.EN)
	for _, n := range s.Plan() {
		fmt.Fprintf(os.Stdout, "%10s  %-44s %s\n", n.At, n.Text.IT, n.Text.EN)
	}
	return nil
}

// faultFlags choose what is broken during a run.
type faultFlags struct {
	Scenario string `help:"With --own: file with faults to be played during the run." type:"existingfile"`
}

// faults is a scenario with the installation it is played on; nil for none.
type faults struct {
	scenario *loadfault.Scenario
	ground   *loadfault.Ground
}

// prepare puts what the scenario needs between the programs of an installation
// that has not been started yet.
func (f *faultFlags) prepare(in *installation.Installation, clk clock.Clock) (*faults, error) {
	if f.Scenario == "" {
		return nil, nil
	}
	s, err := loadfault.Load(f.Scenario)
	if err != nil {
		return nil, err
	}
	g, err := loadfault.Prepare(in, s, clk)
	if err != nil {
		return nil, err
	}
	return &faults{s, g}, nil
}

// intake is where senders go.
func (f *faults) intake(in *installation.Installation) string {
	if f == nil {
		return in.IntakeURL
	}
	return f.ground.IntakeURL()
}

// published tells of the click day as it stands.
func (f *faults) published(day installation.Day) {
	if f != nil {
		f.ground.Day = day
	}
}

// starvedMax is the share of requests that may wait for a connection of ours. While
// faults are played there may be none to be had, and that is not the
// generator's fault.
func (r *run) starvedMax() float64 {
	if r.Scenario != "" {
		return 1
	}
	return r.StarvedMax
}

// begin plays the scenario beside the run. The function returned waits for its
// end, heals what is still broken when the run ends before, and returns what was
// done; a scenario that could not be played is an error.
func (f *faults) begin(ctx context.Context, clk clock.Clock, opening time.Time) func() ([]loadrun.Note, error) {
	if f == nil {
		return func() ([]loadrun.Note, error) { return nil, nil }
	}
	var notes []loadrun.Note
	played := make(chan error, 1)
	go func() {
		played <- f.scenario.Play(ctx, f.ground, clk, opening, func(n loadrun.Note) {
			notes = append(notes, n)
			say("\n%8.3f s  %s / %s", n.At.Seconds(), n.Text.IT, n.Text.EN)
		})
	}()
	return func() ([]loadrun.Note, error) {
		err := <-played
		return notes, err
	}
}

// close takes the links away again; err is that of closing the installation.
func (f *faults) close(err error) error {
	if f == nil {
		return err
	}
	return errors.Join(err, f.ground.Close())
}
