// Package sending takes the armed applications of one click day through the
// opening: it keeps connections warm, follows the intake's clock and the signed
// calendar, lets go at the first instant that is certainly not early, and
// repeats the same envelopes until each has a final answer that is on disk.
//
// It knows neither sockets nor windows: connections come from the caller, so
// that tests run whole openings over a simulated network in virtual time.
package sending

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"errors"
	"log/slog"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/client/store"
	"puntuale/internal/client/timing"
	"puntuale/internal/wire"
)

// Answer is what came back for one request, not yet judged.
type Answer struct {
	Status     int
	Type       string // media type
	Body       []byte
	RetryAfter time.Duration // as the node asked for; 0 when it did not
	Last       bool          // the node closes the connection after this answer
}

// Link is one warm connection to a node. Its methods are not called
// concurrently; after an error only Close is.
type Link interface {
	// Time exchanges the time once; the node's signature has been checked.
	Time(ctx context.Context) (timing.Sample, wire.TimeAnswer, error)
	// Calendar returns the signed calendar that the node obeys, unchecked.
	Calendar(ctx context.Context) ([]byte, error)
	// Submit sends an envelope with one write. An error means that nobody
	// knows whether it arrived; repeating it is always safe.
	Submit(ctx context.Context, envelope []byte) (Answer, error)
	// Status asks for the acknowledgement of an earlier submission.
	Status(ctx context.Context, id clickday.SubmissionID) (Answer, error)
	// Close drops the connection.
	Close() error
}

// Node is one intake node and the way to it.
type Node struct {
	ID     clickday.NodeID
	Public ed25519.PublicKey // checks its acknowledgements
	// Dial connects. The envelope is the one that is likely to be sent first, so
	// that its ticket can be shown where one is asked for; nil when there is none.
	Dial func(ctx context.Context, envelope []byte) (Link, error)
}

// Records is the memory of the applications. *store.Store implements it.
type Records interface {
	// Day returns the records of one click day.
	Day(id clickday.DayID) []store.Record
	// Put returns when the records are durable.
	Put(records ...store.Record) error
}

// Calendars holds the newest signed calendar.
type Calendars interface {
	// Current returns the calendar in force; never nil.
	Current() *clickday.Calendar
	// Offer checks signed bytes and, when they are genuine and newer, makes
	// them durable and current. It reports whether that changed anything.
	Offer(signed []byte) (bool, error)
}

// Errors that end a run.
var (
	// ErrUnknownDay: the calendar no longer has the click day.
	ErrUnknownDay = errors.New("the click day is not in the calendar any more: sync again")
	// ErrNoNode: no intake node could be reached until well after the close.
	ErrNoNode = errors.New("no intake node could be reached")
)

// Config is everything a run needs. Nodes, Records, Calendars, Base and Wait
// are required.
type Config struct {
	Day       clickday.DayID
	Nodes     []Node
	Records   Records
	Calendars Calendars
	Base      *timing.Base
	Wait      timing.Wait
	// Ready is called some seconds before the wait by the goroutine that waits, and
	// what it returns afterwards, by the same: see timing.Ready. nil is allowed.
	Ready func(context.Context) (end func())
	// Connections is how many at most go to the home node, one for each
	// application otherwise; 0 means MaxConnections.
	Connections int
	// Moments are those before the opening; a zero field means its default.
	Moments Moments
	// Report is called after every change, from several goroutines; nil is allowed.
	Report func(Progress)
	Log    *slog.Logger // nil: none

	first func(nodes int) int // chooses the home node; nil: by lot
}

// Stage is what a run is doing.
type Stage string

const (
	StageConnecting Stage = "connecting"
	StageWaiting    Stage = "waiting"
	StageSuspended  Stage = "suspended"
	StageSending    Stage = "sending"
	StageSettling   Stage = "settling" // the day is over, answers are still missing
	StageDone       Stage = "done"
)

// LinkState is what a connection is doing.
type LinkState string

const (
	LinkNone       LinkState = "none" // not yet: its moment has not come
	LinkConnecting LinkState = "connecting"
	LinkWarm       LinkState = "warm"    // open and answered
	LinkSending    LinkState = "sending" // a request is on its way
	LinkLost       LinkState = "lost"    // it was there and broke, or could not be made
)

