// Package helpdesk is what assistants and those who ask them share: tickets with
// their conversation, states and who takes care of them, prepared answers, and
// questions asked often. It holds the rules; package postgres keeps the rows.
package helpdesk

import (
	"errors"
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"

	"puntuale/internal/clickday"
)

// Kind is what a question is about.
type Kind string

// Kinds.
const (
	Technical  Kind = "technical"  // the portal, the mini-client, a computer
	Functional Kind = "functional" // how to fill in, which model
	Legal      Kind = "legal"      // rules, requirements, terms
)

// Kinds in the order in which they are offered.
var Kinds = []Kind{Technical, Functional, Legal}

// Channel is how a question came in.
type Channel string

// Channels.
const (
	Web     Channel = "web"
	Phone   Channel = "phone"   // written down by an assistant
	Program Channel = "program" // from a mini-client or another program
)

// State is where a ticket stands.
type State string

// States. A message of the applicant makes a ticket open again, an answer of an
// assistant makes it answered, and closing is for either of them.
const (
	Open     State = "open"     // somebody at the desk has to act
	Waiting  State = "waiting"  // the desk has asked something back
	Answered State = "answered" // the desk has said what it had to say
	Closed   State = "closed"
)

// States in the order of the desk's work.
var States = []State{Open, Waiting, Answered, Closed}

// Author is who has written a message.
type Author string

// Authors. Notes are for the desk alone.
const (
	Applicant Author = "applicant"
	Assistant Author = "assistant"
	Note      Author = "note"
)

// Errors. A ticket of somebody else is accounts.ErrNotFound.
var (
	// ErrClosed: nobody writes to a closed ticket; it is opened again first.
	ErrClosed = errors.New("helpdesk: the ticket is closed")
	// ErrChanged: somebody else at the desk was faster; read it again.
	ErrChanged = errors.New("helpdesk: changed meanwhile")
	// ErrTooMany: an account has asked or written MaxADay times in a day.
	ErrTooMany = errors.New("helpdesk: too many in a day")
)

// MaxADay bounds the questions of an account in 24 hours, and what an applicant
// writes into one conversation: a program that repeats itself fills no disk.
const MaxADay = 50

// Limits of what is taken, in runes, and of attached diagnostics in bytes.
const (
	MaxSubject     = 200
	MaxText        = 10_000
	MaxName        = 120
	MaxDiagnostics = 256 << 10
)

// Person is who asks: the owner of an account, or somebody without one.
type Person struct {
	Account clickday.AccountID // 0 for none
	Name    string
	Email   string // answers go there; may be empty for calls
	Phone   string
	Lang    string // "it" or "en"
}

// New is a question.
type New struct {
	Person
	Kind        Kind
	Channel     Channel
	Subject     string
	Text        string
	Diagnostics string             // of a mini-client, as text; may be empty
	Device      int64              // paired computer that asks, 0 for none
	Staff       clickday.AccountID // who wrote a call down
	TokenHash   []byte             // lets somebody without an account read on; nil for owners
	// About is the application that the question is about; none for zero. One
	// that is not the account's is left out.
	About clickday.ApplicationID
}

// Ticket is a question with where it stands.
type Ticket struct {
	ID       int64
	Number   string // for people: "A-2027-000123"
	Kind     Kind
	Channel  Channel
	State    State
	Person   Person
	Subject  string
	About    clickday.ApplicationID // zero for none
	Assigned clickday.AccountID     // 0 for nobody
	Desk     string                 // e-mail address of Assigned, for the desk
	Revision int64                  // grows with every change; guards against two assistants at once
	Created  time.Time
	Updated  time.Time
}

// Message is one entry of a conversation.
type Message struct {
	ID          int64
	Author      Author
	Staff       clickday.AccountID // of answers and notes
	StaffEmail  string             // for the desk; applicants see "assistance"
	Text        string
	Diagnostics bool // an attached report of a mini-client, for the desk
	At          time.Time
}

// Answer is a prepared answer of the library.
type Answer struct {
	ID        int64
	Kind      Kind
	Title     string
	Text      clickday.Text
	UpdatedAt time.Time
}

// Question is one that is asked often, with its answer.
type Question struct {
	ID       int64
	Kind     Kind
	Question clickday.Text
	Answer   clickday.Text
	Position int
	Public   bool
}

// Filter chooses tickets for the desk.
type Filter struct {
	State    State              // empty: all that are not closed
	All      bool               // closed ones too
	Kind     Kind               // empty: any
	Assigned clickday.AccountID // 0: anybody's
	Nobodys  bool               // those that nobody has taken
	Text     string             // in number, subject, name, address and conversation
	Before   int64              // id, for the next page; 0 for the first
	Limit    int
}

// Problem says which field of a form is wrong, and what: "kind", "subject",
// "text", "long", "name", "contact" or "email".
type Problem struct{ Field, What string }

// Check says what is wrong with a question, nothing if it can be stored. Texts
// are trimmed and freed of what cannot be stored.
func (n *New) Check() []Problem {
	n.Subject, n.Text, n.Name = clean(n.Subject), cleanText(n.Text), clean(n.Name)
	n.Email, n.Phone, n.Diagnostics = clean(n.Email), clean(n.Phone), cleanText(n.Diagnostics)
	var out []Problem
	add := func(wrong bool, field, key string) {
		if wrong {
			out = append(out, Problem{field, key})
		}
	}
	add(n.Kind != Technical && n.Kind != Functional && n.Kind != Legal, "kind", "kind")
	add(n.Subject == "", "subject", "subject")
	add(utf8.RuneCountInString(n.Subject) > MaxSubject, "subject", "long")
	add(n.Text == "", "text", "text")
	add(utf8.RuneCountInString(n.Text) > MaxText, "text", "long")
	add(len(n.Diagnostics) > MaxDiagnostics, "text", "long")
	if n.Account != 0 {
		return out
	}
	add(n.Name == "", "name", "name")
	add(utf8.RuneCountInString(n.Name) > MaxName, "name", "long")
	add(n.Phone == "" && n.Channel == Phone && n.Email == "", "phone", "contact")
	add(utf8.RuneCountInString(n.Phone) > 40, "phone", "long")
	add(!plainAddress(n.Email) && (n.Channel != Phone || n.Email != ""), "email", "email")
	return out
}

// plainAddress accepts what mail can be sent to, without a display name.
func plainAddress(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && len(s) <= 254 && strings.Contains(s[strings.LastIndexByte(s, '@'):], ".")
}

// clean makes one line.
func clean(s string) string {
	return strings.Join(strings.Fields(storable(s)), " ")
}

// cleanText keeps lines.
func cleanText(s string) string {
	return strings.TrimSpace(strings.ReplaceAll(storable(s), "\r\n", "\n"))
}

// Text is what may be written into a conversation, empty if nothing is left.
func Text(s string) (text string, tooLong bool) {
	text = cleanText(s)
	return text, utf8.RuneCountInString(text) > MaxText
}

// storable drops what the database cannot hold.
func storable(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\x00", "")
}

// AfterMessage is the state of a ticket after a message, or ErrClosed.
func AfterMessage(now State, by Author, asksBack bool) (State, error) {
	switch {
	case by == Note:
		return now, nil
	case now == Closed:
		return now, ErrClosed
	case by == Applicant:
		return Open, nil
	case asksBack:
		return Waiting, nil
	default:
		return Answered, nil
	}
}
