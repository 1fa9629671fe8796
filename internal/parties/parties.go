// Package parties is who may act for whom: companies and intermediaries with
// their data, delegations and sub-delegations of persons, and the mandates
// without which an intermediary seals nothing. It holds rules and types; it
// knows no HTTP and no database.
//
//	parties.go       roles, what a person may act for
//	organisation.go  the data of a company or intermediary, and their checks
//	vat.go           partita IVA
//	delegation.go    what one person may hand on to another
//	mandate.go       what covers an application, and what is missing
package parties

import (
	"errors"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
)

// Errors of the stores that keep what this package describes.
var (
	// ErrTaken: an organisation of that kind with that tax code is registered.
	ErrTaken = errors.New("parties: organisation is registered already")
	// ErrRole: the person may act for the account, but not do this.
	ErrRole = errors.New("parties: the role does not allow it")
	// ErrLastOwner: an organisation needs an owner.
	ErrLastOwner = errors.New("parties: the last owner stays")
	// ErrInvitation: the invitation is over, settled, or for another address.
	ErrInvitation = errors.New("parties: invitation not valid")
	// ErrOwn: a person needs no delegation for their own account.
	ErrOwn = errors.New("parties: nobody is their own delegate")
	// ErrMandated: there is such a mandate already, asked or in force.
	ErrMandated = errors.New("parties: there is such a mandate already")
)

// Role is what a person may do for an account.
type Role string

// Roles. Each may do what those after it may.
const (
	Owner    Role = "owner"    // the data of the organisation, and other owners
	Manager  Role = "manager"  // mandates, computers, the data; with leave, delegates
	Operator Role = "operator" // applications: fill in, seal, send
)

// Roles lists them, the widest first.
func Roles() []Role { return []Role{Owner, Manager, Operator} }

func (r Role) rank() int {
	switch r {
	case Owner:
		return 3
	case Manager:
		return 2
	case Operator:
		return 1
	}
	return 0
}

// Covers reports whether somebody in the role may do what the other role may.
// A word that is no role covers nothing and is covered by nothing.
func (r Role) Covers(other Role) bool { return other.rank() > 0 && r.rank() >= other.rank() }

// Seat is one account that a person may act for.
type Seat struct {
	Account accounts.Account
	Role    Role
	Until   time.Time // zero: no end is set
	State   State     // of an organisation; empty for persons
	Trade   Trade     // of an intermediary
}

// Acting is in which role a person acts for an account right now.
type Acting struct {
	Account accounts.Account
	Role    Role
}

// Actor is a person who does something for an account at an instant. Stores
// check in the database that they may.
type Actor struct {
	Person  clickday.AccountID
	Account clickday.AccountID
	At      time.Time
}
