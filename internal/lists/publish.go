package lists

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/forms"
	"puntuale/internal/quota"
	"puntuale/internal/ranking"
)

// Sealer signs a PDF so that every reader can check it.
type Sealer interface {
	Sign(pdf []byte, at time.Time) ([]byte, error)
}

// Press publishes lists. All fields are required.
type Press struct {
	Store  Store
	Models *forms.Catalogue
	Signer note.Signer // of lists: ledger.Signer.ListSigner
	Seal   Sealer
	Body   string // who publishes, as in the certificate of the seal
	// PublicURL is the address of the portal, without a final stroke; the
	// documents name it.
	PublicURL string
	Clock     clock.Clock
	Workers   int // how many documents are read at the same time
}

// Order is what an operator wants published.
type Order struct {
	Day      *clickday.Day // of the signed calendar
	Kind     ranking.Kind
	Reason   string // needed once a final list is published
	Operator string
}

// Publish builds and publishes the list of a click day as its ledger stands. A
// list that would say what the newest one says already is not published again:
// the newest is returned with fresh false, so after a failure whose effect is
// unknown the same order may simply be given again. Errors: ErrNotReady,
// ErrReason, ErrBusy, ErrChanged, and those of the store. It needs a few hundred
// bytes of memory for each numbered submission.
func (p *Press) Publish(ctx context.Context, o *Order) (list *Published, fresh bool, err error) {
	if o.Operator == "" {
		return nil, false, errors.New("a list needs the name of who publishes it")
	}
	b, err := p.Store.Basis(ctx, o.Day.ID)
	if err != nil {
		return nil, false, err
	}
	now := p.Clock.Now()
	if err := ready(o, b, now); err != nil {
		return nil, false, err
	}
	list = draft(o, b, now)
	if repeated(list, b.Newest) {
		return b.Newest, false, nil
	}
	if err := mayFollow(list, b.Newest); err != nil {
		return nil, false, err
	}
	e := &edition{Press: p, day: o.Day, basis: b, list: list, words: NewWords(p.Models)}
	if err := e.allocate(ctx); err != nil {
		return nil, false, err
	}
	err = p.Store.PublishList(ctx, list, func(s Shelf) error { return e.write(ctx, s) })
	if err != nil {
		return nil, false, err
	}
	return list, true, nil
}

// draft is the list before anything is computed.
func draft(o *Order, b *Basis, now time.Time) *Published {
	list := &Published{
		Day: o.Day.ID, DayCode: b.DayCode, Version: 1, Kind: o.Kind, Size: b.Head.Size, Rule: noRule, Revealed: b.Seed != nil,
		Reason: strings.TrimSpace(o.Reason), Operator: o.Operator, At: now.UTC().Truncate(time.Microsecond),
	}
	if b.Newest != nil {
		list.Version = b.Newest.Version + 1
	}
	if b.Quotas != nil {
		list.Quotas, list.Rule = b.Quotas.Version, b.Quotas.Rule.String()
	}
	return list
}

// noRule is the policy of a list without quotas.
const noRule = "none"

// ready says why the list cannot be published yet, if so.
func ready(o *Order, b *Basis, now time.Time) error {
	wait := func(format string, args ...any) error {
		return fmt.Errorf("%w: "+format, append([]any{ErrNotReady}, args...)...)
	}
	switch {
	case o.Kind != ranking.Provisional && o.Kind != ranking.Final:
		return fmt.Errorf("kind %q: want provisional or final", o.Kind)
	case b.DayCode != o.Day.Code:
		return fmt.Errorf("click day %d is %s in the calendar and %s in the database", o.Day.ID, o.Day.Code, b.DayCode)
	case b.Head.Size == 0:
		return wait("no submission of %s has been decided", o.Day.Code)
	case o.Kind == ranking.Provisional:
		return nil
	case o.Day.PhaseAt(now.UnixNano()) != clickday.PhaseAfter:
		return wait("%s is not closed", o.Day.Code)
	case b.Promise < o.Day.Closes:
		return wait("an intake node may still deliver submissions of %s (if it is gone for good, set it inactive)", o.Day.Code)
	case b.Undecided > 0:
		return wait("%d submissions of %s have no place in the ledger yet", b.Undecided, o.Day.Code)
	case b.Seed == nil:
		return wait("the seed of %s is not revealed (portal day reveal)", o.Day.Code)
	}
	return nil
}

