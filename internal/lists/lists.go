// Package lists builds and publishes the chronological list of a click day from
// its ledger: a CSV file that anybody can recompute (package ranking), the same
// as sealed PDF documents for people, and what each application got. A list that
// is published never changes; a correction is a new version with a reason.
//
//	lists.go    what is published, and where it is kept
//	quotas.go   a version of the quotas and its publication
//	publish.go  from the ledger to a published list
//	read.go     the first reading: groups and allocation
//	write.go    the second reading: the files
//	pdf.go      pages, tables
//	summary.go  the overview ("quadro") as PDF
//	rows.go     the rows as PDF, in parts
package lists

import (
	"context"
	"errors"
	"io"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/ledger"
	"puntuale/internal/quota"
	"puntuale/internal/ranking"
)

// Names of the files of a list; the parts of the PDF are PartName(1), ….
const (
	CSVName     = "elenco.csv"
	SummaryName = "quadro.pdf"
)

// Media types of the files.
const (
	MediaCSV = "text/csv; charset=utf-8"
	MediaPDF = "application/pdf"
)

var (
	// ErrNotReady is wrapped by every reason for which a list cannot be
	// published yet.
	ErrNotReady = errors.New("the list cannot be published yet")
	// ErrBusy says that another list of the day is being published just now.
	ErrBusy = errors.New("somebody else is publishing a list of this day: wait, and look at it first")
	// ErrChanged says that quotas, list or ledger changed while something was
	// prepared. Nothing was published.
	ErrChanged = errors.New("somebody has published, or the ledger has grown, in the meantime: look, and try again")
	// ErrReason says that a change must give its reason.
	ErrReason = errors.New("a reason is needed, which is published")
	// ErrNotFound says that nothing of the kind is published.
	ErrNotFound = errors.New("not published")
)

// Summary is what a list amounts to.
type Summary struct {
	Leaves   int64 `json:"leaves"`
	Numbered int64 `json:"numbered"`
	Repeated int64 `json:"repeated"`
	Refused  int64 `json:"refused"`
	Late     int64 `json:"late"` // of any outcome
	// ClosePairs counts neighbours nearer than their clocks can tell.
	ClosePairs int64 `json:"close_pairs"`
	// First and Last are the earliest and latest arrival with a number, in
	// nanoseconds since 1970 as published; 0 without any.
	First int64 `json:"first"`
	Last  int64 `json:"last"`
	// Decided is false while a draw waits for its seed, and without quotas.
	Decided bool          `json:"decided"`
	NoRace  bool          `json:"no_race"`
	Groups  []quota.Count `json:"groups"` // only Group, Places and Demand while not decided
	Moves   []quota.Move  `json:"moves"`
}

// Published is a list as it was published.
type Published struct {
	Day      clickday.DayID
	DayCode  string
	Version  int // from 1
	Kind     ranking.Kind
	Size     int64  // leaves of the ledger in it
	Quotas   int    // version of the quotas; 0 for none
	Rule     string // as in the CSV
	Revealed bool   // the seed was, and stands in it
	Summary  Summary
	Reason   string
	Operator string
	At       time.Time
	Files    []File // by name
}

// File is one file of a list.
type File struct {
	Name   string
	Media  string
	Size   int64 // bytes
	SHA256 [32]byte
}

// Placement is what a list gave to one submission.
type Placement struct {
	Submission clickday.SubmissionID
	Decided    bool // false: a draw waits for its seed, or there are no quotas
	Group      quota.Group
	quota.Placement
}

// Standing is the newest placement of a submission, with the list it is from.
type Standing struct {
	Placement
	Day     clickday.DayID
	DayCode string
	Version int
	Kind    ranking.Kind
	At      time.Time
	Count   quota.Count // of the group
}

// Basis is the state of a click day that a list is made from, read in one
// instant.
type Basis struct {
	DayCode    string
	Head       ledger.Head // Size 0 and no Note while nothing is decided
	ClosePairs int64       // of that head
	Seed       []byte      // nil until it is revealed
	Undecided  int64       // submissions of the day without a place in the ledger
	// Promise is the instant before which no active node will deliver
	// anything more, in nanoseconds since 1970; the greatest int64 when
	// there is none.
	Promise int64
	Quotas  *Quotas    // newest version; nil for none
	Newest  *Published // newest list, without files; nil for none
}

// Source is where lists are made from.
type Source interface {
	// Basis reads everything in one snapshot.
	Basis(ctx context.Context, day clickday.DayID) (*Basis, error)
	// LedgerLines calls each with the first size leaves of a day, in order. A
	// line is valid only during the call; leaves never change.
	LedgerLines(ctx context.Context, dayCode string, size int64, each func(index int64, line []byte) error) error
	// SealedDocuments returns the sealed documents of submissions, by id. One
	// that is not there is left out.
	SealedDocuments(ctx context.Context, ids []clickday.SubmissionID) (map[clickday.SubmissionID][]byte, error)
}

// Shelf takes the files of a list that is being published.
type Shelf interface {
	// Create begins a file. What is written is stored in pieces, so a file
	// may be larger than memory. Close ends it. One file may be begun while
	// another is open.
	Create(ctx context.Context, name, media string) (io.WriteCloser, error)
	// Place stores what the list gave to some submissions.
	Place(ctx context.Context, placements []Placement) error
}

// Store keeps what is published.
type Store interface {
	Source
	// PublishList stores a list in one transaction, durable when it returns:
	// fill is called once, and what it puts on the shelf is visible with the
	// list or not at all. Nothing is stored and ErrChanged returned unless
	// list.Version follows the newest version, the quotas are the newest and,
	// for a final list, the ledger is as it was and nothing is undecided;
	// ErrBusy when another list of that day is being published. After
	// another error the list may have been published all the same: Basis
	// tells.
	PublishList(ctx context.Context, list *Published, fill func(Shelf) error) error
}
