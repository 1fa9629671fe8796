//go:build linux

// Command loadtest replays the peak of a click day, judges what came of it and
// shows it; see docs/loadtest.md.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/alecthomas/kong"

	"puntuale/internal/clock"
	"puntuale/internal/daemon"
)

// cli is every subcommand; each has a file of its own.
type cli struct {
	Run        runCmd        `cmd:"" help:"Play a profile against an installation, judge it and write the report."`
	Plan       planCmd       `cmd:"" help:"Print what a profile offers per second, and send nothing."`
	Verify     verifyCmd     `cmd:"" help:"Judge a run directory again."`
	Report     reportCmd     `cmd:"" help:"Write the report of a run directory anew."`
	Compare    compareCmd    `cmd:"" help:"Compare two runs, figure by figure."`
	Size       sizeCmd       `cmd:"" help:"Nodes, cores, memory and bandwidth for so many applications in so many seconds."`
	Faults     faultsCmd     `cmd:"" help:"Show what a scenario of faults would do."`
	Record     recordCmd     `cmd:"" help:"Record a real click day from the journals, pseudonymised."`
	Replay     replayCmd     `cmd:"" help:"Play a recording, as run does with a profile."`
	Controller controllerCmd `cmd:"" help:"As run, with several generators: wait for agents and share the plan out among them."`
	Agent      agentCmd      `cmd:"" help:"Be one of several generators, as a controller says."`
	TeamKey    teamKeyCmd    `cmd:"" help:"Draw the key that controller and agents have in common."`
	Consent    consentCmd    `cmd:"" help:"As the operator: sign that an address may be loaded until some time."`
	Bench      benchCmd      `cmd:"" help:"Measure the load tester itself, on this machine."`
	Answer     answerCmd     `cmd:"" hidden:"" help:"Be a server that only answers."`
	Blast      blastCmd      `cmd:"" hidden:"" help:"Be one generator of a measurement."`
}

func main() {
	runtime.GOMAXPROCS(runtime.NumCPU() + 2) // threads that send must not wait for those that write reports
	self, err := os.Executable()
	if err != nil {
		fmt.Fprintln(os.Stderr, "loadtest:", err)
		os.Exit(1)
	}
	var c cli
	k := kong.Parse(&c, kong.Name("loadtest"), kong.UsageOnError(),
		kong.Description("Replays the peak of a click day, judges what came of it and shows it."),
		kong.Vars{"bin": filepath.Dir(self)}, kong.DefaultEnvars("PUNTUALE"))
	ctx, stop := daemon.Context()
	defer stop()
	k.BindTo(ctx, (*context.Context)(nil))
	k.BindTo(clock.System{}, (*clock.Clock)(nil))
	k.FatalIfErrorf(k.Run())
}
