// Package parties is the room where persons say who may act for whom: companies
// and intermediaries, delegations, mandates, and the choice of the account that
// the pages are for. Staff approve intermediaries here. The rules are in package
// parties of the parts (rules here); the store checks every step in the database.
package parties

import (
	"context"
	"embed"
	"net/http"
	"strconv"
	"strings"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/notices"
	rules "puntuale/internal/parties"
	"puntuale/internal/portal/site"
	"puntuale/internal/portal/timetable"
)

//go:embed templates/*.html
var templates embed.FS

//go:embed texts.json
var textsFile []byte

// Letterhead makes a letter to somebody in their language.
type Letterhead = func(email, name, lang string) notices.Letter

// Store keeps who may act for whom. Whatever takes an Actor checks, in the same
// transaction, that the person may act for the account at that instant; else it
// is accounts.ErrNotFound, or rules.ErrRole if the role does not allow it. Every
// change happens whole, with the letter that tells of it, or not at all.
type Store interface {
	// Seats lists the accounts that a person may act for.
	Seats(ctx context.Context, person clickday.AccountID, now time.Time) ([]rules.Seat, error)
	// Account returns an account, or accounts.ErrNotFound.
	Account(ctx context.Context, id clickday.AccountID) (accounts.Account, error)
	// ActingFor returns the account with the role of the person.
	ActingFor(ctx context.Context, who rules.Actor) (rules.Acting, error)

	// CreateOrganisation returns its account; rules.ErrTaken.
	CreateOrganisation(ctx context.Context, person clickday.AccountID, o *rules.Organisation, now time.Time) (clickday.AccountID, error)
	// Organisation is accounts.ErrNotFound for the account of a person too.
	Organisation(ctx context.Context, who rules.Actor) (rules.Organisation, error)
	// SaveOrganisation is accounts.ErrChanged when somebody saved meanwhile.
	SaveOrganisation(ctx context.Context, who rules.Actor, o *rules.Organisation) error
	// CloseOrganisation ends it for good; accounts.ErrState while something is
	// sealed and not sent.
	CloseOrganisation(ctx context.Context, who rules.Actor) error

	// Delegations lists those of the account, to operators their own.
	Delegations(ctx context.Context, who rules.Actor) ([]rules.Delegation, error)
	// Giver is what the actor may hand on.
	Giver(ctx context.Context, who rules.Actor) (rules.Giver, error)
	// Invite offers a delegation; token is the SHA-256 of the link's secret.
	Invite(ctx context.Context, who rules.Actor, want *rules.Grant, token [32]byte, letter Letterhead) error
	// InvitationsFor lists those to the person's address.
	InvitationsFor(ctx context.Context, person clickday.AccountID, now time.Time) ([]rules.Invitation, error)
	// InvitationByToken finds the invitation of a link.
	InvitationByToken(ctx context.Context, token [32]byte, now time.Time) (int64, error)
	// AnswerInvitation is rules.ErrInvitation when it is not the person's.
	AnswerInvitation(ctx context.Context, person clickday.AccountID, id int64, accept bool, now time.Time) (clickday.AccountID, error)
	// RevokeDelegation ends it with all that rests on it.
	RevokeDelegation(ctx context.Context, who rules.Actor, id int64) (computers int64, err error)

	MandateStore
	StaffStore
}

// MandateStore keeps mandates.
type MandateStore interface {
	// Mandates lists what the account has given or holds, and how many.
	Mandates(ctx context.Context, who rules.Actor, words string, limit, offset int) ([]rules.Mandate, int, error)
	// Mandate returns one of either side.
	Mandate(ctx context.Context, who rules.Actor, id int64) (rules.Mandate, error)
	// AddMandate asks for one, declares it, or grants it; rules.ErrMandated.
	AddMandate(ctx context.Context, who rules.Actor, m *rules.Mandate, file *rules.File, letter Letterhead) (int64, error)
	// AnswerMandate grants or refuses; accounts.ErrState.
	AnswerMandate(ctx context.Context, who rules.Actor, id int64, grant bool, letter Letterhead) error
	// RevokeMandate returns how many seals it has voided; accounts.ErrState.
	RevokeMandate(ctx context.Context, who rules.Actor, id int64, letter Letterhead) (int64, error)
	// MandateDocument returns the file.
	MandateDocument(ctx context.Context, who rules.Actor, id int64) (rules.File, error)
	// ApprovedIntermediaries finds intermediaries by name or tax code.
	ApprovedIntermediaries(ctx context.Context, words string, limit int) ([]rules.Organisation, error)
	// SealObstacle says what keeps an application from being sealed, nil for
	// nothing.
	SealObstacle(ctx context.Context, account clickday.AccountID, id clickday.ApplicationID, now time.Time) (*rules.Obstacle, error)
}

// StaffStore is for staff; every look and act is in the audit log.
type StaffStore interface {
	Intermediaries(ctx context.Context, staff clickday.AccountID, state rules.State, now time.Time) ([]rules.Organisation, error)
	// DecideIntermediary needs the revision that was looked at, else
	// accounts.ErrChanged.
	DecideIntermediary(ctx context.Context, staff clickday.AccountID, o *rules.Organisation, state rules.State, reason string, now time.Time, letter Letterhead) error
}

