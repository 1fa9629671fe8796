// Package sending takes the armed applications of one click day through the
// opening: it keeps connections warm, follows the intake's clock and the signed
// calendar, lets go at the first instant that is certainly not early, and
// repeats the same envelopes until each has a final answer that is on disk.
//
// It knows neither sockets nor windows: connections come from the caller, so
// that tests run whole openings over a simulated network in virtual time.
package sending

import (
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
	// Connections is how many at most go to the home node; 0 means 8.
	Connections int
	// Report is called after every change, from several goroutines; nil is allowed.
	Report func(Progress)
	Log    *slog.Logger // nil: none
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

// Progress is a picture of a run.
type Progress struct {
	Day         clickday.DayID
	Stage       Stage
	Home        clickday.NodeID
	Connections int // to the home node, warm
	Wanted      int
	// Estimate is the home node's clock; Known is false until it is measured.
	Estimate timing.Estimate
	Known    bool
	// Trouble is the last thing that went wrong, nil when all is well.
	Trouble error
}

const (
	defaultConnections = 8
	// The connections are warmed at a random moment between these, so that
	// nobody's handshake meets everybody else's.
	warmEarliest = 10 * time.Minute
	warmLatest   = time.Minute
	// firstSamples are taken on the first connection, to find a short round trip.
	firstSamples = 8
	// finalLead is how long before the opening the last check begins, at random
	// up to finalSpread earlier.
	finalLead   = time.Second
	finalSpread = 2 * time.Second
	// markCost is what putting one record on disk may take.
	markCost = 4 * time.Millisecond
	// giveUp is how long after the close a run without any node goes on.
	giveUp = time.Hour
	// settleTries is how often an answer is looked for after the close.
	settleTries = 8
	// sleptLimit is the jump between the two clocks that counts as a suspend.
	sleptLimit = time.Second
)

// pollEvery is how often the home node's clock and calendar version are looked
// at while waiting.
func pollEvery(remaining time.Duration) time.Duration {
	switch {
	case remaining > warmEarliest:
		return timing.Jitter(time.Minute)
	case remaining > 30*time.Second:
		return timing.Jitter(20 * time.Second)
	default:
		return timing.Jitter(5 * time.Second)
	}
}