// LinkView is one connection of a run.
type LinkView struct {
	Node    clickday.NodeID
	Standby bool // to the node that takes over
	State   LinkState
	Sent    int // submissions that went over it, repeats included
}

// Progress is a picture of a run.
type Progress struct {
	Day         clickday.DayID
	Stage       Stage
	Home        clickday.NodeID
	Connections int // to the home node, warm
	Wanted      int
	// Links are all connections: those to the home node first. Nobody changes
	// the slice after it was reported.
	Links []LinkView
	// Estimate is the home node's clock; Known is false until it is measured.
	Estimate timing.Estimate
	Known    bool
	// Aim is when the requests leave, in nanoseconds of the node's clock: the
	// opening and the error of the estimate; 0 before it is known.
	Aim int64
	// Trouble is the last thing that went wrong, nil when all is well.
	Trouble error
}

// MaxConnections is how many connections one sender keeps to its home node at
// most. The rule for everybody is one connection for each application, up to
// this many (docs/miniclient.md, "Connections").
const MaxConnections = 64

// Moments are the moments before an opening. Rehearsals shorten them.
type Moments struct {
	// Each connection is warmed at a random moment between these, so that
	// nobody's handshake meets everybody else's: 10 min, 1 min.
	WarmEarliest, WarmLatest time.Duration
	// KeepAlive is how often an idle connection is used, give or take a quarter: 40 s.
	KeepAlive time.Duration
	// FinalLead is how long before the opening the last check begins, at random
	// up to FinalSpread earlier: 400 ms, 1200 ms.
	FinalLead, FinalSpread time.Duration
	// Mark is how long before the opening "may have been sent" goes to disk, and
	// longer for many applications or a slow disk: 10 s.
	Mark time.Duration
}

func (m *Moments) fill() {
	m.WarmEarliest = cmp.Or(m.WarmEarliest, 10*time.Minute)
	m.WarmLatest = min(cmp.Or(m.WarmLatest, time.Minute), m.WarmEarliest)
	m.KeepAlive = cmp.Or(m.KeepAlive, 40*time.Second)
	m.FinalLead = cmp.Or(m.FinalLead, 400*time.Millisecond)
	m.Mark = cmp.Or(m.Mark, 10*time.Second)
	m.FinalSpread = cmp.Or(m.FinalSpread, 1200*time.Millisecond)
}

const (
	// standbyLinks is how many of the workers keep a connection to the second
	// node too; the others connect there when they have to.
	standbyLinks = 8
	// standbyPatience is how long the second node may take while waiting, and
	// standbyAgain how long it is left alone after it failed.
	standbyPatience = 2 * time.Second
	standbyAgain    = time.Minute
	// firstSamples are taken on the first connection, to find a short round trip.
	firstSamples = 8
	// finalLinks is on how many connections the last check is made, finalTries
	// how often at most; an error that is finalEnough over that of the quickest
	// exchange so far is good enough.
	finalLinks  = 2
	finalTries  = 4
	finalMargin = 200 * time.Millisecond
	finalEnough = 300 * time.Microsecond
	// markCost is what putting one record on disk takes at least.
	markCost = 4 * time.Millisecond
	// lookEvery is how often a waiting run looks whether the computer has slept.
	lookEvery = time.Second
	// giveUp is how long after the close a run without any node goes on.
	giveUp = time.Hour
	// settleTries is how often an answer is looked for after the close.
	settleTries = 8
	// sleptLimit is the jump between the two clocks that counts as a suspend.
	sleptLimit = time.Second
	// farAway is how long before the opening no connection is kept between two looks.
	farAway = time.Hour
)

// pollEvery is how often the home node's clock and calendar version are looked
// at while waiting.
func pollEvery(remaining time.Duration) time.Duration {
	switch {
	case remaining > farAway:
		return timing.Jitter(5 * time.Minute)
	case remaining > 10*time.Minute:
		return timing.Jitter(2 * time.Minute)
	case remaining > 30*time.Second:
		return timing.Jitter(20 * time.Second)
	default:
		return timing.Jitter(5 * time.Second)
	}
}
