//go:build linux

// Command bench measures: "intake" the intake against its targets and its peers,
// "register" what follows the acknowledgement, and crash experiments. docs/performance.md tells what the figures mean. The
// other commands are servers that the measurement starts for itself.
package main

import (
	"context"

	"github.com/alecthomas/kong"

	"puntuale/internal/bench/okserver"
	"puntuale/internal/daemon"
)

type cli struct {
	Powercut PowerCutCmd `cmd:"" help:"Submissions lost over power cuts, failing disks and full disks (needs root and loop devices)."`
	Kill     KillCmd     `cmd:"" help:"Submissions lost over SIGKILLs, and how soon the intake is back."`
	Restart  RestartCmd  `cmd:"" help:"How soon an intake with a long journal is back."`

	Intake    intakeCmd    `cmd:"" help:"Measure the intake side by side with its peers."`
	Register  registerCmd  `cmd:"" help:"Measure numbers, ledger, receipts and verification."`
	Client    clientCmd    `cmd:"" help:"Measure the mini-client: early, late, many at once, sizes, kills."`
	Portal    portalCmd    `cmd:"" help:"Measure the portal: pages, search, sync, import, with a million archived applications."`
	Generator generatorCmd `cmd:"" help:"Hold our generator of load against wrk, on the same servers."`
	One       oneCmd       `cmd:"" help:"Measure one server once, for profiling."`
	OK        okCmd        `cmd:"" name:"ok" help:"Be the server that only answers ok."`
	Measured  measuredCmd  `cmd:"" hidden:"" help:"Run a program and print its seconds and its greatest resident size."`
	Shot      shotCmd      `cmd:"" hidden:"" help:"Fire once: job on stdin, outcome on stdout."`
	Burn      burnCmd      `cmd:"" hidden:"" help:"Keep one processor busy."`
}

func main() {
	k := kong.Parse(new(cli), kong.Name("bench"), kong.DefaultEnvars("PUNTUALE_BENCH"),
		kong.Description("Measurements of an intake node on this machine. Nothing but loopback is loaded."))
	ctx, stop := daemon.Context()
	defer stop()
	k.BindTo(ctx, (*context.Context)(nil))
	k.FatalIfErrorf(k.Run()) // errors with an ExitCode end the program with it
}

// okCmd is the peer that does nothing.
type okCmd struct {
	Listen string `required:"" help:"Loopback address to listen on."`
}

// Run answers until it is told to end.
func (c *okCmd) Run(ctx context.Context) error { return okserver.Serve(ctx, c.Listen) }
