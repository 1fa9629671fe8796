//go:build linux

package main

import (
	"context"
	"os"
	"time"

	"puntuale/internal/bench"
	"puntuale/internal/clock"
)

// portalCmd measures the portal of applicants.
type portalCmd struct {
	Programs string        `default:"bin" help:"Directory of the program portal." type:"existingdir"`
	Dir      string        `help:"Where the generated database is kept for the next time; a temporary one if empty." type:"path"`
	Accounts int           `default:"100000" help:"Accounts that are generated."`
	Records  int           `default:"1000000" help:"Archived applications that are generated."`
	Rate     int           `default:"200" help:"Requests a second."`
	Lasting  time.Duration `default:"30s" help:"How long each kind of page is asked for."`
	Warm     time.Duration `default:"5s" help:"How long before that, not counted."`
	Visitors int           `default:"400" help:"Accounts that log in, half of them the largest associations."`
	Sealed   int           `default:"300" help:"Sealed applications of the sync."`
	Syncs    int           `default:"50" help:"Syncs."`
	Rows     int           `default:"4000" help:"Rows of the CSV import."`
	Chromium string        `help:"Browser that loads the first page; looked for if empty." type:"existingfile"`
	Profile  string        `help:"Processor profiles of the portal are written to files that begin so." type:"path"`
	Only     []string      `help:"Parts to measure: form, search, list, mixed, sync, import, page; all if empty."`
}

// Run prints every figure as it comes.
func (c *portalCmd) Run(ctx context.Context) error {
	return bench.Portal(ctx, bench.PortalPlan{
		Programs: c.Programs, Dir: c.Dir, Accounts: c.Accounts, Records: c.Records, Rate: c.Rate, Lasting: c.Lasting, Warm: c.Warm,
		Visitors: c.Visitors, Sealed: c.Sealed, Syncs: c.Syncs, Rows: c.Rows, Chromium: c.Chromium, Profile: c.Profile, Only: c.Only,
	}, clock.System{}, os.Stdout, os.Stderr)
}
