package main

import (
	"fmt"
	"os"

	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/keys"
)

type keysCommand struct {
	Dir     string   `help:"Directory for the key files." required:"" type:"path"`
	Node    []uint16 `help:"Intake nodes to make keys for." default:"1"`
	Host    []string `help:"Names and addresses in the certificate of the intake." default:"127.0.0.1"`
	Subject string   `help:"Name in the certificate that seals receipts." default:"Puntuale"`
	Ledger  string   `name:"ledger-origin" help:"Address of the public ledger without a scheme, as in portale.example.it/ledger; fixed once the key is made." default:"localhost/ledger"`
}

// Run makes what is missing and leaves everything else alone.
func (c *keysCommand) Run(clk clock.Clock) error {
	nodes := make([]clickday.NodeID, len(c.Node))
	for i, n := range c.Node {
		if n == 0 {
			return fmt.Errorf("--node: want 1 to 65535")
		}
		nodes[i] = clickday.NodeID(n)
	}
	if err := keys.Init(c.Dir, nodes...); err != nil {
		return fmt.Errorf("--dir: %w", err)
	}
	if err := keys.InitSeal(clk, c.Dir, c.Subject); err != nil {
		return err
	}
	if err := keys.InitLedger(c.Dir, c.Ledger); err != nil {
		return fmt.Errorf("--ledger-origin: %w", err)
	}
	if err := keys.InitTLS(clk, c.Dir, c.Host...); err != nil {
		return err
	}
	fmt.Fprintln(os.Stdout, "keys are in", c.Dir)
	return nil
}
