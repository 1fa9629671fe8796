//go:build linux

// Command bench measures the intake: "intake" against its targets and its peers,
// and crash experiments. docs/performance.md tells what the figures mean. The
// other commands are servers that the measurement starts for itself.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/alecthomas/kong"

	"puntuale/internal/bench/okserver"
	"puntuale/internal/daemon"
)

type cli struct {
	One oneCmd `cmd:"" help:"Measure one server once, for profiling."`
	OK  okCmd  `cmd:"" name:"ok" help:"Be the server that only answers ok."`
}

func main() {
	k := kong.Parse(new(cli), kong.Name("bench"), kong.DefaultEnvars("PUNTUALE_BENCH"),
		kong.Description("Measurements of an intake node on this machine. Nothing but loopback is loaded."))
	ctx, stop := daemon.Context()
	defer stop()
	k.BindTo(ctx, (*context.Context)(nil))
	if err := k.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// okCmd is the peer that does nothing.
type okCmd struct {
	Listen string `required:"" help:"Loopback address to listen on."`
}

// Run answers until it is told to end.
func (c *okCmd) Run(ctx context.Context) error { return okserver.Serve(ctx, c.Listen) }
