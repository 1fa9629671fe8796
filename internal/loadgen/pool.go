package loadgen

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	mrand "math/rand/v2"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"puntuale/internal/clickday"
	"puntuale/internal/wire"
)

// Recipe says what envelopes to prepare.
type Recipe struct {
	Count     int
	Size      int    // of each envelope in bytes
	TicketID  uint32 // id of the MAC key
	TicketKey []byte
	Day       clickday.DayID
	Model     clickday.ModelCode
	NotAfter  time.Time // of the tickets
}

// Pool is envelopes ready to be sent. Each has a ticket of its own under the
// real key and the signature of its device; in place of a compressed document
// there are random bytes, which an intake does not open. It never changes.
type Pool struct {
	slab []byte
	size int
	ids  []clickday.SubmissionID
}

// Len returns how many envelopes there are.
func (p *Pool) Len() int { return len(p.ids) }

// Envelope returns envelope i; not to be changed.
func (p *Pool) Envelope(i int) []byte { return p.slab[i*p.size : (i+1)*p.size : (i+1)*p.size] }

// ID returns the submission id of envelope i.
func (p *Pool) ID(i int) clickday.SubmissionID { return p.ids[i] }

// Size returns the length of each envelope in bytes.
func (p *Pool) Size() int { return p.size }

// Prepare makes the envelopes on all processors; an envelope costs about 40 µs,
// which is its signature.
func Prepare(ctx context.Context, r Recipe) (*Pool, error) {
	if r.Size < wire.EnvelopeMin || r.Size > wire.EnvelopeMax || r.Count < 1 {
		return nil, fmt.Errorf("loadgen: %d envelopes of %d bytes: want at least one of %d to %d",
			r.Count, r.Size, wire.EnvelopeMin, wire.EnvelopeMax)
	}
	public, device, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("loadgen: %w", err)
	}
	p := &Pool{slab: make([]byte, r.Count*r.Size), size: r.Size, ids: make([]clickday.SubmissionID, r.Count)}
	group, ctx := errgroup.WithContext(ctx)
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		group.Go(func() error {
			for i := w; i < r.Count; i += workers {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				if err := p.make(i, &r, public, device); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return p, group.Wait()
}

func (p *Pool) make(i int, r *Recipe, public ed25519.PublicKey, device ed25519.PrivateKey) error {
	t := wire.Ticket{
		KeyID: r.TicketID, Day: r.Day, Model: r.Model, ModelVersion: 1, SealVersion: 1,
		Account: clickday.AccountID(i + 1), IssuedAt: r.NotAfter.Unix() - 86400, NotAfter: r.NotAfter.Unix(),
	}
	copy(t.Device[:], public)
	random := mrand.New(mrand.NewPCG(mrand.Uint64(), uint64(i)))
	for at := 0; at < len(t.Application); at += 8 {
		binary.LittleEndian.PutUint64(t.Application[at:], random.Uint64())
	}
	content := make([]byte, r.Size-wire.EnvelopeMin)
	for at := range content {
		content[at] = byte(random.Uint32())
	}
	e, err := wire.SealEnvelope(wire.SealTicket(&t, r.TicketKey), 0, content, device)
	if err != nil {
		return fmt.Errorf("loadgen: %w", err)
	}
	copy(p.slab[i*p.size:], e)
	p.ids[i] = wire.IDOf(e)
	return nil
}
