package membership

import (
	"context"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/notices"
)

// Store keeps accounts. Every method is one transaction, letters included: all
// of it is durable on return, or none. After an error the effect of a write is
// unknown; nothing is harmed by doing it again, and a link that was used
// meanwhile says so (accounts.ErrLink). Accounts and links that are not there
// are accounts.ErrNotFound and accounts.ErrLink.
type Store interface {
	accounts.LoginStore
	Registrations
	Passwords
	Addresses
	Factors
	// Account returns an account, or ErrNotFound.
	Account(ctx context.Context, id clickday.AccountID) (accounts.Account, error)
	// Identity returns the personal data of an account; ErrNotFound for accounts
	// that never gave them.
	Identity(ctx context.Context, id clickday.AccountID) (accounts.Identity, error)
	// SaveIdentity replaces them, and name and codice fiscale of the account.
	SaveIdentity(ctx context.Context, id clickday.AccountID, p *accounts.Identity, taxCode string, now time.Time) error
	// Acceptances returns what an account has accepted, the newest first.
	Acceptances(ctx context.Context, id clickday.AccountID) ([]accounts.Acceptance, error)
	// Leave ends an account. Who has submissions is closed: no log-in, no
	// devices, no drafts; the rest stays. Everybody else is erased. letter is
	// told which it will be, in the transaction.
	Leave(ctx context.Context, id clickday.AccountID, now time.Time, letter func(kept bool) notices.Letter) (kept bool, err error)
	// Submitted reports whether an account has submissions, which are kept.
	Submitted(ctx context.Context, id clickday.AccountID) (bool, error)
	// Nobody takes as long as queueing a letter, and writes to nobody.
	Nobody(ctx context.Context, key string, now time.Time) error
}

// Registrations that wait for their confirmation.
type Registrations interface {
	// BeginRegistration stores p with its link and queues fresh; if an account
	// logs in with the address already, it only queues known.
	BeginRegistration(ctx context.Context, p *accounts.Pending, link accounts.MailLink, fresh, known notices.Letter) error
	// RenewRegistration gives the newest pending registration of an address one
	// more link and queues fresh; if there is an account it queues known; if
	// there is neither it is ErrNotFound.
	RenewRegistration(ctx context.Context, email string, link accounts.MailLink, fresh, known notices.Letter) error
	// PendingByLink returns the registration that a link confirms.
	PendingByLink(ctx context.Context, hash [32]byte, now time.Time) (accounts.Pending, error)
	// ConfirmRegistration makes the account, once, with what was accepted, and
	// removes every pending registration of the address.
	ConfirmRegistration(ctx context.Context, hash [32]byte, now time.Time) (accounts.Account, error)
}

// Passwords that change.
type Passwords interface {
	// BeginReset stores a link for an account and queues the letter with it.
	BeginReset(ctx context.Context, id clickday.AccountID, link accounts.MailLink, letter notices.Letter) error
	// ResetPassword uses the link of an account up with all the others of its
	// kind, replaces the password and ends every log-in.
	ResetPassword(ctx context.Context, hash [32]byte, password string, now time.Time, letter notices.Letter) error
	// ChangePassword replaces the password, ends every log-in but keep, and
	// voids the links that were asked for before.
	ChangePassword(ctx context.Context, id clickday.AccountID, password string, keep int64, now time.Time, letter notices.Letter) error
}

// Addresses that change.
type Addresses interface {
	// LinkTarget returns the account of a link that is good, and its address:
	// the new one, or the one to go back to.
	LinkTarget(ctx context.Context, hash [32]byte, p accounts.Purpose, now time.Time) (accounts.Account, string, error)
	// BeginAddress stores a link to a new address and queues letters.
	BeginAddress(ctx context.Context, id clickday.AccountID, email string, link accounts.MailLink, letters ...notices.Letter) error
	// QueueLetters queues letters that tell of nothing else.
	QueueLetters(ctx context.Context, letters ...notices.Letter) error
	// ConfirmAddress uses the link up, changes the address, stores the link that
	// undoes it, and voids links for passwords. It fails with ErrTaken.
	ConfirmAddress(ctx context.Context, hash [32]byte, undo accounts.MailLink, now time.Time, letter notices.Letter) error
	// UndoAddress uses the link up, goes back to its address, ends every log-in
	// and voids all other links. It fails with ErrTaken.
	UndoAddress(ctx context.Context, hash [32]byte, now time.Time, letter notices.Letter) error
}

// Factors are second factors.
type Factors interface {
	// SecondFactor returns the second factor of an account, ErrNotFound for none.
	SecondFactor(ctx context.Context, id clickday.AccountID) (accounts.SecondFactor, error)
	// BeginFactor stores a secret that is not confirmed yet, instead of another
	// of that kind. ErrState if one is confirmed.
	BeginFactor(ctx context.Context, id clickday.AccountID, sealed []byte, now time.Time) error
	// ConfirmFactor makes this secret count, with the first code used up, and stores
	// the hashes of recovery codes. ErrState if it is another one by now.
	ConfirmFactor(ctx context.Context, id clickday.AccountID, sealed []byte, step int64, codes [][32]byte, now time.Time, letter notices.Letter) error
	// UseStep takes a code: false if one of this interval or a later one was
	// taken before.
	UseStep(ctx context.Context, id clickday.AccountID, step int64) (bool, error)
	// UseCode takes a recovery code: false if there is none like that any more.
	UseCode(ctx context.Context, id clickday.AccountID, hash [32]byte, now time.Time, letter notices.Letter) (bool, error)
	// ReplaceCodes replaces the recovery codes.
	ReplaceCodes(ctx context.Context, id clickday.AccountID, codes [][32]byte) error
	// DropFactor removes secret and recovery codes.
	DropFactor(ctx context.Context, id clickday.AccountID, letter notices.Letter) error
}
