//go:build linux

package main

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/keys"
	"puntuale/internal/loadrun"
	"puntuale/internal/recording"
)

// recordCmd makes a recording of a click day.
type recordCmd struct {
	Journals []string       `arg:"" optional:"" help:"Directories of the journals of all nodes." type:"existingdir"`
	NodeKey  []string       `help:"Public keys of the nodes, in the order of the journals; without them signatures are not verified." type:"existingfile"`
	Day      clickday.DayID `help:"Number of the click day."`
	Opens    time.Time      `help:"Its opening (RFC 3339), from which arrivals count." format:"2006-01-02T15:04:05.999999999Z07:00"`
	FromRun  string         `help:"Take journal, day and opening from the directory of a run with --own." type:"existingdir"`
	Grain    time.Duration  `default:"1ms" help:"Arrivals are cut to this, 100us or more."`
	Name     string         `default:"recording" help:"Of the event, for people; it stands in the file."`
	Out      string         `required:"" help:"File to write, ending in .recording." type:"path"`
}

// Run writes the file.
func (c *recordCmd) Run() error {
	if filepath.Ext(c.Out) != recording.Suffix {
		return fmt.Errorf("out: %s: want a name that ends in %s", c.Out, recording.Suffix)
	}
	if c.FromRun != "" {
		if err := c.fromRun(); err != nil {
			return err
		}
	}
	if len(c.Journals) == 0 || c.Day == 0 || c.Opens.IsZero() {
		return errors.New("want journals, --day and --opens, or --from-run")
	}
	if len(c.NodeKey) > 0 && len(c.NodeKey) != len(c.Journals) {
		return fmt.Errorf("node-key: %d keys for %d journals", len(c.NodeKey), len(c.Journals))
	}
	r := &recording.Recorder{Day: c.Day, Opens: c.Opens.UnixNano(), Grain: c.Grain}
	for i, dir := range c.Journals {
		var node ed25519.PublicKey
		if len(c.NodeKey) > 0 {
			var err error
			if node, err = keys.ReadPublic(c.NodeKey[i]); err != nil {
				return fmt.Errorf("node-key: %w", err)
			}
		}
		if err := r.Add(dir, node); err != nil {
			return err
		}
	}
	return c.write(r)
}

func (c *recordCmd) fromRun() error {
	m, err := loadrun.ReadManifest(c.FromRun)
	if err != nil {
		return err
	}
	if m.Own == nil {
		return fmt.Errorf("from-run: %s was not a run with --own: name its journals", c.FromRun)
	}
	c.Journals, c.Day, c.Opens = []string{m.Own.Journal}, m.Day, time.Unix(0, m.Opening)
	c.NodeKey = []string{filepath.Join(m.Own.KeysDir, keys.NodePubFile(1))}
	return nil
}

func (c *recordCmd) write(r *recording.Recorder) error {
	rec, err := r.Recording(c.Name)
	if err != nil {
		return err
	}
	f, err := os.Create(c.Out)
	if err != nil {
		return fmt.Errorf("out: %w", err)
	}
	if err := errors.Join(rec.Write(f), f.Close()); err != nil {
		return err
	}
	fmt.Printf("%s: %d\n", c.Out, len(rec.Arrivals))
	return nil
}
