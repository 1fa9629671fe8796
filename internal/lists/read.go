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

// stride is how many leaves are read at once: sixteen bundles of the ledger.
const stride = 16 * ledger.TileWidth

// leaves calls f with the leaves of the list, stride by stride.
func (e *edition) leaves(ctx context.Context, f func(first int64, lines [][]byte, leaves []ledger.Leaf) error) error {
	size := e.basis.Head.Size
	for first := int64(0); first < size; {
		lines, err := e.Store.Leaves(ctx, e.day.ID, first, stride, size)
		if err != nil {
			return err
		}
		if len(lines) == 0 {
			return fmt.Errorf("the ledger of %s has %d leaves, and none from %d on can be read", e.list.DayCode, size, first)
		}
		leaves := make([]ledger.Leaf, len(lines))
		for i, line := range lines {
			if leaves[i], err = ledger.ParseLeaf(line); err != nil {
				return fmt.Errorf("leaf %d of %s: %w", first+int64(i), e.list.DayCode, err)
			}
		}
		if err := f(first, lines, leaves); err != nil {
			return err
		}
		first += int64(len(lines))
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
	err := e.leaves(ctx, func(_ int64, _ [][]byte, leaves []ledger.Leaf) error {
		numbered := s.count(leaves)
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
