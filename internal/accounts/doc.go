// Package accounts is what the portal keeps about people: accounts with their
// passwords, applications with their seals and outcomes, and paired computers.
// It holds the types that the pages and the database share, and the log-in:
// argon2id with fixed parameters, throttled per e-mail address, the same work
// and the same answer whether the account exists or not; the second factor
// (TOTP) and what makes a password good. Package membership is what people do
// with an account of theirs, from the registration to its end.
package accounts

import (
	"errors"
	"time"

	"puntuale/internal/clickday"
)

// Errors of the stores that keep what this package describes.
var (
	// ErrNotFound: there is none, or it belongs to another account. The two
	// are never told apart.
	ErrNotFound = errors.New("accounts: not found")
	// ErrChanged: the application was saved by somebody else meanwhile; read
	// it again.
	ErrChanged = errors.New("accounts: changed meanwhile")
	// ErrState: the application is not in the state that the step needs.
	ErrState = errors.New("accounts: not possible in this state")
	// ErrSent: a submission of the application has arrived, so its seal stays.
	ErrSent = errors.New("accounts: already sent")
	// ErrForeignDevice: the device key is registered with another account.
	ErrForeignDevice = errors.New("accounts: device key belongs to another account")
	// ErrLink: a link of an e-mail that is unknown, used, or over.
	ErrLink = errors.New("accounts: link is not valid any more")
	// ErrSoleOwner: an organisation would have nobody who decides for it.
	ErrSoleOwner = errors.New("accounts: the only owner of an organisation")
	// ErrTaken: another account logs in with that address.
	ErrTaken = errors.New("accounts: e-mail address is taken")
	// ErrTokenBound: the access token serves another device already.
	ErrTokenBound = errors.New("accounts: token is bound to another device")
)

// Kind says who an account stands for.
type Kind string

const (
	Person       Kind = "person"
	Company      Kind = "company"
	Intermediary Kind = "intermediary"
)

// Account is a registered applicant (richiedente).
type Account struct {
	ID           clickday.AccountID
	Kind         Kind
	Email        string
	PasswordHash string // argon2id, PHC string
	Name         string
	TaxCode      string
	CreatedAt    time.Time
}

// Application is one filled-in model, addressed to one click day.
type Application struct {
	ID           clickday.ApplicationID
	Account      clickday.AccountID
	Day          clickday.DayID
	Model        clickday.ModelCode
	ModelVersion uint16
	Answers      map[string]string // canonical texts by field id
	State        clickday.ApplicationState
	Revision     int64  // grows with every save; guards against lost updates
	SealVersion  uint32 // of the newest seal, 0 for none
	CreatedAt    time.Time
	UpdatedAt    time.Time
	// Outcome is the submission that counts, nil while none has arrived.
	Outcome *Outcome
}

// Sent reports whether a submission has arrived that was not refused.
func (a *Application) Sent() bool {
	return a.Outcome != nil && a.Outcome.State != clickday.Refused
}

// Seal is one frozen version of an application.
type Seal struct {
	Application clickday.ApplicationID
	Version     uint32
	Document    []byte // canonical bytes
	Digest      clickday.Digest
	SealedAt    time.Time
	// Attachments has a line for each file that lay beside the document:
	// "sha256 kind size name". It is read with the seal that counts.
	Attachments string
}

// SealedApplication is an application with the seal that counts.
type SealedApplication struct {
	Application
	Seal Seal
}

// Outcome is what has become of one submission.
type Outcome struct {
	Submission  clickday.SubmissionID
	Application clickday.ApplicationID
	Day         clickday.DayID
	SealVersion uint32
	State       clickday.SubmissionState
	Reason      clickday.Code // when refused
	Number      int64         // when sequenced or receipted
	Stamp       clickday.Stamp
	Receipt     bool // the PDF can be downloaded
}

// Entry is what the register says in public about a numbered submission: nothing
// of a person, enough to check a receipt.
type Entry struct {
	Day     clickday.DayID
	Model   clickday.ModelCode
	Number  int64
	Arrived int64 // nanoseconds since 1970, UTC
	Digest  clickday.Digest
	// ReceiptSHA256 is the SHA-256 of the PDF receipt; zero while there is none.
	ReceiptSHA256 [32]byte
}

// Device is a paired computer.
type Device struct {
	ID        int64
	Account   clickday.AccountID
	PublicKey [32]byte // Ed25519
	Name      string
	CreatedAt time.Time
	Revoked   bool
}

// Node is an intake node as mini-clients are told of it.
type Node struct {
	ID        clickday.NodeID
	URL       string
	WarmURL   string // ticketed address of the node, or empty
	PublicKey []byte // Ed25519
	CA        string // PEM of the private authority of its certificate, or empty
}

// Grant is what a person has consented to when a code is given out (RFC 6749,
// RFC 7636).
type Grant struct {
	Account     clickday.AccountID // whose applications may be fetched
	Person      clickday.AccountID // who has consented; Account itself, or who acts for it
	RedirectURI string
	Challenge   string // S256
	ExpiresAt   time.Time
}

// Bearer is who an access token speaks for.
type Bearer struct {
	Account Account
	Device  *Device // nil until its key is registered
}
