package client

import (
	"fmt"

	"puntuale/internal/clickday"
	"puntuale/internal/client/store"
)

// OutcomeWord is the state of an application as lists show it: what the newest
// published list gave to it, once there is one, and else how far it has come.
func OutcomeWord(r *Row) clickday.Text {
	word := StateWord(r.State)
	if r.List == nil {
		return word
	}
	switch r.List.Place {
	case store.PlaceAdmitted:
		return clickday.Text{IT: "In quota", EN: "In quota"}
	case store.PlaceWaiting:
		return clickday.Text{IT: "Non in quota ora", EN: "Not in quota now"} // StandingText has it in full
	}
	return word
}

// StandingText says in a sentence what the newest list says; empty without one.
func StandingText(l *store.Standing) clickday.Text {
	if l == nil {
		return clickday.Text{}
	}
	t := clickday.Text{IT: "In graduatoria, posti non ancora decisi", EN: "In the list, places not decided yet"}
	switch l.Place {
	case store.PlaceAdmitted:
		t = clickday.Text{IT: "In quota", EN: "In quota"}
		if l.Round > 0 {
			t.IT += ", con posti non richiesti da altri"
			t.EN += ", with places that others did not ask for"
		}
	case store.PlaceWaiting:
		t = clickday.Text{IT: "Al momento non in quota", EN: "Not in quota at the moment"}
	}
	if l.Rank > 0 {
		t.IT += fmt.Sprintf(": %d° di %d", l.Rank, l.Demand)
		t.EN += fmt.Sprintf(": number %d of %d", l.Rank, l.Demand)
		if l.Place != "" {
			t.IT += fmt.Sprintf(" per %d posti", l.Places)
			t.EN += fmt.Sprintf(" for %d places", l.Places)
		}
	}
	kind := clickday.Text{IT: "provvisoria", EN: "provisional"}
	if l.Kind == store.ListFinal {
		kind = clickday.Text{IT: "definitiva", EN: "final"}
	}
	at := l.PublishedAt.In(Rome).Format("02/01/2006 15:04")
	t.IT += fmt.Sprintf(" (graduatoria %s n. %d del %s)", kind.IT, l.Version, at)
	t.EN += fmt.Sprintf(" (%s list no. %d of %s)", kind.EN, l.Version, at)
	return t
}

// numbered reports whether there is an application that a list can speak of.
func (c *Client) numbered() bool {
	for _, r := range c.store.All() {
		if r.Number > 0 {
			return true
		}
	}
	return false
}
