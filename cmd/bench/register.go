//go:build linux

package main

import (
	"context"
	"os"

	"puntuale/internal/bench"
)

// registerCmd measures what follows the acknowledgement.
type registerCmd struct {
	Program string   `default:"bin/intake" help:"The program whose worker is measured." type:"existingfile"`
	Dir     string   `help:"Directory on the disk to measure on; the system's temporary one if empty." type:"path"`
	Records int      `default:"325000" help:"Submissions of the throughput."`
	Profile string   `help:"File for a processor profile of the worker." type:"path"`
	Only    []string `help:"Parts to measure, such as throughput; all if empty."`
}

// Run prints every figure as it comes.
func (c *registerCmd) Run(ctx context.Context) error {
	return bench.Register(ctx, bench.RegisterPlan{
		Only: c.Only, Program: c.Program, Dir: c.Dir, Records: c.Records, Profile: c.Profile, Log: os.Stderr,
	}, os.Stdout)
}
