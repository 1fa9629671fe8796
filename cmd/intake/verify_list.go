package main

import (
	"cmp"
	"context"
	"os"

	"puntuale/internal/verify"
)

// proofsCmd checks what an installation has given out. Without a subcommand it
// checks an acknowledgement with one node's key.
type proofsCmd struct {
	Ack     proofCmd   `cmd:"" default:"withargs" help:"Check an acknowledgement with a node's key, offline, and say what it proves."`
	List    fileCmd    `cmd:"" help:"Recompute order, numbers, places, root and signatures of an exported list."`
	Receipt fileCmd    `cmd:"" help:"Check a receipt (PDF) or its prova.json: seal, ledger, time-stamp, acknowledgement."`
	Extends extendsCmd `cmd:"" help:"Check that a list, or the ledger of a portal, contains an earlier list, receipt or checkpoint, unchanged."`
	Keys    keysCmd    `cmd:"" help:"Save the public keys of a portal, to verify offline later."`
}

type fileCmd struct {
	verify.Command `embed:""`
	Lang           string `help:"it or en. Default: as LC_ALL, LC_MESSAGES or LANG say, else Italian." enum:"it,en," default:""`
	File           string `arg:"" help:"The file to verify." type:"path"`
}

// Run verifies and prints the report; exit codes are in docs/verify.md.
func (c *fileCmd) Run() error {
	return c.Files(context.Background(), os.Stdout, cmp.Or(c.Lang, systemLang(os.Getenv)), c.File)
}

type extendsCmd struct {
	verify.Command `embed:""`
	Lang           string `help:"it or en. Default: as LC_ALL, LC_MESSAGES or LANG say, else Italian." enum:"it,en," default:""`
	Older          string `arg:"" help:"The earlier list, receipt, prova.json or checkpoint." type:"path"`
	Newer          string `arg:"" optional:"" help:"The later list, or a later checkpoint; without it the newest checkpoint of --portal." type:"path"`
}

// Run compares and prints the report.
func (c *extendsCmd) Run() error {
	lang := cmp.Or(c.Lang, systemLang(os.Getenv))
	if c.Newer == "" {
		return c.Since(context.Background(), os.Stdout, lang, c.Older)
	}
	return c.Files(context.Background(), os.Stdout, lang, c.Older, c.Newer)
}

type keysCmd struct {
	Portal string `required:"" help:"Address of the portal." placeholder:"URL"`
	Out    string `help:"File to write." default:"keys.json" type:"path"`
}

// Run fetches and saves.
func (c *keysCmd) Run() error { return verify.SaveKeys(context.Background(), c.Portal, c.Out) }
