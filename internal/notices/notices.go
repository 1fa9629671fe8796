// Package notices tells applicants by e-mail that their receipt is there. The
// promise of a notice is stored with the receipt (package postgres); a job per
// notice calls Courier.Deliver, which composes the message, sends it and writes
// down what became of it. Nothing of this lies on the way of a submission, a
// number or a receipt.
//
//	notices.go  a notice, its message, what can go wrong
//	courier.go  one attempt, and when the next one is due
//	compose.go  the words, Italian and English in one
//	letter.go   letters: e-mails to one person that others write
package notices

import (
	"context"
	"errors"
	"time"

	"puntuale/internal/clickday"
)

// Notice is what there is to say about one receipt.
type Notice struct {
	Submission  clickday.SubmissionID
	Application clickday.ApplicationID
	Day         clickday.DayID
	DayCode     string
	Number      int64
	Arrived     time.Time
	Email       string    // of the account
	CreatedAt   time.Time // when the receipt was stored
	Attempts    int       // including this one
	Unknown     int       // earlier attempts that may have been delivered
	Calendar    []byte    // newest signed calendar, for the name of the day
}

// Message is one e-mail. Subject, Text and HTML are UTF-8; the same notice
// makes the same message, its ID included, however often it is sent.
type Message struct {
	To      string
	Subject string
	Text    string
	HTML    string
	Lang    string // "it" or "en"; empty for both
	ID      string // without angle brackets
	Date    time.Time
}

// State of a notice, as stored.
type State string

const (
	Waiting State = "waiting" // no job yet
	Handed  State = "handed"  // a job will send it
	Sent    State = "sent"    // a mail server has accepted it
	Failed  State = "failed"  // given up, see the result
	Expired State = "expired" // never sent: it waited for too long
)

// Kind is how a sending failed, which decides what is done about it.
type Kind int

const (
	// Unreachable: the mail server does not answer, does not know us, or
	// refuses our sender. It has nothing to do with this message.
	Unreachable Kind = iota
	// Temporary: this message was put off (4xx).
	Temporary
	// Permanent: this message was refused (5xx), or its address is none.
	Permanent
	// Unknown: the connection was lost after the message had gone out and
	// before the answer. It may have been delivered.
	Unknown
)

// Failure is the error of a Sender. Result is for the help desk and holds no
// secret.
type Failure struct {
	Kind   Kind
	Result string
}

func (f *Failure) Error() string { return "mail: " + f.Result }

// Sender hands a message to a mail server. A nil error says that the server has
// answered for it; every other error is or wraps a *Failure. It is safe for
// concurrent use.
type Sender interface {
	Send(ctx context.Context, m *Message) error
}

// ErrSettled says that there is nothing to do about a notice any more.
var ErrSettled = errors.New("notices: settled already")

// Store keeps what becomes of notices, durably on return.
type Store interface {
	// BeginNotice counts and returns one more attempt at a handed notice. An
	// attempt that was begun before and has not ended counts as Unknown. A
	// notice in any other state is ErrSettled.
	BeginNotice(ctx context.Context, id clickday.SubmissionID, now time.Time) (Notice, error)
	// EndNotice makes the state final: Sent, Failed or Expired. It may be repeated.
	EndNotice(ctx context.Context, id clickday.SubmissionID, s State, result string, now time.Time) error
	// PutOffNotice ends the attempt and leaves the notice to its job. counts
	// says whether the attempt counts, unknown whether it may have been
	// delivered. It may be repeated.
	PutOffNotice(ctx context.Context, id clickday.SubmissionID, result string, counts, unknown bool) error
}
