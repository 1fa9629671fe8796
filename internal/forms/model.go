// Package forms is the catalogue of application models ("modelli") as data:
// pages, fields, rules and texts, versioned. It validates answers, freezes them
// into canonical bytes and renders their preview; it knows nothing of storage,
// HTTP or windows.
package forms

import (
	"puntuale/internal/clickday"
	"puntuale/internal/wire"
)

// FieldType says what a field's text must look like. Every answer is text in
// its canonical form; an absent or empty text is no answer.
type FieldType string

const (
	TypeText      FieldType = "text"     // one line, MaxLength runes
	TypeDate      FieldType = "date"     // 2006-01-02
	TypeInteger   FieldType = "integer"  // decimal, Min..Max
	TypeMoney     FieldType = "money"    // euro with two decimals, "1234.50"
	TypeChoice    FieldType = "choice"   // one of Options
	TypeBoolean   FieldType = "boolean"  // "yes" or "no"
	TypeTaxCode   FieldType = "tax_code" // codice fiscale of a person
	TypeCompanyID FieldType = "company_tax_code"
	TypeEmail     FieldType = "email"
	TypePlace     FieldType = "place"    // Belfiore code of a comune, "H501"
	TypeState     FieldType = "state"    // Belfiore code of a foreign state, "Z100"
	TypeProvince  FieldType = "province" // "MI"
	TypePostcode  FieldType = "postcode" // five digits
	TypePassport  FieldType = "passport" // letters and digits
)

// Model is one version of one form.
type Model struct {
	Code    clickday.ModelCode `json:"code"`
	Version uint16             `json:"version"`
	Title   clickday.Text      `json:"title"`
	// About says in a sentence whom the model is for.
	About clickday.Text `json:"about"`
	// Flow is the kind of work that models of one kind share ("seasonal work"),
	// for the overview of click days; empty means the title.
	Flow  clickday.Text `json:"flow,omitzero"`
	Pages []Page        `json:"pages"`
	// TaxCodeChecks name the fields against which a codice fiscale is checked.
	TaxCodeChecks []TaxCodeCheck `json:"tax_code_checks"`
	// Rules are checks over several fields.
	Rules []Rule `json:"rules"`
	// Summary names the fields that stand for the application in lists.
	Summary Summary `json:"summary"`
	// Quota names the fields that say for which places an application competes.
	Quota QuotaFields `json:"quota"`
	// Attachments are the kinds of files that go with an application.
	Attachments []Attachment `json:"attachments,omitempty"`

	byID        map[string]fieldRef // set by index, then read only
	birthPlaces map[string]bool     // fields that are checked on a birth date
	dictionary  wire.Dictionary
}

// Page is one step of the guided form.
type Page struct {
	ID     string        `json:"id"` // in addresses: "employer"
	Title  clickday.Text `json:"title"`
	Intro  clickday.Text `json:"intro"`
	Group  Group         `json:"group,omitempty"` // of fields without one of their own
	Fields []Field       `json:"fields"`
}

// Field is one question.
type Field struct {
	ID        string        `json:"id"` // "employer_surname"; unique in the model
	Label     clickday.Text `json:"label"`
	Help      clickday.Text `json:"help"`
	Type      FieldType     `json:"type"`
	Required  bool          `json:"required"`
	When      *Condition    `json:"when"` // asked, and its answer kept, only then
	Min       *int64        `json:"min"`  // integer: value; money: cents; date: days from today
	Max       *int64        `json:"max"`
	MaxLength int           `json:"max_length"`
	Options   []Option      `json:"options"`
	// Autocomplete is the HTML autofill token, where there is one.
	Autocomplete string `json:"autocomplete"`
	Group        Group  `json:"group,omitempty"` // see Model.GroupOf
}

// Condition holds when the answer to Field is one of In.
type Condition struct {
	Field string   `json:"field"`
	In    []string `json:"in"`
}

// Option is one choice.
type Option struct {
	Value string        `json:"value"`
	Label clickday.Text `json:"label"`
}

// TaxCodeCheck ties a codice fiscale to the personal data beside it.
type TaxCodeCheck struct {
	TaxCode    string `json:"tax_code"` // ids of fields
	Surname    string `json:"surname"`
	Name       string `json:"name"`
	Sex        string `json:"sex"`         // "M" or "F"
	BirthDate  string `json:"birth_date"`  //
	BirthPlace string `json:"birth_place"` // comune, may be empty
	BirthState string `json:"birth_state"` // foreign state, when born abroad
}

// Rule is a named check over several fields; the kinds are code, their fields
// and texts are data.
type Rule struct {
	Kind   string     `json:"kind"` // "not_after", "part_at_most", …
	Fields []string   `json:"fields"`
	Value  int64      `json:"value"`
	When   *Condition `json:"when"` // the rule holds anyway where this does not
	// Table gives the limit for each answer to the first field: an integer, or
	// cents. Answers that are not in it have no limit.
	Table map[string]int64 `json:"table"`
	// Text says what is wrong; {limit} in it stands for the limit.
	Text clickday.Text `json:"text"`
}

// Summary names fields for lists, receipts and the mini-client.
type Summary struct {
	Employer []string `json:"employer"` // joined with a space; none where people work for themselves
	Worker   []string `json:"worker"`
}

// Answers maps field ids to canonical texts.
type Answers map[string]string

// Issue is one thing that is wrong with the answers.
type Issue struct {
	Page  string
	Field string // for a rule over several fields, the one that is asked last
	// Missing says that a required answer is absent, rather than wrong.
	Missing bool
	Text    clickday.Text // what is wrong and what to write instead
}

// Section is one page of a preview, as it is printed or shown.
type Section struct {
	Title string
	Rows  []Row
}

// Row is one question with its answer, both as a person reads them.
type Row struct {
	Label string
	Value string
}
