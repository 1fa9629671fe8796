package helpdesk

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestWhatIsWrongWithAQuestion(t *testing.T) {
	good := func() New {
		return New{Person: Person{Name: "Anna Verdi", Email: "anna@example.it", Lang: "it"}, Kind: Legal, Channel: Web, Subject: "Quote", Text: "Quando?"}
	}
	for name, c := range map[string]struct {
		change func(*New)
		field  string
	}{
		"all is there":            {func(*New) {}, ""},
		"no kind":                 {func(n *New) { n.Kind = "other" }, "kind"},
		"no subject":              {func(n *New) { n.Subject = " \n\t" }, "subject"},
		"a long subject":          {func(n *New) { n.Subject = strings.Repeat("è", MaxSubject+1) }, "subject"},
		"no text":                 {func(n *New) { n.Text = "\x00 \r\n" }, "text"},
		"a long text":             {func(n *New) { n.Text = strings.Repeat("è", MaxText+1) }, "text"},
		"no name":                 {func(n *New) { n.Name = "" }, "name"},
		"no address":              {func(n *New) { n.Email = "" }, "email"},
		"an address with a name":  {func(n *New) { n.Email = "Anna <anna@example.it>" }, "email"},
		"an address that is none": {func(n *New) { n.Email = "anna@localhost" }, "email"},
		"two addresses":           {func(n *New) { n.Email = "a@example.it, b@example.it" }, "email"},
		"a call with a telephone": {func(n *New) { n.Channel, n.Email, n.Phone = Phone, "", "+39 06 1234" }, ""},
		"a call with no way back": {func(n *New) { n.Channel, n.Email = Phone, "" }, "phone"},
		"the owner of an account": {func(n *New) { n.Account, n.Name, n.Email = 7, "", "" }, ""},
	} {
		n := good()
		c.change(&n)
		got := n.Check()
		if (c.field == "") != (len(got) == 0) || c.field != "" && !slices.ContainsFunc(got, func(p Problem) bool { return p.Field == c.field }) {
			t.Errorf("%s: %v", name, got)
		}
	}
	n := good()
	n.Subject, n.Text = " Due\nrighe\x00 ", "uno\r\ndue\xff"
	if n.Check(); n.Subject != "Due righe" || n.Text != "uno\ndue" {
		t.Errorf("%q %q", n.Subject, n.Text)
	}
}

func TestStatesAfterAMessage(t *testing.T) {
	for _, c := range []struct {
		now  State
		by   Author
		back bool
		want State
		err  error
	}{
		{Open, Assistant, false, Answered, nil}, {Open, Assistant, true, Waiting, nil}, {Answered, Applicant, false, Open, nil},
		{Waiting, Applicant, false, Open, nil}, {Waiting, Note, false, Waiting, nil}, {Closed, Note, false, Closed, nil},
		{Closed, Applicant, false, Closed, ErrClosed}, {Closed, Assistant, false, Closed, ErrClosed},
	} {
		if got, err := AfterMessage(c.now, c.by, c.back); got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s, %s: %s, %v", c.now, c.by, got, err)
		}
	}
}
