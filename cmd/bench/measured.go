//go:build linux

package main

import (
	"context"
	"os"

	"puntuale/internal/bench"
)

// measuredCmd is a small parent for one program: the kernel counts the memory of
// the process that starts another one as if it were the other's, so a large one
// cannot measure it.
type measuredCmd struct {
	Command []string `arg:"" passthrough:"" help:"Program and arguments."`
}

// Run runs it and prints seconds and bytes behind what it prints.
func (c *measuredCmd) Run(ctx context.Context) error {
	return bench.Measured(ctx, c.Command, os.Stdout)
}
