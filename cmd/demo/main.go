// Command demo runs a whole click day on this machine; see `make demo`.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/alecthomas/kong"
)

func main() {
	self, err := os.Executable()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
	var cli cli
	k := kong.Parse(&cli, kong.Name("demo"), kong.UsageOnError(),
		kong.Description("A whole click day on this machine, with the real programs."),
		kong.Vars{"bin": filepath.Dir(self)})
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	k.BindTo(ctx, (*context.Context)(nil))
	k.FatalIfErrorf(k.Run())
}
