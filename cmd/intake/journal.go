package main

import (
	"bufio"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"puntuale/internal/batch"
	"puntuale/internal/clickday"
	"puntuale/internal/journal"
	"puntuale/internal/keys"
)

type journalCmd struct {
	Verify verifyCmd `cmd:"" help:"Verify every frame of a journal: CRCs, ids, roots, chain, signatures."`
	Dump   dumpCmd   `cmd:"" help:"Print one JSON object a record."`
}

// scanned is what both commands read.
type scanned struct {
	Dir  string          `arg:"" help:"Directory of the journal: the one with journal.json in it."`
	Keys string          `help:"Directory of the key files. Without it signatures are not checked." type:"existingdir"`
	Node clickday.NodeID `default:"1" help:"Node whose public key checks the signatures."`
}

func (s *scanned) scan(each func(*batch.Frame) error) (journal.Report, error) {
	var public ed25519.PublicKey
	if s.Keys != "" {
		var err error
		if public, err = keys.ReadPublic(filepath.Join(s.Keys, keys.NodePubFile(s.Node))); err != nil {
			return journal.Report{}, fmt.Errorf("keys: %w", err)
		}
	}
	return journal.Scan(s.Dir, public, each)
}

type verifyCmd struct{ scanned }

// Run verifies and prints what was found; damage is an error.
func (c *verifyCmd) Run() error {
	r, err := c.scan(nil)
	if err != nil {
		return err
	}
	fmt.Printf("node %d, journal %016x: %d segments, %d batches, %d records, %d bytes\n",
		r.Node, r.Journal, r.Segments, r.Batches, r.Records, r.Bytes)
	if r.Torn != nil {
		fmt.Printf("unfinished write in %s from %d to %d: never acknowledged, cut off at the next start\n",
			r.Torn.Path, r.Torn.From, r.Torn.To)
	}
	if c.Keys == "" {
		fmt.Println("signatures were not checked; give --keys to check them")
	}
	return nil
}

type dumpCmd struct{ scanned }

// dumped is one line of a dump.
type dumped struct {
	Batch    uint64    `json:"batch"`
	Sequence uint64    `json:"sequence"`
	ID       string    `json:"id"`
	Arrived  time.Time `json:"arrived"`
	Nanos    int64     `json:"arrived_ns,string"`
	Source   string    `json:"source"`
	Clock    string    `json:"clock"`
	Envelope int       `json:"envelope_bytes"`
}

// Run prints the records; the envelopes hold personal data and are left out.
func (c *dumpCmd) Run() error {
	out := bufio.NewWriter(os.Stdout)
	_, err := c.scan(func(f *batch.Frame) error { return dump(out, f) })
	if ferr := out.Flush(); err == nil {
		err = ferr
	}
	return err
}

func dump(w io.Writer, f *batch.Frame) error {
	enc := json.NewEncoder(w)
	for i := range f.Records {
		s := &f.Records[i].Leaf.Stamp
		err := enc.Encode(dumped{
			Batch: f.Batch, Sequence: s.Sequence, ID: f.Records[i].Leaf.ID.String(), Arrived: s.Time(), Nanos: s.UnixNano,
			Source: s.Source.String(), Clock: s.Clock.String(), Envelope: len(f.Records[i].Envelope),
		})
		if err != nil {
			return err
		}
	}
	return nil
}
