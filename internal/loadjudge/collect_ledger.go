package loadjudge

import (
	"context"
	"errors"
	"fmt"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/ledger"
)

const pollEvery = time.Second

// Ledger reads the public ledger of a day and recomputes it from its lines. What
// disagrees is in Wrong; the error is for what could not be asked. A day without
// any leaf has no ledger yet: that is an empty one.
func (s *Site) Ledger(ctx context.Context, day *clickday.Day) (*Ledger, error) {
	page := "/ledger/" + day.Code
	out := new(Ledger)
	signed, err := s.get(ctx, page+"/checkpoint")
	if errors.Is(err, errMissing) {
		return out, nil
	}
	if err != nil {
		return nil, fmt.Errorf("loadjudge: %w", err)
	}
	head, err := s.head(day.Code, signed)
	if err != nil {
		out.Wrong = append(out.Wrong, fmt.Sprintf("the head: %v", err))
		return out, nil
	}
	out.Heads++
	return out, s.leaves(ctx, page, &head, out)
}

// head opens a checkpoint with one of the published keys.
func (s *Site) head(dayCode string, signed []byte) (ledger.Head, error) {
	verifiers, err := s.Keys.Verifiers()
	if err != nil {
		return ledger.Head{}, err
	}
	err = errNoKey
	for _, v := range verifiers {
		var h ledger.Head
		if h, err = v.Open(dayCode, signed); err == nil {
			return h, nil
		}
	}
	return ledger.Head{}, err
}

func (s *Site) leaves(ctx context.Context, page string, head *ledger.Head, out *Ledger) error {
	var edge ledger.Edge
	for edge.Size() < head.Size {
		bundle := ledger.Tile{
			Level: ledger.Entries, Index: edge.Size() / ledger.TileWidth, Width: int(min(ledger.TileWidth, head.Size-edge.Size())),
		}
		var err error
		if bundle.Data, err = s.get(ctx, page+"/"+bundle.Path()); err != nil {
			return fmt.Errorf("loadjudge: %w", err)
		}
		lines, err := bundle.Lines()
		if err == nil {
			_, err = edge.Grow(lines)
		}
		if err != nil {
			out.Wrong = append(out.Wrong, fmt.Sprintf("bundle %d: %v", bundle.Index, err))
			return nil
		}
		for _, line := range lines {
			leaf, err := ledger.ParseLeaf(line)
			if err != nil {
				out.Wrong = append(out.Wrong, fmt.Sprintf("leaf %d: %v", len(out.Leaves), err))
			}
			out.Leaves = append(out.Leaves, leaf)
		}
	}
	if edge.Root() != head.Root {
		out.Wrong = append(out.Wrong, fmt.Sprintf("%d lines give the root %s, signed was %s", head.Size, edge.Root(), head.Root))
	}
	return nil
}

// Settled waits until everything that was acknowledged is decided and, if the
// record can be asked, has its receipt; or until time is up, which is no error:
// the verdict tells what is missing.
func (s *Site) Settled(ctx context.Context, e *Evidence, open func(ctx context.Context) (int64, error), within time.Duration) error {
	acked := make(map[clickday.SubmissionID]bool)
	for i := range e.Attempts {
		if e.Attempts[i].Answer == Acknowledged {
			acked[e.Attempts[i].Submission] = true
		}
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		done, err := s.settled(ctx, e, int64(len(acked)), open)
		if done || ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (s *Site) settled(ctx context.Context, e *Evidence, acked int64, open func(ctx context.Context) (int64, error)) (bool, error) {
	if acked == 0 {
		return true, nil
	}
	signed, err := s.get(ctx, "/ledger/"+e.Day.Code+"/checkpoint")
	if errors.Is(err, errMissing) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("loadjudge: %w", err)
	}
	head, err := s.head(e.Day.Code, signed)
	if err != nil || head.Size < acked {
		return err != nil, nil // a head that does not verify will not get better
	}
	if open == nil {
		return true, nil
	}
	left, err := open(ctx)
	return left == 0, err
}
