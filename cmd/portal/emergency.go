package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/postgres"
	"puntuale/internal/protocolregister"
)

// reconcileChunk is how many entries get their numbers in one transaction.
const reconcileChunk = 500

type emergencyCommands struct {
	Open      emergencyOpenCommand      `cmd:"" help:"Begin to register by hand, with a reason."`
	Add       emergencyAddCommand       `cmd:"" help:"Register one document."`
	Import    emergencyImportCommand    `cmd:"" help:"Register a list (CSV) that was kept meanwhile; again is no harm."`
	Close     emergencyCloseCommand     `cmd:"" help:"End it: the system numbers again."`
	Reconcile emergencyReconcileCommand `cmd:"" help:"Give ordinary numbers to the entries of closed emergencies; again is no harm."`
	List      emergencyListCommand      `cmd:"" help:"The register of a year, with the ordinary numbers."`
}

type emergencyOpenCommand struct {
	operated
	Reason string `help:"Why the system cannot number." required:""`
}

// Run opens a period.
func (c *emergencyOpenCommand) Run(ctx context.Context, clk clock.Clock) error {
	if protocolregister.Clean(c.Reason) == "" {
		return errors.New("--reason: must say something")
	}
	if err := c.check(); err != nil {
		return err
	}
	return c.with(ctx, func(db *postgres.DB) error { return db.OpenEmergency(ctx, c.Operator, c.Reason, clk.Now()) })
}

type emergencyAddCommand struct {
	operated
	Received *time.Time `help:"When it was received (RFC 3339); now if not given." format:"2006-01-02T15:04:05.999999999Z07:00"`
	Sender   string     `help:"Who sent it." required:""`
	Subject  string     `help:"What it is about." required:""`
	SHA256   string     `name:"sha256" help:"Digest of the document, if it is a file."`
}

// Run registers one document. The same document at the same instant is the same entry.
func (c *emergencyAddCommand) Run(ctx context.Context, clk clock.Clock) error {
	digest, err := hex.DecodeString(c.SHA256)
	if err != nil {
		return errors.New("--sha256: want 64 hexadecimal digits")
	}
	at := clk.Now()
	if c.Received != nil {
		at = *c.Received
	}
	return c.add(ctx, clk, []protocolregister.EmergencyEntry{{ReceivedAt: at, Sender: c.Sender, Subject: c.Subject, Digest: digest, Operator: c.Operator}})
}

type emergencyImportCommand struct {
	database
	File string `arg:"" help:"CSV: ricevuta,mittente,oggetto,impronta,operatore." type:"existingfile"`
}

// Run registers the whole list or nothing.
func (c *emergencyImportCommand) Run(ctx context.Context, clk clock.Clock) error {
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	list, err := protocolregister.ReadEmergency(f)
	if err != nil {
		return err
	}
	return c.add(ctx, clk, list)
}

func (d *database) add(ctx context.Context, clk clock.Clock, list []protocolregister.EmergencyEntry) error {
	return d.with(ctx, func(db *postgres.DB) error {
		n, err := db.AddEmergency(ctx, list, clk.Now())
		if err == nil {
			fmt.Printf("%d registered, %d were there already\n", n, len(list)-n)
		}
		return err
	})
}

type emergencyCloseCommand struct{ operated }

// Run closes the period.
func (c *emergencyCloseCommand) Run(ctx context.Context, clk clock.Clock) error {
	if err := c.check(); err != nil {
		return err
	}
	return c.with(ctx, func(db *postgres.DB) error { return db.CloseEmergency(ctx, c.Operator, clk.Now()) })
}

type emergencyReconcileCommand struct{ database }

// Run numbers until nothing is left.
func (c *emergencyReconcileCommand) Run(ctx context.Context, clk clock.Clock) error {
	return c.with(ctx, func(db *postgres.DB) error {
		total := 0
		for {
			n, err := db.Reconcile(ctx, reconcileChunk, clk.Now())
			if err != nil {
				return err
			}
			if total += n; n == 0 {
				fmt.Printf("%d entries have got ordinary numbers\n", total)
				return nil
			}
		}
	})
}

type emergencyListCommand struct {
	database
	Year int `help:"Year of the register." required:""`
}

// Run prints both numbers of each entry.
func (c *emergencyListCommand) Run(ctx context.Context) error {
	return c.with(ctx, func(db *postgres.DB) error {
		list, err := db.EmergencyLines(ctx, fmt.Sprintf("RE.%d", c.Year))
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
		fmt.Fprintln(w, "EMERGENCY\tRECEIVED\tSENDER\tSUBJECT\tOPERATOR\tORDINARY")
		for i := range list {
			l := &list[i]
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", clickday.ProtocolNumber(l.Register, l.Number), l.ReceivedAt.Format(time.RFC3339),
				l.Sender, l.Subject, l.Operator, l.Ordinary)
		}
		return w.Flush()
	})
}
