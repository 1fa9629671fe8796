package main

import (
	"fmt"
	"path/filepath"

	"puntuale/internal/clickday"
	"puntuale/internal/client/update"
	"puntuale/internal/clock"
	"puntuale/internal/keys"
)

type releaseAddCommand struct {
	Releases  string `help:"Directory of releases, as portal serve has it." required:"" type:"path"`
	Keys      string `help:"Directory of release.key." required:"" type:"path"`
	PublicURL string `help:"Address of the portal that people use, without a final stroke." required:""`
	Version   string `help:"Version of the mini-client, 1.2.3." required:""`
	OS        string `help:"System and architecture, as in windows/amd64." required:"" name:"os"`
	File      string `help:"The program or its installer." required:"" type:"existingfile"`
	NotesIT   string `help:"What is new, in Italian." name:"notes-it"`
	NotesEN   string `help:"What is new, in English." name:"notes-en"`
}

// Run copies, signs and publishes.
func (c *releaseAddCommand) Run(clk clock.Clock) error {
	key, err := keys.ReadPrivate(filepath.Join(c.Keys, keys.ReleaseKeyFile))
	if err != nil {
		return fmt.Errorf("--keys: %w", err)
	}
	m, err := update.Publish(c.Releases, update.Release{
		Version: c.Version, System: c.OS, File: c.File, Portal: c.PublicURL, At: clk.Now(),
		Notes: clickday.Text{IT: c.NotesIT, EN: c.NotesEN},
	}, key)
	if err != nil {
		return err
	}
	d := m.Downloads[c.OS]
	fmt.Printf("%s %s %s\nSHA-256 %s, %d bytes\n", m.Version, c.OS, d.URL, d.SHA256, d.Size)
	return nil
}
