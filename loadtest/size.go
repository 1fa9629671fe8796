//go:build linux

package main

import (
	"fmt"
	"os"
	"time"

	"puntuale/internal/loadreport"
)

// sizeCmd computes what an event needs.
type sizeCmd struct {
	Applications int           `default:"325000" help:"Applications."`
	Within       time.Duration `default:"10s" help:"So many seconds in which most of them come."`
	Share        float64       `default:"1" help:"Share of the applications that comes within."`
	Repeats      float64       `default:"0.25" help:"Submissions sent again, relative to applications."`
	Receipts     time.Duration `default:"2h" help:"When the last receipt must be there."`
	Connected    float64       `default:"0.385" help:"Warm connections, relative to applications: 125,000 of 325,000 in P3."`
	Costs        string        `help:"File with unit costs, as bench --costs writes it; those that come with the program if empty." type:"path"`
	Explain      bool          `help:"Print every unit cost with where it comes from."`
}

// Run prints the sizes.
func (c *sizeCmd) Run() error {
	costs, err := loadreport.LoadCosts(c.Costs)
	if err != nil {
		return err
	}
	d := loadreport.Demand{Applications: c.Applications, Within: c.Within, Share: c.Share, Repeats: c.Repeats, Receipts: c.Receipts, Connected: c.Connected}
	size, err := costs.Size(d)
	if err != nil {
		return err
	}
	if err := size.Write(os.Stdout); err != nil || !c.Explain {
		return err
	}
	fmt.Println()
	return costs.WriteCosts(os.Stdout)
}
