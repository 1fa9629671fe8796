package lists

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"puntuale/internal/clickday"
	"puntuale/internal/forms"
	"puntuale/internal/ledger"
	"puntuale/internal/quota"
)

// strideLeaves is how many leaves are worked on at once: sixteen bundles of the ledger.
const strideLeaves = 16 * ledger.TileWidth

// stride is a run of leaves with their lines.
type stride struct {
	first  int64 // position of the first
	leaves []ledger.Leaf
	lines  [][]byte
	bytes  []byte // which the lines share
}

func (s *stride) add(at int64, line []byte) error {
	l, err := ledger.ParseLeaf(line)
	if err != nil {
		return fmt.Errorf("leaf %d: %w", at, err)
	}
	if len(s.leaves) == 0 {
		s.first = at
	}
	from := len(s.bytes)
	s.bytes = append(s.bytes, line...)
	s.leaves = append(s.leaves, l)
	s.lines = append(s.lines, s.bytes[from:len(s.bytes):len(s.bytes)])
	return nil
}

// leaves calls f with the leaves of the list, stride by stride; a stride is
// valid only during the call.
func (e *edition) leaves(ctx context.Context, f func(*stride) error) error {
	var s stride
	flush := func() error {
		err := f(&s)
		s = stride{leaves: s.leaves[:0], lines: s.lines[:0], bytes: s.bytes[:0]}
		return err
	}
	err := e.Store.LedgerLines(ctx, e.list.DayCode, e.basis.Head.Size, func(at int64, line []byte) error {
		if err := s.add(at, line); err != nil || len(s.leaves) < strideLeaves {
			return err
		}
		return flush()
	})
	if err == nil && len(s.leaves) > 0 {
		err = flush()
	}
	if err != nil {
		return fmt.Errorf("ledger of %s: %w", e.list.DayCode, err)
	}
	return nil
}

// allocate reads the ledger once: it counts, finds the group of every numbered
// submission and gives the places.
func (e *edition) allocate(ctx context.Context) error {
	s := &e.list.Summary
	s.Leaves, s.ClosePairs = e.basis.Head.Size, e.basis.ClosePairs
	groups := map[quota.Group]quota.Group{} // one copy of each name
	var entries []quota.Entry
	err := e.leaves(ctx, func(run *stride) error {
		numbered := s.count(run.leaves)
		found, err := e.groups(ctx, numbered)
		if err != nil {
			return err
		}
		for i, l := range numbered {
			g := found[i]
			if kept, ok := groups[g]; ok {
				g = kept
			} else {
				groups[g] = g
			}
			entries = append(entries, quota.Entry{Number: l.Number, Arrived: l.Arrived, Submission: l.Submission, Group: g})
			e.result = append(e.result, Placement{Submission: l.Submission, Group: g})
		}
		return nil
	})
	if err != nil {
		return err
	}
	return e.settle(entries)
}

// count adds some leaves and returns those with a number.
func (s *Summary) count(leaves []ledger.Leaf) []*ledger.Leaf {
	var numbered []*ledger.Leaf
	for i := range leaves {
		l := &leaves[i]
		if l.Late {
			s.Late++
		}
		switch l.Outcome {
		case ledger.Numbered:
			s.Numbered++
			numbered = append(numbered, l)
			if s.First == 0 || l.Arrived < s.First {
				s.First = l.Arrived
			}
			s.Last = max(s.Last, l.Arrived)
		case ledger.Repeated:
			s.Repeated++
		case ledger.Refused:
			s.Refused++
		}
	}
	return numbered
}

// groups finds where each numbered submission competes, from its sealed
// document; without quotas nowhere.
func (e *edition) groups(ctx context.Context, numbered []*ledger.Leaf) ([]quota.Group, error) {
	out := make([]quota.Group, len(numbered))
	if e.basis.Quotas == nil {
		return out, nil
	}
	ids := make([]clickday.SubmissionID, len(numbered))
	for i, l := range numbered {
		ids[i] = l.Submission
	}
	documents, err := e.Store.SealedDocuments(ctx, ids)
	if err != nil {
		return nil, err
	}
	var g errgroup.Group
	g.SetLimit(max(e.Workers, 1))
	const share = 256
	for from := 0; from < len(ids); from += share {
		g.Go(func() error {
			for i := from; i < min(from+share, len(ids)); i++ {
				var err error
				if out[i], err = e.group(documents[ids[i]]); err != nil {
					return fmt.Errorf("submission %s: %w", ids[i], err)
				}
			}
			return nil
		})
	}
	return out, g.Wait()
}

func (e *edition) group(document []byte) (quota.Group, error) {
	d, err := forms.Thaw(document)
	if err != nil {
		return "", err
	}
	m, ok := e.Models.Model(d.Model, d.ModelVersion)
	if !ok {
		return "", fmt.Errorf("this program does not have model %s, version %d", d.Model, d.ModelVersion)
	}
	a := m.QuotaOf(d.Answers)
	q := e.basis.Quotas
	return q.Table.Find(quota.Names{q.Nations.GroupOf(a.State), a.Sector, a.Province}), nil
}
