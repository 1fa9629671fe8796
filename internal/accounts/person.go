package accounts

import (
	"time"

	"puntuale/internal/clickday"
)

// Identity is the personal data of who has an account.
type Identity struct {
	Surname     string    `json:"surname"`
	Name        string    `json:"name"`
	Sex         string    `json:"sex"`         // "M" or "F"
	Birth       time.Time `json:"birth"`       // midnight UTC
	BirthPlace  string    `json:"birth_place"` // cadastral code of a comune or state
	HomePlace   string    `json:"home_place"`  // the same, of the residence
	HomeAddress string    `json:"home_address"`
	HomeCAP     string    `json:"home_cap"` // empty abroad
	Phone       string    `json:"phone"`    // digits, perhaps with + in front
	PEC         string    `json:"pec"`      // may be empty
}

// FullName is how the person is addressed.
func (p *Identity) FullName() string { return p.Name + " " + p.Surname }

// Versions of what has to be accepted to register. A change of the text needs a
// new version: the day on which it was published.
const (
	ConditionsVersion = "2026-11-22"
	PrivacyVersion    = "2026-11-22"
)

// Acceptance is one document that an account has accepted.
type Acceptance struct {
	Document   string // "conditions" or "privacy"
	Version    string
	AcceptedAt time.Time
}

// Pending is a registration that waits for its e-mail address to be confirmed.
// There is no account yet.
type Pending struct {
	ID                  int64
	Email, PasswordHash string
	Identity            Identity
	TaxCode             string
	Lang                string // of letters: "it" or "en"
	Conditions, Privacy string // accepted versions
	BegunAt             time.Time
}

// MailLink is the secret of a link in an e-mail, as it is stored.
type MailLink struct {
	Hash                 [32]byte // SHA-256 of the token
	CreatedAt, ExpiresAt time.Time
}

// Purpose is what a link in an e-mail opens.
type Purpose string

// The purposes.
const (
	LinkRegister Purpose = "register" // confirms a registration
	LinkReset    Purpose = "reset"    // sets a new password
	LinkEmail    Purpose = "email"    // confirms a new address
	LinkUndo     Purpose = "undo"     // goes back to the old one
)

// How long web sessions last: without being used, and at all.
const (
	SessionIdle = 2 * time.Hour
	SessionLife = 12 * time.Hour
)

// Login is what one web session speaks for.
type Login struct {
	ID              int64
	Account         clickday.AccountID
	Device          string // browser and system, in words
	BegunAt, SeenAt time.Time
}

// SecondFactor is the TOTP of an account.
type SecondFactor struct {
	Sealed    []byte // secret, see Vault
	LastStep  int64  // of the last code that was taken
	Confirmed bool   // asked for at log-in
	CreatedAt time.Time
	CodesLeft int // recovery codes that were not used
}
