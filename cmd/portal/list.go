package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/mod/sumdb/note"

	"puntuale/internal/clock"
	"puntuale/internal/keys"
	"puntuale/internal/lists"
	"puntuale/internal/pades"
	"puntuale/internal/postgres"
	"puntuale/internal/ranking"
)

type listPublishCommand struct {
	database
	modelFiles
	Keys        string `help:"Directory of calendar.pub, ledger.key and of the seal." required:"" type:"path"`
	Day         string `help:"Code of the click day." required:""`
	Provisional bool   `help:"Publish a provisional list." xor:"kind" required:""`
	Final       bool   `help:"Publish the final list: the day must be over, everything decided, the seed revealed." xor:"kind" required:""`
	PublicURL   string `help:"Address of the portal, as the documents name it." default:"http://127.0.0.1:8080"`
	Operator    string `help:"Who publishes, as it is published: the name of an office or a person." required:""`
	Reason      string `help:"Why a list that is published is corrected; published."`
}

// Run builds a list from the ledger as it stands and publishes it. It may be
// given again after a failure: what is published already is not published twice.
func (c *listPublishCommand) Run(ctx context.Context, clk clock.Clock) error {
	seal, signer, err := c.read()
	if err != nil {
		return fmt.Errorf("--keys: %w", err)
	}
	models, err := c.load()
	if err != nil {
		return err
	}
	kind := ranking.Provisional
	if c.Final {
		kind = ranking.Final
	}
	return c.with(ctx, func(db *postgres.DB) error {
		day, err := dayOf(ctx, db, c.Keys, c.Day)
		if err != nil {
			return err
		}
		press := &lists.Press{
			Store: db, Models: models, Signer: signer, Seal: seal, Body: seal.Subject(), PublicURL: c.PublicURL, Clock: clk, Workers: runtime.NumCPU(),
		}
		started := clk.Now()
		l, fresh, err := press.Publish(ctx, &lists.Order{Day: day, Kind: kind, Reason: c.Reason, Operator: c.Operator})
		if errors.Is(err, lists.ErrReason) {
			return fmt.Errorf("%w: give --reason", err)
		}
		if err != nil {
			return err
		}
		c.tell(l, fresh, clk.Now().Sub(started))
		return nil
	})
}

func (c *listPublishCommand) read() (*pades.Seal, note.Signer, error) {
	seal, err := pades.Load(filepath.Join(c.Keys, keys.SealKeyFile), filepath.Join(c.Keys, keys.SealCertFile))
	if err != nil {
		return nil, nil, err
	}
	ledger, err := keys.ReadLedgerSigner(filepath.Join(c.Keys, keys.LedgerKeyFile))
	if err != nil {
		return nil, nil, err
	}
	signer, err := ledger.ListSigner()
	return seal, signer, err
}

func (c *listPublishCommand) tell(l *lists.Published, fresh bool, took time.Duration) {
	if !fresh {
		fmt.Printf("nothing has changed: %s list of %s, version %d of %s, says the same\n", l.Kind, l.DayCode, l.Version, l.At.Format(time.RFC3339))
		return
	}
	s := &l.Summary
	fmt.Printf("%s list of %s, version %d: %d numbered, %d repeated, %d refused; made in %s\n%s/lists/%s/%d\n",
		l.Kind, l.DayCode, l.Version, s.Numbered, s.Repeated, s.Refused, took.Round(time.Millisecond), c.PublicURL, l.DayCode, l.Version)
	for _, f := range l.Files {
		fmt.Printf("%x  %10d  %s\n", f.SHA256, f.Size, f.Name)
	}
}

type listExportCommand struct {
	database
	Day     string `help:"Code of the click day." required:""`
	Version int    `help:"Version of the list." required:""`
	Out     string `help:"Directory that the files are written to." required:"" type:"path"`
}

// Run writes the files of a published list and checks their digests.
func (c *listExportCommand) Run(ctx context.Context) error {
	return c.with(ctx, func(db *postgres.DB) error {
		l, err := db.List(ctx, c.Day, c.Version)
		if err != nil {
			return fmt.Errorf("--day, --version: %w", err)
		}
		if err := os.MkdirAll(c.Out, 0o755); err != nil {
			return fmt.Errorf("--out: %w", err)
		}
		for _, f := range l.Files {
			if err := c.export(ctx, db, &f); err != nil {
				return fmt.Errorf("%s: %w", f.Name, err)
			}
			fmt.Printf("%x  %s\n", f.SHA256, filepath.Join(c.Out, f.Name))
		}
		return nil
	})
}

// export writes one file, whole or not at all.
func (c *listExportCommand) export(ctx context.Context, db *postgres.DB, f *lists.File) error {
	tmp, err := os.CreateTemp(c.Out, ".list-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // after the rename there is nothing to remove
	sum := sha256.New()
	err = db.ReadListFile(ctx, c.Day, c.Version, f.Name, func(b []byte) error {
		sum.Write(b)
		_, err := tmp.Write(b)
		return err
	})
	if err := errors.Join(err, tmp.Chmod(0o644), tmp.Close()); err != nil {
		return err
	}
	if [32]byte(sum.Sum(nil)) != f.SHA256 {
		return errors.New("the stored file does not have the digest that was published with it")
	}
	return os.Rename(tmp.Name(), filepath.Join(c.Out, f.Name))
}
