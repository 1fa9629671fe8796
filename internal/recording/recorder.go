package recording

import (
	"cmp"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"puntuale/internal/batch"
	"puntuale/internal/clickday"
	"puntuale/internal/journal"
	"puntuale/internal/wire"
)

// GrainMin is the finest grain: the ledger publishes arrivals to the microsecond,
// and a recording must not be joined with it line by line.
const GrainMin = 100 * time.Microsecond

// Recorder collects arrivals from the journals of all nodes of one click day.
type Recorder struct {
	// Day is the click day, Opens its opening, nanoseconds since 1970.
	Day   clickday.DayID
	Opens int64
	Grain time.Duration

	found []seen
	known map[clickday.SubmissionID]bool
}

// seen is an arrival with what identifies it, which never leaves this package.
type seen struct {
	at          int64
	device      [32]byte
	application clickday.ApplicationID
	bad         bool
}

// ErrNothing says that no journal has anything of the day.
var ErrNothing = errors.New("recording: no arrivals of this click day")

// Add reads a journal, verifying every frame, with the node's key every
// signature too.
func (r *Recorder) Add(dir string, node ed25519.PublicKey) error {
	if r.Grain < GrainMin {
		return fmt.Errorf("recording: grain %s: want %s or more", r.Grain, GrainMin)
	}
	if r.known == nil {
		r.known = map[clickday.SubmissionID]bool{}
	}
	_, err := journal.Scan(dir, node, func(f *batch.Frame) error {
		for i := range f.Records {
			if err := r.record(&f.Records[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}

func (r *Recorder) record(rec *batch.Record) error {
	e, err := wire.ParseEnvelope(rec.Envelope)
	if err != nil {
		return fmt.Errorf("recording: record %d: %w", rec.Leaf.Stamp.Sequence, err)
	}
	if e.Ticket.Day != r.Day || r.known[rec.Leaf.ID] { // the same bytes through two nodes are one arrival
		return nil
	}
	r.known[rec.Leaf.ID] = true
	r.found = append(r.found, seen{rec.Leaf.Stamp.UnixNano, e.Ticket.Device, e.Ticket.Application, e.CheckSignature() != nil})
	return nil
}

// Recording returns what was found, pseudonymised; the numbers are drawn anew
// with every call.
func (r *Recorder) Recording(name string) (*Recording, error) {
	if len(r.found) == 0 {
		return nil, ErrNothing
	}
	slices.SortFunc(r.found, func(a, b seen) int { return cmp.Compare(a.at, b.at) })
	devices, applications := map[[32]byte]uint32{}, map[clickday.ApplicationID]uint32{}
	for _, s := range r.found {
		devices[s.device], applications[s.application] = 0, 0
	}
	number(devices)
	number(applications)
	out := &Recording{Name: name, Grain: r.Grain}
	had := map[clickday.ApplicationID]bool{}
	for _, s := range r.found {
		a := Arrival{At: time.Duration(s.at - r.Opens).Truncate(r.Grain), Sender: devices[s.device], Application: applications[s.application], Kind: Good}
		switch {
		case s.bad:
			a.Kind = Bad
		case had[s.application]:
			a.Kind = Again
		default:
			had[s.application] = true
		}
		out.Arrivals = append(out.Arrivals, a)
	}
	return out, nil
}

// number gives every key a number in an order drawn at random.
func number[K identity](of map[K]uint32) {
	type drawn struct {
		key  K
		lots uint64
	}
	all := make([]drawn, 0, len(of))
	for k := range of {
		var b [8]byte
		rand.Read(b[:])
		all = append(all, drawn{k, binary.BigEndian.Uint64(b[:])})
	}
	slices.SortFunc(all, func(a, b drawn) int { return cmp.Compare(a.lots, b.lots) })
	for i, d := range all {
		of[d.key] = uint32(i)
	}
}

// identity are the identities that are numbered.
type identity interface {
	[32]byte | clickday.ApplicationID
}
