package crash

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"maps"
	"net/http"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"puntuale/internal/batch"
	"puntuale/internal/clickday"
	"puntuale/internal/journal"
	"puntuale/internal/wire"
)

// believedMax bounds the signatures that are known to be good.
const believedMax = 4096

// Witness remembers every acknowledgement that was given and found good. It is
// outside of what crashes. Safe for concurrent use.
type Witness struct {
	public ed25519.PublicKey

	mu       sync.Mutex
	acks     map[clickday.SubmissionID][]byte // guarded by mu
	believed map[[32]byte]bool                // guarded by mu; statement and signature of batches, hashed
	changed  int                              // guarded by mu; second acknowledgements with other bytes
}

// NewWitness returns a witness for the node with that public key.
func NewWitness(public ed25519.PublicKey) *Witness {
	return &Witness{public: public, acks: map[clickday.SubmissionID][]byte{}, believed: map[[32]byte]bool{}}
}

// Heard verifies an acknowledgement and remembers it.
func (w *Witness) Heard(id clickday.SubmissionID, ack []byte) error {
	if err := w.verify(id, ack); err != nil {
		return fmt.Errorf("crash: acknowledgement of %s: %w", id, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if old, ok := w.acks[id]; ok && !bytes.Equal(old, ack) {
		w.changed++
		return nil
	}
	w.acks[id] = bytes.Clone(ack)
	return nil
}

// verify checks id, path and signature; a signature is checked once a batch.
func (w *Witness) verify(id clickday.SubmissionID, ack []byte) error {
	a, err := wire.ParseAcknowledgement(ack)
	if err != nil {
		return err
	}
	s, err := a.Statement()
	if err != nil {
		return err
	}
	key := sha256.Sum256(append(s.Message(), a.Signature[:]...))
	w.mu.Lock()
	good := w.believed[key] && a.Leaf.ID == id && a.KeyID == wire.KeyID(w.public)
	w.mu.Unlock()
	if good {
		return nil
	}
	if err := a.Check(id, w.public); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.believed) >= believedMax {
		clear(w.believed)
	}
	w.believed[key] = true
	return nil
}

// Count returns how many submissions are remembered.
func (w *Witness) Count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.acks)
}

// Loss is what became of acknowledged submissions.
type Loss struct {
	Acked     int
	Lost      int // not there any more
	Doubled   int // there more than once
	Restamped int // there with another acknowledgement than was given
}

// Add sums up.
func (l *Loss) Add(o Loss) {
	l.Acked += o.Acked
	l.Lost += o.Lost
	l.Doubled += o.Doubled
	l.Restamped += o.Restamped
}

func (w *Witness) snapshot() (map[clickday.SubmissionID][]byte, Loss) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.acks), Loss{Acked: len(w.acks), Restamped: w.changed}
}

// Ask asks the node for every acknowledgement again, over several connections.
func (w *Witness) Ask(ctx context.Context, s *Site, addr string, conns int) (Loss, error) {
	acks, loss := w.snapshot()
	ids := make(chan clickday.SubmissionID)
	var lost, restamped atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(ids)
		for id := range acks {
			select {
			case ids <- id:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	for range conns {
		group.Go(func() error { return ask(ctx, s, addr, ids, acks, &lost, &restamped) })
	}
	err := group.Wait()
	loss.Lost += int(lost.Load())
	loss.Restamped += int(restamped.Load())
	return loss, err
}

func ask(ctx context.Context, s *Site, addr string, ids <-chan clickday.SubmissionID,
	acks map[clickday.SubmissionID][]byte, lost, restamped *atomic.Int64) error {
	conn, err := s.dial(ctx, addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	for id := range ids {
		a, err := conn.Status(ctx, id)
		switch {
		case err != nil:
			return err
		case a.Status == http.StatusNotFound:
			lost.Add(1)
		case a.Status != http.StatusOK:
			return fmt.Errorf("crash: status %d for %s", a.Status, id)
		case !bytes.Equal(a.Body, acks[id]):
			restamped.Add(1)
		}
	}
	return nil
}

// Compare holds the journal of a stopped node against what is remembered; every
// frame of the journal is verified on the way.
func (w *Witness) Compare(dir string) (Loss, error) {
	acks, loss := w.snapshot()
	seen := make(map[clickday.SubmissionID]int, len(acks))
	same := make(map[clickday.SubmissionID]bool, len(acks))
	_, err := journal.Scan(dir, w.public, func(f *batch.Frame) error {
		for i := range f.Records {
			id := f.Records[i].Leaf.ID
			seen[id]++
			if ack, ok := acks[id]; ok {
				a := f.Acknowledgement(i)
				same[id] = same[id] || bytes.Equal(ack, wire.AppendAcknowledgement(nil, &a))
			}
		}
		return nil
	})
	for _, n := range seen {
		if n > 1 {
			loss.Doubled++
		}
	}
	for id := range acks {
		switch {
		case seen[id] == 0:
			loss.Lost++
		case !same[id]:
			loss.Restamped++
		}
	}
	return loss, err
}
