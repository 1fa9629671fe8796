package site

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/parties"
)

// Store is what the site itself reads.
type Store interface {
	ActingStore
	// Account returns an account, or accounts.ErrNotFound.
	Account(ctx context.Context, id clickday.AccountID) (accounts.Account, error)
	// OpenLogin begins a log-in from a device and returns its number.
	OpenLogin(ctx context.Context, id clickday.AccountID, device string, now time.Time) (int64, error)
	// AccountOfLogin returns the account that a log-in speaks for and notes that
	// it was seen; ErrNotFound once it was ended, on whichever device.
	AccountOfLogin(ctx context.Context, login int64, now time.Time) (accounts.Account, error)
	// EndLogin ends a log-in of the account; it may be repeated.
	EndLogin(ctx context.Context, id clickday.AccountID, login int64, now time.Time) error
	// StaffRoles returns the roles of an account as staff, none for applicants.
	StaffRoles(ctx context.Context, id clickday.AccountID) ([]accounts.Role, error)
}

// Visit is what is known about a request before its page runs.
type Visit struct {
	Lang string
	// Person is who has logged in, nil for nobody.
	Person *accounts.Account
	// Account is on whose behalf: Person, or whom Person acts for. What is
	// shown and written belongs to Account. It is nil if Person is.
	Account *accounts.Account
	// Role is in which role Person acts for Account.
	Role parties.Role
	// Roles are those of Person as staff, none for applicants.
	Roles []accounts.Role
	// Login is the number of the log-in that this session speaks for.
	Login int64
}

// Has reports whether the visitor has a role as staff.
func (v *Visit) Has(role accounts.Role) bool {
	for _, r := range v.Roles {
		if r == role {
			return true
		}
	}
	return false
}

// Access is what a route asks of its visitor.
type Access int

// Accesses. Who lacks a role gets "not found", as if there were no such page.
const (
	Public        Access = iota
	Personal             // a log-in
	HelpDesk             // the role of that name
	Administrator        // the role of that name
	Auditor              // the role of that name
)

var roleOf = map[Access]accounts.Role{HelpDesk: accounts.HelpDesk, Administrator: accounts.Administrator, Auditor: accounts.Auditor}

// Route is one page or action.
type Route struct {
	Pattern string // of net/http
	Access  Access
	Handle  func(http.ResponseWriter, *http.Request, *Visit) error
	Upload  bool // the body is the handler's to read and to bound
	// Essential routes are served while everything else rests around the
	// opening of a click day.
	Essential bool
}

// Room is a part of the portal with pages of its own.
type Room struct {
	Name      string
	Templates fs.FS  // templates/*.html, each of which defines "content"
	Texts     []byte // texts.json; nil for none
	Routes    []Route
	Errors    []ErrorPage
}

// ErrorPage says how an error of a room is answered: Key names the texts
// Key + ".title" and Key + ".text".
type ErrorPage struct {
	Err    error
	Status int
	Key    string
}

// ErrBadRequest is for forms that no page of ours would send.
var ErrBadRequest = errors.New("portal: bad request")

// Crumb is one step of the breadcrumb; the last one has no address.
type Crumb struct{ Label, URL string }

// Badge is a state in words (a key of the texts) and its colour.
type Badge struct{ Key, Class string }
