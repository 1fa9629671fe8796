// Package retention says how long personal data are kept that nobody needs any
// more, as rules that an administration can change. What lives for hours or days
// (sessions, links, tokens) ends with the portal's sweep; here are months and
// years. docs/retention.md gives reasons and law.
package retention

import (
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// Rule is one kind of data.
type Rule string

// Rules. What was numbered is a document of the administration: it is kept whole
// until the archive takes it over, and no rule here touches it.
const (
	Drafts    Rule = "drafts"    // applications that were never sent, with their files; from the last change
	Tickets   Rule = "tickets"   // questions to the help desk with conversation; from the closing
	Looks     Rule = "looks"     // log of what staff looked at; from the entry
	Invites   Rule = "invites"   // invitations to act for somebody that nobody accepted; from their end
	Mandates  Rule = "mandates"  // documents of mandates; from the mandate's end
	Accounts  Rule = "accounts"  // personal data of accounts that were closed but have submissions; from the closing
	Uploads   Rule = "uploads"   // what is known of tables of applications; from the upload
	Computers Rule = "computers" // names of computers that were disconnected; from the pairing
)

// Rules in the order in which they run.
var Rules = []Rule{Drafts, Tickets, Looks, Invites, Mandates, Accounts, Uploads, Computers}

// day makes the table readable.
const day = 24 * time.Hour

// Policy is how long each kind of data is kept; 0 keeps it for ever.
type Policy map[Rule]time.Duration

// Default are the periods of an administration that has decided nothing else.
func Default() Policy {
	return Policy{
		Drafts: 365 * day, Tickets: 730 * day, Looks: 730 * day, Invites: 90 * day, Mandates: 5 * 365 * day,
		Accounts: 10 * 365 * day, Uploads: 365 * day, Computers: 730 * day,
	}
}

// least are the shortest periods: a mistake in a file must not empty tables.
const least = 30 * day

// Read lays a file over the default: a JSON object of rules and days, such as
// {"drafts": 180}; 0 keeps for ever.
func Read(r io.Reader) (Policy, error) {
	var days map[Rule]int
	d := json.NewDecoder(r)
	if err := d.Decode(&days); err != nil {
		return nil, fmt.Errorf("retention: %w", err)
	}
	p := Default()
	for rule, n := range days {
		if _, known := p[rule]; !known {
			return nil, fmt.Errorf("retention: no rule %q: there are %v", rule, Rules)
		}
		if n != 0 && time.Duration(n)*day < least || n > 100*365 {
			return nil, fmt.Errorf("retention: %s: %d days: want 0 (for ever) or 30 to 36500", rule, n)
		}
		p[rule] = time.Duration(n) * day
	}
	return p, nil
}
