package accounts

import (
	"time"

	"puntuale/internal/clickday"
)

// Scope says what a personal access token may do.
type Scope string

const (
	ScopeRead  Scope = "read"
	ScopeWrite Scope = "write" // reads too
)

// Program is a personal access token: with it software of the applicant's own
// speaks for an account. The secret itself is not kept.
type Program struct {
	ID      int64
	Account clickday.AccountID // on whose behalf
	Person  clickday.AccountID // who made it
	Name    string
	Scope   Scope
	// Hint is the last characters of the secret, to tell tokens apart.
	Hint      string
	CreatedAt time.Time
	ExpiresAt time.Time
	LastUsed  *time.Time // nil before the first use; to the hour
	RevokedAt *time.Time // nil while it holds
}

// ProgramBearer is a personal access token that holds, with the account that it
// speaks for.
type ProgramBearer struct {
	Program Program
	Account Account
}

// Changes picks applications in the order in which they were last changed: those
// after an instant and, of that instant, after an id. Empty parts pick all.
type Changes struct {
	After   time.Time
	AfterID clickday.ApplicationID
	Day     clickday.DayID
	Model   clickday.ModelCode
	State   clickday.ApplicationState
	Limit   int
}
