// Command miniclient is what applicants install: it pairs this computer with
// their account, fetches the sealed applications, sends them at the opening of
// the click day and collects outcomes and receipts. Without a subcommand it
// opens its window; the build tag headless leaves the window out.
// docs/miniclient.md is its page.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	_ "time/tzdata" // Windows has no time zones of its own

	"puntuale/internal/client/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	code := cli.Run(ctx, os.Args[1:], cli.Terminal{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, window)
	stop()
	os.Exit(code)
}
