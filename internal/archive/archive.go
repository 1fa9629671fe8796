// Package archive is everything that an account has ever submitted: the
// applications of earlier years, which come from files (their columns: Columns),
// and the search over them and over those made here. It knows neither HTTP nor
// SQL.
package archive

import (
	"context"
	"crypto/sha256"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
)

// State is what became of an archived application.
type State string

// States of archived applications.
const (
	Submitted State = "submitted" // nothing more is known
	Accepted  State = "accepted"  // within the quota
	Waiting   State = "waiting"   // outside of the quota
	Rejected  State = "rejected"
	Withdrawn State = "withdrawn"
)

// States are all of them, in the order in which they are offered.
var States = []State{Submitted, Accepted, Waiting, Rejected, Withdrawn}

// Record is one archived application. It is never changed in the portal.
type Record struct {
	ID          clickday.ApplicationID // IDOf(Source, Reference)
	Account     clickday.AccountID
	Source      string // the system that it comes from
	Reference   string // what it is called there
	Year        int
	Day         string // the click day, as it was called
	Model       clickday.ModelCode
	State       State
	Number      string // as it was written then, "" for none
	SentAt      time.Time
	Employer    string
	Worker      string
	Nationality string // cadastral code of the state, "" when unknown
	// Answers are the other columns of the file. Those that bear the name of a
	// field of a model are answers of that field, so that a new application
	// can begin with them.
	Answers map[string]string
}

// IDOf is the identity of an archived application: the same row of the same
// source is the same application however often it is imported.
func IDOf(source, reference string) clickday.ApplicationID {
	sum := sha256.Sum256([]byte("puntuale archive\x00" + source + "\x00" + reference))
	id := clickday.ApplicationID(sum[:16])
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80 // a UUID of version 8
	return id
}

// Query asks for applications of one account. Empty fields do not narrow.
type Query struct {
	// Words must all be there: a prefix of something written, or an Italian
	// form of it. Alternatives that stand whole follow behind '|'.
	Words []string
	// Worker is likewise, in the worker's name alone.
	Worker []string
	// Number is a protocol number, whole ("FLUSSI-2027/0000012", "12") or, of
	// an archived one, how it begins.
	Number string
	// Year, with Days: the days of the calendar that open in it.
	Year        int
	Days        []clickday.DayID
	Day         clickday.DayID
	Model       clickday.ModelCode
	State       string // a key of Filters
	Nationality string
}

// Cursor is a place in the order of the list: last changed first.
type Cursor struct {
	Moment time.Time // in microseconds
	ID     clickday.ApplicationID
}

// Page says which part of the result is wanted: what comes after a place, or what
// comes before it.
type Page struct {
	From   *Cursor // nil for the beginning, or the end with Before
	Before bool
	Limit  int
}

// Entry is one line of the result: exactly one of the two is set.
type Entry struct {
	Cursor
	Live *accounts.Application
	Old  *Record
}

// Result is one part of what was found.
type Result struct {
	Entries []Entry
	// Total is how many there are in all, at most CountBound; More says that
	// there are more than that.
	Total int
	More  bool
	// Earlier and Later say whether the list goes on in front and behind.
	Earlier, Later bool
}

// CountBound is up to where results are counted: each costs a look at its row.
const CountBound = 500

// Filters are the states that can be asked for: of drafts, of submissions, of
// archived applications.
var Filters = []string{
	"to_complete", "to_validate", "ready", "sealed", "queued", "numbered", "refused",
	"submitted", "accepted", "waiting", "rejected", "withdrawn",
}

// Store keeps and finds. Errors are those of package accounts.
type Store interface {
	// Search returns what the account has that fits, the last changed first.
	// It sees everything that was committed before.
	Search(ctx context.Context, account clickday.AccountID, q *Query, p Page) (Result, error)
	// Archived returns one archived application of the account, or
	// accounts.ErrNotFound.
	Archived(ctx context.Context, account clickday.AccountID, id clickday.ApplicationID) (Record, error)
	// Timeline returns what has happened with an application of the account, in
	// order of time; nothing for one that is not the account's.
	Timeline(ctx context.Context, account clickday.AccountID, id clickday.ApplicationID) ([]Event, error)
	// ReceiptsOf calls each for every receipt of the account whose submission
	// arrived in [from, until), by number, and stops at its first error.
	ReceiptsOf(ctx context.Context, account clickday.AccountID, from, until time.Time, each func(*Receipt) error) error
}

// Receipt is a PDF on its way into an archive file.
type Receipt struct {
	Application clickday.ApplicationID
	DayCode     string
	Number      int64
	IssuedAt    time.Time
	PDF         []byte
}

// EventKind says what has happened.
type EventKind string

// Kinds of events.
const (
	Created   EventKind = "created"
	Saved     EventKind = "saved" // the last time, while it is a draft
	Sealed    EventKind = "sealed"
	Reopened  EventKind = "reopened"
	Synced    EventKind = "synced"   // Detail: name of the computer
	Arrived   EventKind = "arrived"  // Stamp is set
	Numbered  EventKind = "numbered" // Number, Detail: code of the day
	Refused   EventKind = "refused"  // Detail: code of the reason
	Receipted EventKind = "receipted"
	Noticed   EventKind = "noticed"  // an e-mail was accepted by the mail server
	Listed    EventKind = "listed"   // Number: version of the list; Detail: code of the day
	Asked     EventKind = "asked"    // Detail: number of the ticket at the help desk
	Answered  EventKind = "answered" // the help desk has written; Detail: number of the ticket
)

// Event is one line of a timeline.
type Event struct {
	Kind    EventKind
	At      time.Time
	Exact   bool // At is a stamp of an intake node, in nanoseconds
	Number  int64
	Version uint32 // of the seal
	Detail  string
}
