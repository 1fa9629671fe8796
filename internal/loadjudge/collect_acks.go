package loadjudge

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"puntuale/internal/clickday"
	"puntuale/internal/client/link"
	"puntuale/internal/client/timing"
	"puntuale/internal/wire"
)

// askers is how many connections to each node ask at a time.
const askers = 16

// askTries is how often one question is repeated when the connection breaks.
const askTries = 3

// Ask asks every node for the acknowledgement of everything that was sent, and
// fills Asked: the earliest acknowledgement that any node gives, or nothing.
func (s *Site) Ask(ctx context.Context, e *Evidence) error {
	asked := make(map[clickday.SubmissionID][]byte)
	for i := range e.Attempts {
		asked[e.Attempts[i].Submission] = nil
	}
	all := slices.Collect(maps.Keys(asked))
	var mu sync.Mutex
	for _, n := range s.Nodes {
		ids := make(chan clickday.SubmissionID)
		group, inner := errgroup.WithContext(ctx)
		group.Go(func() error {
			defer close(ids)
			for _, id := range all {
				select {
				case ids <- id:
				case <-inner.Done():
					return inner.Err()
				}
			}
			return nil
		})
		for range askers {
			group.Go(func() error {
				return s.ask(inner, n, ids, func(id clickday.SubmissionID, ack []byte) {
					mu.Lock()
					defer mu.Unlock()
					if earlier(ack, asked[id]) {
						asked[id] = ack
					}
				})
			})
		}
		if err := group.Wait(); err != nil {
			return fmt.Errorf("loadjudge: asking node %d: %w", n.ID, err)
		}
	}
	e.Asked = asked
	return nil
}

// earlier reports whether an acknowledgement is to be kept instead of another.
func earlier(ack, than []byte) bool {
	if len(than) == 0 {
		return true
	}
	a, err1 := wire.ParseAcknowledgement(ack)
	b, err2 := wire.ParseAcknowledgement(than)
	return errors.Join(err1, err2) == nil && a.Leaf.Stamp.UnixNano < b.Leaf.Stamp.UnixNano
}

// ask is one connection, opened again when it breaks.
func (s *Site) ask(ctx context.Context, n link.Node, ids <-chan clickday.SubmissionID, got func(clickday.SubmissionID, []byte)) error {
	base := timing.NewBase(s.clock)
	var conn *link.Conn
	defer func() {
		if conn != nil {
			conn.Close()
		}
	}()
	for id := range ids {
		var err error
		for range askTries {
			if conn == nil {
				if conn, err = link.Dial(ctx, n, base); err != nil {
					continue
				}
			}
			var ack []byte
			if ack, err = status(ctx, conn, id); err == nil {
				if ack != nil {
					got(id, ack)
				}
				break
			}
			conn.Close()
			conn = nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func status(ctx context.Context, conn *link.Conn, id clickday.SubmissionID) ([]byte, error) {
	a, err := conn.Status(ctx, id)
	switch {
	case err != nil:
		return nil, err
	case a.Status == http.StatusOK:
		return a.Body, nil
	case a.Status == http.StatusNotFound:
		return nil, nil
	default:
		return nil, fmt.Errorf("status %d for %s", a.Status, id)
	}
}
