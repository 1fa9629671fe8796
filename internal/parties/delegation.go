package parties

import (
	"errors"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
)

// InvitationFor is how long the link in an invitation works.
const InvitationFor = 14 * 24 * time.Hour

// maxDepth is how often a delegation may be handed on.
const maxDepth = 3

// Why somebody may not delegate so; compare with errors.Is.
var (
	ErrMayNotDelegate = errors.New("parties: may not delegate")
	ErrRoleTooWide    = errors.New("parties: nobody hands on more than they have")
	ErrTooLong        = errors.New("parties: a sub-delegation does not outlast its delegation")
	ErrOver           = errors.New("parties: the end is not in the future")
	ErrTooDeep        = errors.New("parties: handed on too often")
)

// Delegation lets a person act for an account. It holds from its acceptance.
type Delegation struct {
	ID          int64
	Account     clickday.AccountID
	Delegate    clickday.AccountID // 0 until the invitation is accepted
	Parent      int64              // 0: given by the account itself or an owner
	Role        Role
	MayDelegate bool
	From, Until time.Time // Until is zero for no end
	Email       string    // that was invited
	InviteEnds  time.Time
	GrantedBy   clickday.AccountID
	AcceptedAt  time.Time
	RevokedAt   time.Time

	// What lists show.
	DelegateName, GrantedByName string
	Holds                       bool // with everything it rests on, at the instant of the reading
}

// Grant is what somebody wants to give.
type Grant struct {
	Email       string
	Role        Role
	MayDelegate bool
	Until       time.Time // zero for no end
}

// Giver is the standing of who gives: the account's owner (or the account
// itself), or the holder of a delegation at some depth of sub-delegation.
type Giver struct {
	Role        Role
	MayDelegate bool
	Until       time.Time // of the delegation, the earliest of its chain
	Depth       int       // 0: an owner; 1: a delegate of the account; …
	Delegation  int64     // parent of what is given; 0 for owners
	Personal    bool      // the account is a person's: nobody else can own it
}

// Check reports what keeps the giver from giving this at now. Owners give what
// they like; everybody else only if they may delegate, at most their own role,
// and never beyond the end of their own delegation.
func (g Giver) Check(want *Grant, now time.Time) error {
	if want.Role.rank() == 0 || want.Role == Owner && g.Personal {
		return ErrRoleTooWide
	}
	if !want.Until.IsZero() && !want.Until.After(now) {
		return ErrOver
	}
	if g.Role == Owner && g.Depth == 0 {
		return nil
	}
	switch {
	case !g.MayDelegate:
		return ErrMayNotDelegate
	case want.Role == Owner || !g.Role.Covers(want.Role):
		return ErrRoleTooWide
	case !g.Until.IsZero() && (want.Until.IsZero() || want.Until.After(g.Until)):
		return ErrTooLong
	case g.Depth >= maxDepth:
		return ErrTooDeep
	}
	return nil
}

// Invitation is a delegation that waits for an answer.
type Invitation struct {
	Delegation
	AccountName string
	Kind        accounts.Kind
}
