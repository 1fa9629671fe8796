package accounts

import (
	"time"

	"puntuale/internal/clickday"
)

// Role is what an account may do as staff of the installation. Applicants have
// none.
type Role string

// Roles. Nobody has one by registering: `portal staff grant` gives them.
const (
	HelpDesk      Role = "helpdesk" // tickets, and what is needed to answer them
	Administrator Role = "admin"    // approvals, places, texts of the help desk
	Auditor       Role = "auditor"  // the log of what staff looked at
)

// Valid reports whether there is such a role.
func (r Role) Valid() bool { return r == HelpDesk || r == Administrator || r == Auditor }

// AuditEntry is one look or act of staff at what belongs to an applicant.
type AuditEntry struct {
	ID      int64
	At      time.Time
	Staff   clickday.AccountID
	Action  string             // "ticket.read", "application.search", …
	Subject string             // what was looked at: an id, never a name
	Account clickday.AccountID // whose it is, 0 if nobody's in particular
}
