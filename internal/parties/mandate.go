package parties

import (
	"errors"
	"time"

	"puntuale/internal/clickday"
)

// MandateState is how far a mandate has come.
type MandateState string

// States of a mandate.
const (
	Asked          MandateState = "asked"    // by the intermediary; the employer has not answered
	Granted        MandateState = "granted"  // by the employer's own account
	Declared       MandateState = "declared" // by the intermediary, with the signed document
	MandateRefused MandateState = "refused"  // by the employer's own account
	Revoked        MandateState = "revoked"  // by either side
)

// Mandate lets an intermediary file for an employer.
type Mandate struct {
	ID               int64
	Intermediary     clickday.AccountID
	IntermediaryName string
	EmployerName     string
	EmployerCode     string         // in the form of Plain
	Day              clickday.DayID // 0 for all
	DayCode          string         // empty for all
	From, Until      time.Time      // Until is zero for no end
	State            MandateState
	CreatedAt        time.Time
	DecidedAt        time.Time
	RevokedAt        time.Time
	Document         string // name of the uploaded file, empty without
	Resting          int    // sealed applications, not sent yet, that rest on it
}

// File is a document that proves a mandate on paper.
type File struct {
	Name      string // fit to be stored and sent in a header
	MediaType string // from its content (package attachment)
	Content   []byte
}

// InForce reports whether the mandate holds at t.
func (m *Mandate) InForce(t time.Time) bool {
	return (m.State == Granted || m.State == Declared) && !t.Before(m.From) && (m.Until.IsZero() || t.Before(m.Until))
}

// Covers reports whether an application to the day may be sealed at now under
// the mandate: it holds now and reaches to the close of the day, as published.
func (m *Mandate) Covers(day clickday.DayID, now, closes time.Time) bool {
	return m.InForce(now) && (m.Day == 0 || m.Day == day) && (m.Until.IsZero() || !m.Until.Before(closes))
}

// ErrNoMandate is what every *Obstacle is (errors.Is).
var ErrNoMandate = errors.New("parties: no mandate covers the application")

// Obstacle says why an application may not be sealed.
type Obstacle struct {
	// Kind is what is missing, see the constants.
	Kind string
	// Code and Name are those of the employer.
	Code, Name string
	// Mandate is the one that comes closest, nil for none.
	Mandate *Mandate
}

// Kinds of obstacles.
const (
	NotApproved = "approval"  // the intermediary is not approved (yet)
	Foreign     = "foreign"   // a company files for itself alone
	NoMandate   = "none"      // there is none
	Unanswered  = "asked"     // the employer has not answered
	Declined    = "refused"   // the employer has refused
	Withdrawn   = "revoked"   // it was revoked
	OtherDay    = "other_day" // it is for another click day
	NotYet      = "not_yet"   // it begins later
	Ended       = "ended"     // it is over
	EndsEarly   = "ends"      // it ends before the click day closes
)

// Error names the kind.
func (o *Obstacle) Error() string { return "parties: may not be sealed: " + o.Kind }

// Is makes every obstacle an ErrNoMandate.
func (o *Obstacle) Is(target error) bool { return target == ErrNoMandate }

// nearness orders obstacles: what needs least to be mended comes last.
var nearness = map[string]int{
	NoMandate: 0, Withdrawn: 1, Declined: 2, Ended: 3, OtherDay: 4, NotYet: 5, Unanswered: 6, EndsEarly: 7,
}

// Cover picks the mandate of the list, all of one employer and intermediary,
// that covers the application, or says what is missing.
func Cover(list []Mandate, day clickday.DayID, now, closes time.Time) (*Mandate, *Obstacle) {
	missing := &Obstacle{Kind: NoMandate}
	for i := range list {
		m := &list[i]
		if m.Covers(day, now, closes) {
			return m, nil
		}
		if kind := m.lacks(day, now); nearness[kind] > nearness[missing.Kind] {
			missing = &Obstacle{Kind: kind, Mandate: m}
		}
	}
	return nil, missing
}

// lacks says why a mandate does not cover; it was asked and does not.
func (m *Mandate) lacks(day clickday.DayID, now time.Time) string {
	switch {
	case m.State == Revoked:
		return Withdrawn
	case m.State == MandateRefused:
		return Declined
	case !m.Until.IsZero() && !now.Before(m.Until):
		return Ended
	case m.Day != 0 && m.Day != day:
		return OtherDay
	case m.State == Asked:
		return Unanswered
	case now.Before(m.From):
		return NotYet
	}
	return EndsEarly
}
