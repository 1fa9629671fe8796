package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"puntuale/internal/clock"
	"puntuale/internal/keys"
	"puntuale/internal/pades"
	"puntuale/internal/postgres"
	"puntuale/internal/protocolregister"
)

type registerCommands struct {
	Export    registerExportCommand `cmd:"" help:"Close the register of a day (the next day, once) and write its files."`
	Due       registerDueCommand    `cmd:"" help:"Days whose register is to be closed, oldest first."`
	Annul     registerAnnulCommand  `cmd:"" help:"Annul a registration; it stays readable."`
	Segnatura segnaturaCommand      `cmd:"" help:"Write the SegnaturaInformatica of a number to standard output."`
	Emergency emergencyCommands     `cmd:"" help:"Emergency register: when the system cannot number."`
}

// bodySettings say who keeps the register.
type bodySettings struct {
	Name      string `name:"body-name" help:"Public body that keeps the register."`
	IPA       string `name:"body-ipa" help:"Its code in the Indice PA."`
	AOO       string `name:"body-aoo" help:"Code of its area organizzativa omogenea."`
	AOOName   string `name:"body-aoo-name" help:"Name of that area."`
	ClassName string `name:"body-class-name" default:"Nulla osta al lavoro" help:"Entry of the classification plan."`
	ClassCode string `name:"body-class-code" default:"1.1" help:"Its code."`
}

func (s *bodySettings) body() (protocolregister.Body, error) {
	b := protocolregister.Body{Name: s.Name, IPA: s.IPA, AOO: s.AOO, AOOName: s.AOOName, ClassName: s.ClassName, ClassCode: s.ClassCode}
	return b, b.Validate()
}

type registerExportCommand struct {
	database
	bodySettings
	Keys string `help:"Directory of seal.key and seal.crt." required:"" type:"path"`
	Date string `help:"Day, 2026-11-22." required:""`
	Out  string `help:"Directory for the files." default:"." type:"path"`
}

// Run closes the day if it is open, and writes what is stored. Files that are
// there already are compared, not overwritten.
func (c *registerExportCommand) Run(ctx context.Context, clk clock.Clock) error {
	body, err := c.body()
	if err != nil {
		return err
	}
	seal, err := pades.Load(filepath.Join(c.Keys, keys.SealKeyFile), filepath.Join(c.Keys, keys.SealCertFile))
	if err != nil {
		return fmt.Errorf("--keys: %w", err)
	}
	return c.with(ctx, func(db *postgres.DB) error {
		now := clk.Now()
		if err := os.MkdirAll(c.Out, 0o700); err != nil {
			return fmt.Errorf("--out: %w", err)
		}
		err := db.CloseRegister(ctx, c.Date, now, func(d *protocolregister.Daily) ([]protocolregister.File, error) {
			d.Body = body
			return d.Files(seal, now)
		})
		if err != nil {
			return err
		}
		files, err := db.RegisterFiles(ctx, c.Date)
		if err != nil {
			return err
		}
		for i := range files {
			if err := writeOnce(filepath.Join(c.Out, files[i].Name), files[i].Content); err != nil {
				return err
			}
			fmt.Printf("%s  %s\n", hex.EncodeToString(files[i].SHA256), files[i].Name)
		}
		return nil
	})
}

func writeOnce(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, os.ErrExist) {
		have, err := os.ReadFile(path)
		if err == nil && !bytes.Equal(have, content) {
			err = fmt.Errorf("%s is there and differs from the stored register: nothing is overwritten", path)
		}
		return err
	}
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Sync(), f.Close())
}

type registerDueCommand struct{ database }

// Run prints the days, one a line, for a nightly job to export.
func (c *registerDueCommand) Run(ctx context.Context, clk clock.Clock) error {
	return c.with(ctx, func(db *postgres.DB) error {
		days, err := db.UnclosedDays(ctx, clk.Now())
		for _, d := range days {
			fmt.Println(d)
		}
		return err
	})
}

type registerAnnulCommand struct {
	database
	Number   string `help:"Protocol number, CODE/0000001." required:""`
	Reason   string `help:"Why." required:""`
	Operator string `help:"Who." required:""`
}

// Run annuls.
func (c *registerAnnulCommand) Run(ctx context.Context, clk clock.Clock) error {
	register, number, err := protocolregister.ParseID(c.Number)
	if err != nil {
		return fmt.Errorf("--number: %w", err)
	}
	if protocolregister.Clean(c.Reason) == "" || protocolregister.Clean(c.Operator) == "" {
		return errors.New("--reason and --operator: must say something")
	}
	return c.with(ctx, func(db *postgres.DB) error {
		err := db.Annul(ctx, &protocolregister.Annulment{Register: register, Number: number, Reason: c.Reason, Operator: c.Operator, At: clk.Now()})
		if err == nil {
			fmt.Println("annulled:", c.Number)
		}
		return err
	})
}

type segnaturaCommand struct {
	database
	Number string `help:"Protocol number, CODE/0000001." required:""`
}

// Run prints the stored XML.
func (c *segnaturaCommand) Run(ctx context.Context) error {
	register, number, err := protocolregister.ParseID(c.Number)
	if err != nil {
		return fmt.Errorf("--number: %w", err)
	}
	return c.with(ctx, func(db *postgres.DB) error {
		xml, err := db.SegnaturaByNumber(ctx, register, number)
		if err != nil {
			return fmt.Errorf("signature of %s: %w", c.Number, err)
		}
		_, err = os.Stdout.Write(xml)
		return err
	})
}

// operated is what every change of the emergency register needs.
type operated struct {
	database
	Operator string `help:"Who does it." required:""`
}

func (o *operated) check() error {
	if protocolregister.Clean(o.Operator) == "" {
		return errors.New("--operator: must say something")
	}
	return nil
}