// repeated reports whether the newest list was made from the same and says the
// same. A reason asks for a new version in any case, unless it is the same one.
func repeated(list, newest *Published) bool {
	return newest != nil && newest.Kind == list.Kind && newest.Size == list.Size && newest.Quotas == list.Quotas &&
		newest.Revealed == list.Revealed && (list.Reason == "" || list.Reason == newest.Reason)
}

// mayFollow: after a final list only a final one that says why.
func mayFollow(list, newest *Published) error {
	if newest == nil || newest.Kind != ranking.Final {
		return nil
	}
	if list.Kind != ranking.Final {
		return fmt.Errorf("the final list of %s is published as version %d: only a corrected final one may follow", list.DayCode, newest.Version)
	}
	if list.Reason == "" {
		return fmt.Errorf("the final list of %s is published as version %d: %w", list.DayCode, newest.Version, ErrReason)
	}
	return nil
}

// edition is one list on its way.
type edition struct {
	*Press
	day    *clickday.Day
	basis  *Basis
	list   *Published
	words  *Words
	result []Placement // of the numbered, in the order of the ledger
	files  []File      // parts of the PDF that are written
	ranges []span      // what stands in them
}

func (e *edition) header() *ranking.Header {
	b := e.basis
	h := &ranking.Header{
		Kind: e.list.Kind, Day: b.DayCode, Granularity: e.day.Grain(), TieCommitment: e.day.TieCommitment, TieSeed: b.Seed,
		ClosePairs: b.ClosePairs, Policy: e.list.Rule, Checkpoint: b.Head.Note, Timestamp: b.Head.Timestamp,
	}
	if b.Quotas == nil {
		return h
	}
	h.PolicyDocument = sha256.Sum256(b.Quotas.Document)
	for _, r := range b.Quotas.Table.Rows() {
		h.Quotas = append(h.Quotas, ranking.Quota{Group: string(r.Group), Places: r.Places})
	}
	ranking.SortQuotas(h.Quotas)
	return h
}

// place is how the CSV names what became of a numbered submission.
func (p *Placement) place() ranking.Place {
	switch {
	case !p.Decided:
		return ranking.NoPlace
	case p.Admitted:
		return ranking.Admitted
	default:
		return ranking.Waiting
	}
}

// settle allocates, as far as it can be done.
func (e *edition) settle(entries []quota.Entry) error {
	s := &e.list.Summary
	q := e.basis.Quotas
	if q == nil {
		return nil
	}
	if q.Rule.Policy.NeedsSeed() && e.basis.Seed == nil {
		s.Groups = demand(q.Table, entries)
		return nil
	}
	got, err := quota.Allocate(q.Table, q.Rule, e.basis.Seed, entries)
	if err != nil {
		return fmt.Errorf("allocation of %s: %w", e.list.DayCode, err)
	}
	s.Decided, s.NoRace, s.Groups, s.Moves = true, got.NoRace, got.Counts, got.Moves
	if got.NoRace {
		rule := q.Rule
		rule.NoRace = true
		e.list.Rule = rule.String()
	}
	for i := range got.Placements {
		e.result[i].Decided, e.result[i].Placement = true, got.Placements[i]
	}
	return nil
}

// demand counts applications while nothing can be allocated.
func demand(t quota.Table, entries []quota.Entry) []quota.Count {
	counts := make([]quota.Count, len(t.Rows()))
	at := map[quota.Group]*quota.Count{}
	for i, r := range t.Rows() {
		counts[i] = quota.Count{Group: r.Group, Places: r.Places}
		at[r.Group] = &counts[i]
	}
	for i := range entries {
		at[entries[i].Group].Demand++
	}
	return counts
}
