// Command intake runs an intake node: "serve" is the hot path, "work" numbers
// submissions and issues receipts, "reissue" has receipts issued again, "journal" looks at a journal, "verify" checks
// an acknowledgement, "sessions" rotates TLS session keys. Each is its own process; docs/intake.md and docs/worker.md describe them.
package main

import "github.com/alecthomas/kong"

type cli struct {
	Serve    serveCmd    `cmd:"" help:"Receive, stamp, store and acknowledge submissions; forward them to Redis."`
	Work     WorkCmd     `cmd:"" help:"Take submissions from Redis, check them, number them, issue the receipts."`
	Reissue  ReissueCmd  `cmd:"" help:"Have receipts issued again, under their numbers; the old files are kept."`
	Journal  journalCmd  `cmd:"" help:"Look at a journal."`
	Verify   proofsCmd   `cmd:"" help:"Verify an acknowledgement, a receipt or a list, offline."`
	Sessions sessionsCmd `cmd:"" help:"Keys of TLS sessions, which all nodes share."`
}

func main() {
	k := kong.Parse(new(cli), kong.Name("intake"), kong.DefaultEnvars("PUNTUALE"),
		kong.Description("Intake node of a click day. Every flag is also a setting in the environment."))
	k.FatalIfErrorf(k.Run())
}
