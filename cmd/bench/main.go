// Command bench measures the figures of docs/performance.md, each with one
// subcommand that prints lines "FIGURE name value unit target ok|short".
package main

import "github.com/alecthomas/kong"

type cli struct {
	Powercut PowerCutCmd `cmd:"" help:"Acknowledged submissions lost over power cuts, failing disks and full disks (needs root and loop devices)."`
	Kill     KillCmd     `cmd:"" help:"Acknowledged submissions lost over SIGKILLs, and how soon the intake is back."`
}

func main() {
	k := kong.Parse(new(cli), kong.Name("bench"), kong.Description("Figures of docs/performance.md."))
	k.FatalIfErrorf(k.Run())
}
