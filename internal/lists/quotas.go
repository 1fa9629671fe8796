package lists

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/quota"
)

// Quotas is one published version of the places of a click day.
type Quotas struct {
	Day      clickday.DayID
	DayCode  string
	Version  int // from 1
	Rule     quota.Rule
	Table    quota.Table
	Nations  quota.Nations
	Document []byte // the published basis of the allocation, as it is downloaded
	Reason   string // of a change after the opening
	Operator string
	At       time.Time
}

// QuotaStore keeps the versions.
type QuotaStore interface {
	// NewestQuotas returns the newest version of a day, or nil.
	NewestQuotas(ctx context.Context, day clickday.DayID) (*Quotas, error)
	// AddQuotas stores the next version, durable when it returns, and
	// ErrChanged when q.Version does not follow the newest. After another
	// error it may be there all the same: NewestQuotas tells.
	AddQuotas(ctx context.Context, q *Quotas) error
}

// maxDocument bounds the published document, in bytes.
const maxDocument = 1 << 20

// SetQuotas publishes a version of the quotas of a day. Until the opening it may
// replace an earlier one freely; from the opening on the quotas are frozen and
// a new version needs a reason, which is published with it. A version that
// changes nothing is not published: the one that stands is returned.
func SetQuotas(ctx context.Context, s QuotaStore, day *clickday.Day, q *Quotas, now time.Time) (*Quotas, error) {
	q.Reason = strings.TrimSpace(q.Reason)
	switch {
	case q.Table.Empty():
		return nil, errors.New("quotas without a row")
	case q.Rule.NoRace:
		return nil, errors.New("no-race is what a list finds out, not a rule to be set")
	case q.Operator == "":
		return nil, errors.New("quotas need the name of who publishes them")
	}
	newest, err := s.NewestQuotas(ctx, day.ID)
	if err != nil {
		return nil, err
	}
	q.Day, q.DayCode, q.Version, q.At = day.ID, day.Code, 1, now
	if newest != nil {
		q.Version = newest.Version + 1
		if len(q.Document) == 0 {
			q.Document = newest.Document
		}
		if newest.same(q) {
			return newest, nil
		}
	}
	if len(q.Document) == 0 || len(q.Document) > maxDocument {
		return nil, fmt.Errorf("quotas need the document that says how places are given: at most %d bytes", maxDocument)
	}
	if now.UnixNano() >= day.Opens && q.Reason == "" {
		return nil, fmt.Errorf("the quotas of %s are frozen since the opening: %w", day.Code, ErrReason)
	}
	if err := s.AddQuotas(ctx, q); err != nil {
		return nil, err
	}
	return q, nil
}

// same reports whether two versions give the same places in the same way.
func (q *Quotas) same(o *Quotas) bool {
	return q.Rule.String() == o.Rule.String() && string(q.Table.CSV()) == string(o.Table.CSV()) &&
		string(q.Nations.CSV()) == string(o.Nations.CSV()) && string(q.Document) == string(o.Document)
}
