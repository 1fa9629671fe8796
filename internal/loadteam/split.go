package loadteam

import (
	"errors"
	"fmt"

	"puntuale/internal/loadrun"
)

// Split shares a part out among so many parts of a run directory. A sender goes
// to one of them with everything he sends, so that what he repeats stays behind
// what he sent.
func Split(whole *loadrun.Part, runDir string, among int) ([]*loadrun.Part, error) {
	if among < 1 {
		return nil, fmt.Errorf("loadteam: %d generators", among)
	}
	plan, err := whole.Plan()
	if err != nil {
		return nil, err
	}
	entries, err := whole.Entries()
	if err != nil {
		return nil, err
	}
	s := &splitter{plan: plan, entries: entries, among: uint32(among)}
	var out []*loadrun.Part
	for i := range among {
		p, err := loadrun.NewPart(runDir, i)
		if err == nil {
			err = s.share(whole, p, uint32(i))
		}
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

type splitter struct {
	plan    []loadrun.Request
	entries []loadrun.Entry
	among   uint32
}

// share writes the requests of every among-th sender, with their envelopes.
func (s *splitter) share(whole, p *loadrun.Part, i uint32) error {
	from, err := whole.Envelopes()
	if err != nil {
		return err
	}
	defer from.Close() // only read
	to, err := p.NewEnvelopeWriter()
	if err != nil {
		return err
	}
	var mine []loadrun.Request
	at := map[uint32]uint32{} // where each envelope lies now
	for _, r := range s.plan {
		if r.Sender%s.among != i {
			continue
		}
		n, ok := at[r.Envelope]
		if !ok {
			e := s.entries[r.Envelope]
			b := make([]byte, e.Size)
			if _, err := from.ReadAt(b, e.Offset); err != nil {
				return errors.Join(fmt.Errorf("loadteam: %w", err), to.Close())
			}
			n = uint32(len(at))
			at[r.Envelope] = n
			to.Add(b, e)
		}
		r.Envelope = n
		mine = append(mine, r)
	}
	return errors.Join(to.Close(), p.WritePlan(mine))
}