// Parties is the room. It is safe for concurrent use.
type Parties struct {
	site     *site.Site
	store    Store
	calendar *timetable.Reader
}

// New returns the room.
func New(s *site.Site, store Store, calendar *timetable.Reader) *Parties {
	return &Parties{s, store, calendar}
}

// Room returns its pages.
func (p *Parties) Room() site.Room {
	personal := func(pattern string, h func(http.ResponseWriter, *http.Request, *site.Visit) error) site.Route {
		return site.Route{Pattern: pattern, Access: site.Personal, Handle: h}
	}
	return site.Room{Name: "parties", Templates: templates, Texts: textsFile, Routes: []site.Route{
		{Pattern: "GET /acting", Access: site.Personal, Handle: p.actingForm, Essential: true},
		{Pattern: "POST /acting", Access: site.Personal, Handle: p.actingSubmit, Essential: true},
		personal("GET /parties", p.seats),
		personal("GET /parties/new", p.newForm),
		personal("POST /parties/new", p.newSubmit),
		personal("GET /parties/{party}", p.party),
		personal("GET /parties/{party}/edit", p.editForm),
		personal("POST /parties/{party}/edit", p.editSubmit),
		personal("GET /parties/{party}/close", p.closeForm),
		personal("POST /parties/{party}/close", p.closeSubmit),
		personal("GET /parties/{party}/invite", p.inviteForm),
		personal("POST /parties/{party}/invite", p.inviteSubmit),
		personal("GET /parties/{party}/delegations/{delegation}/revoke", p.revokeForm),
		personal("POST /parties/{party}/delegations/{delegation}/revoke", p.revokeSubmit),
		personal("GET /invitations/{token}", p.invitation),
		personal("POST /invitations", p.invitationSubmit),
		personal("GET /mandates", p.mandates),
		personal("GET /mandates/new", p.mandateForm),
		{Pattern: "POST /mandates/new", Access: site.Personal, Handle: p.mandateSubmit, Upload: true},
		personal("GET /mandates/{mandate}", p.mandate),
		personal("GET /mandates/{mandate}/document", p.mandateDocument),
		personal("POST /mandates/{mandate}/answer", p.mandateAnswer),
		personal("POST /mandates/{mandate}/revoke", p.mandateRevoke),
		personal("GET /applications/{id}/mandate", p.missing),
		{Pattern: "GET /staff/intermediaries", Access: site.Administrator, Handle: p.staffList},
		{Pattern: "POST /staff/intermediaries/{party}", Access: site.Administrator, Handle: p.staffDecide},
	}, Errors: []site.ErrorPage{
		{Err: rules.ErrRole, Status: http.StatusForbidden, Key: "parties.role_error"},
		{Err: rules.ErrMayNotDelegate, Status: http.StatusForbidden, Key: "parties.role_error"},
		{Err: rules.ErrLastOwner, Status: http.StatusConflict, Key: "parties.last_owner"},
		{Err: rules.ErrInvitation, Status: http.StatusConflict, Key: "parties.invitation_over"},
		{Err: rules.ErrNoMandate, Status: http.StatusConflict, Key: "parties.no_mandate"},
	}}
}

// actor is the visitor for the account of the address.
func (p *Parties) actor(r *http.Request, v *site.Visit) (rules.Actor, error) {
	id, err := strconv.ParseInt(r.PathValue("party"), 10, 64)
	if err != nil || id < 1 {
		return rules.Actor{}, accounts.ErrNotFound
	}
	return rules.Actor{Person: v.Person.ID, Account: clickday.AccountID(id), At: p.site.Clock().Now()}, nil
}

// chosen is the visitor for the account that is chosen.
func (p *Parties) chosen(v *site.Visit) rules.Actor {
	return rules.Actor{Person: v.Person.ID, Account: v.Account.ID, At: p.site.Clock().Now()}
}

// number reads an id in the address; what is none is not found.
func number(r *http.Request, name string) (int64, error) {
	id, err := strconv.ParseInt(r.PathValue(name), 10, 64)
	if err != nil || id < 1 {
		return 0, accounts.ErrNotFound
	}
	return id, nil
}

func partyURL(id clickday.AccountID) string { return "/parties/" + strconv.FormatInt(int64(id), 10) }

// lastDay writes an end as the last day that is still good; empty for none.
func (p *Parties) lastDay(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Add(-time.Second).In(p.site.Rome()).Format("02/01/2006")
}

// day writes the Italian date of an instant; empty for none.
func (p *Parties) day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(p.site.Rome()).Format("02/01/2006")
}

// endOf reads the last day of something, as a date field sends it or as people
// write it; the end is the midnight after it in Italy. Empty is no end.
func (p *Parties) endOf(s string) (time.Time, bool) {
	s = strings.TrimSpace(s)
	if s == "" {
		return time.Time{}, true
	}
	for _, layout := range []string{"2006-01-02", "2/1/2006"} {
		if t, err := time.ParseInLocation(layout, s, p.site.Rome()); err == nil && t.Year() < 2200 {
			return time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, p.site.Rome()), true
		}
	}
	return time.Time{}, false
}
