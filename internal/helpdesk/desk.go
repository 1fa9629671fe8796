package helpdesk

import (
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/notices"
)

// Letters writes the e-mail that goes out with a change of a ticket; it is
// called in the transaction of the change, and may be called again for it.
type Letters func(t *Ticket) notices.Letter

// Writing is one message to add.
type Writing struct {
	Ticket   int64
	Revision int64 // that the desk has seen; 0 for applicants
	Author   Author
	Staff    clickday.AccountID
	Text     string
	AsksBack bool // the desk waits for an answer
}

// Member is an assistant.
type Member struct {
	ID    clickday.AccountID
	Email string
}

// Caller is what the desk sees of an applicant: who, and how far things are, but
// nothing of what stands in applications, no tax code, no secret.
type Caller struct {
	Account      clickday.AccountID
	Kind         accounts.Kind
	Name         string
	Email        string
	Since        time.Time
	Applications []Tally
	Devices      []Device
}

// Tally counts applications of one state.
type Tally struct {
	Day   string
	Model string
	State string // of the draft or, once one has arrived, of the submission
	Count int64
}

// Device is a paired computer.
type Device struct {
	Name    string
	Since   time.Time
	Revoked bool
}
