// Command portal is the web portal of applicants and the tools of its operator:
// serve, migrate, keys, node, day, rehearsal, limit, quota, list, staff, seed. docs/portal.md describes it.
package main

import (
	"os"

	"github.com/alecthomas/kong"

	"puntuale/internal/clock"
	"puntuale/internal/daemon"
)

type commands struct {
	Serve   serveCommand   `cmd:"" help:"Serve the portal and the API of the mini-client."`
	Migrate migrateCommand `cmd:"" help:"Bring the database schema to the newest version."`
	Keys    keysCommand    `cmd:"" help:"Make the keys of an installation that are missing."`
	Node    struct {
		Set    nodeSetCommand    `cmd:"" help:"Add or change an intake node."`
		Retire nodeRetireCommand `cmd:"" help:"Take out a node that will not come back: numbers no longer wait for it."`
	} `cmd:"" help:"Intake nodes."`
	Day struct {
		Set    daySetCommand    `cmd:"" help:"Add or change a click day: a new signed version of the calendar."`
		Reveal dayRevealCommand `cmd:"" help:"Publish the seed of a click day that is over."`
		Rest   dayRestCommand   `cmd:"" help:"Set how long the portal rests around the opening of one click day."`
	} `cmd:"" help:"Click days."`
	Rehearsal rehearsalCommands `cmd:"" help:"Rehearsals of mini-clients."`
	Limit     struct {
		Set limitSetCommand `cmd:"" help:"Set how many applications an account may have numbered on a click day."`
	} `cmd:"" help:"Limits of accounts."`
	Passports passportsCommand `cmd:"" help:"List the passports that stand in several applications of a click day (CSV)."`
	Quota     struct {
		Set  quotaSetCommand  `cmd:"" help:"Publish the places of a click day and the rule by which they are given."`
		Show quotaShowCommand `cmd:"" help:"Print a published version as CSV."`
	} `cmd:"" help:"Quotas."`
	List struct {
		Publish listPublishCommand `cmd:"" help:"Build the list of a click day from the ledger and publish it."`
		Export  listExportCommand  `cmd:"" help:"Write the files of a published list to a directory."`
	} `cmd:"" help:"Chronological lists."`
	Release struct {
		Add releaseAddCommand `cmd:"" help:"Publish a version of the mini-client for one system, signed."`
	} `cmd:"" help:"Versions of the mini-client."`
	Places    placesCommands    `cmd:"" help:"Comuni, provinces and states."`
	Retention retentionCommands `cmd:"" help:"How long personal data are kept."`
	Staff     staffCommands     `cmd:"" help:"Roles as staff: help desk, administrators, auditors."`
	Register  registerCommands  `cmd:"" help:"Protocol register: daily registers, annulments, emergencies, signatures."`
	Notices   noticesCommands   `cmd:"" help:"E-mails to applicants: how many, and what became of them."`
	Archive   archiveCommands   `cmd:"" help:"Applications of earlier years."`
	Seed      seedCommand       `cmd:"" help:"Make the accounts and applications of a demonstration."`
}

func main() {
	ctx, stop := daemon.Context()
	defer stop()
	var c commands
	k := kong.Parse(&c, kong.Name("portal"), kong.DefaultEnvars("PUNTUALE"), kong.UsageOnError(),
		kong.Description("Portal of Puntuale. Every flag can be set as PUNTUALE_<FLAG>; the database is DATABASE_URL."))
	k.BindTo(ctx, (*contextType)(nil))
	k.BindTo(clock.System{}, (*clock.Clock)(nil))
	if err := k.Run(); err != nil {
		k.Errorf("%v", err)
		os.Exit(1)
	}
}
