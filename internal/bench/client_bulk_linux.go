package bench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/client/store"
	"puntuale/internal/client/timing"
	"puntuale/internal/wire"
)

// Bulk is one sender with many applications.
type Bulk struct {
	Spread  time.Duration // from the first arrival to the last
	First   time.Duration // after the opening
	Missing int           // without an acknowledgement
	Early   int
}

// SendMany has one client send n applications to the real intake at one
// opening, from a real disk, over a network that takes way in each direction.
func (g *Ground) SendMany(ctx context.Context, n int, way time.Duration) (b Bulk, err error) {
	s, err := g.openClientSite(ctx, []time.Time{g.Clock.Now().Add(15 * time.Second)})
	if err != nil {
		return b, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	d, err := newDelayer(s.peer.Addr, constant(way), g.Clock)
	if err != nil {
		return b, err
	}
	defer d.close()
	rs, err := s.records(ctx, s.days[0].ID, n)
	if err != nil {
		return b, err
	}
	st, err := onDisk(filepath.Join(s.peer.dir, "client"), rs)
	if err != nil {
		return b, err
	}
	defer st.Close()
	count := &shots{clk: g.Clock}
	if err := s.run(ctx, &s.days[0], d.addr(), st, timing.NewBase(g.Clock), timing.Precise(g.Clock), count); err != nil {
		return b, err
	}
	b.Early = count.early
	return b, b.read(st.Day(s.days[0].ID), &s.days[0])
}

func (b *Bulk) read(rs []store.Record, d *clickday.Day) error {
	var first, last int64
	for _, r := range rs {
		if r.State != store.Acknowledged {
			b.Missing++
			continue
		}
		leaf, err := leafOf(r)
		if err != nil {
			return err
		}
		at := leaf.Stamp.UnixNano
		if first == 0 || at < first {
			first = at
		}
		last = max(last, at)
	}
	b.Spread, b.First = time.Duration(last-first), time.Duration(first-d.Opens)
	return nil
}

func leafOf(r store.Record) (wire.Leaf, error) {
	ack, err := wire.ParseAcknowledgement(r.Acknowledgement)
	if err != nil {
		return wire.Leaf{}, fmt.Errorf("bench: acknowledgement of %s: %w", r.Application, err)
	}
	return ack.Leaf, nil
}
