package parties

import (
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/codicefiscale"
	"puntuale/internal/places"
)

// State of an organisation.
type State string

// States. A company is active at once; an intermediary counts as one when it is
// approved by staff.
const (
	Active   State = "active"
	Pending  State = "pending"
	Approved State = "approved"
	Refused  State = "refused"
)

// Trade is what kind of intermediary an organisation is.
type Trade string

// Trades. None is for companies.
const (
	Association  Trade = "association"  // of employers
	Patronato    Trade = "patronato"    // law 152/2001
	Professional Trade = "professional" // law 12/1979: consultants and others who are authorised
)

// Trades lists the kinds of intermediaries.
func Trades() []Trade { return []Trade{Association, Patronato, Professional} }

// Forms are the legal forms that can be chosen; their names are texts.
func Forms() []string {
	return []string{
		"sole", "ss", "snc", "sas", "srl", "srls", "spa", "sapa", "coop", "consortium", "association", "foundation", "body", "other",
	}
}

// Organisation is a company or an intermediary.
type Organisation struct {
	ID      clickday.AccountID
	Name    string
	Email   string // receives the notices
	TaxCode string // of the organisation: 11 digits, or the 16 of a sole trader
	VAT     string // empty where there is none
	Form    string // one of Forms
	Street  string
	Place   string // cadastral code of the comune
	// PlaceName is what was typed for Place; Clean finds the code.
	PlaceName       string
	Postcode        string
	PEC             string
	ChamberProvince string
	ChamberNumber   string
	INPS            string
	LegalName       string // of the legal representative
	LegalTaxCode    string
	Trade           Trade // empty for companies
	Register        string

	State     State
	Reason    string // of a refusal
	DecidedAt time.Time
	Revision  int64
	CreatedAt time.Time
}

// Kind is the kind of its account.
func (o *Organisation) Kind() accounts.Kind {
	if o.Trade == "" {
		return accounts.Company
	}
	return accounts.Intermediary
}

// Seat of the organisation in one line.
func (o *Organisation) Seat() string {
	place := o.PlaceName
	if p, ok := places.Comune(o.Place); ok {
		place = p.Label()
	}
	return o.Street + ", " + o.Postcode + " " + place
}

// Problem is one thing that is wrong: the field, and the key of the text that
// says what to do (without the room's prefix).
type Problem struct{ Field, Key string }

// Clean puts what was typed into its own form and finds the comune.
func (o *Organisation) Clean() {
	for _, s := range []*string{
		&o.Name, &o.Email, &o.Street, &o.PlaceName, &o.Postcode, &o.PEC, &o.ChamberNumber, &o.INPS, &o.LegalName, &o.Register,
	} {
		*s = strings.Join(strings.Fields(strings.ToValidUTF8(strings.ReplaceAll(*s, "\x00", ""), "")), " ")
	}
	o.TaxCode, o.LegalTaxCode = codicefiscale.Normalize(o.TaxCode), codicefiscale.Normalize(o.LegalTaxCode)
	o.VAT = CleanVAT(o.VAT)
	o.ChamberProvince = strings.ToUpper(strings.TrimSpace(o.ChamberProvince))
	o.INPS = strings.ReplaceAll(o.INPS, " ", "")
	o.Place = ""
	var found []places.Place
	for _, p := range places.Named(o.PlaceName) {
		if p.Current() && p.Province != "" {
			found = append(found, p)
		}
	}
	if len(found) == 1 {
		o.Place = found[0].Code
	}
}

// Check returns what is wrong with cleaned data, in the order of the form.
func (o *Organisation) Check() []Problem {
	var out []Problem
	wrong := func(when bool, field, key string) {
		if when {
			out = append(out, Problem{field, key})
		}
	}
	wrong(!between(o.Name, 2, 200), "name", "name")
	wrong(!oneOf(o.Form, Forms()), "form", "choose")
	wrong(!CheckOrganisationCode(o.TaxCode), "tax_code", "tax_code")
	switch {
	case o.VAT == "":
		wrong(o.Kind() == accounts.Company && needsVAT(o.Form), "vat", "vat_missing")
	default:
		wrong(CheckVAT(o.VAT) != nil, "vat", vatKey(CheckVAT(o.VAT)))
	}
	wrong(!between(o.Street, 3, 200), "street", "street")
	wrong(o.Place == "", "place", "place")
	wrong(len(o.Postcode) != 5 || !digits(o.Postcode), "postcode", "postcode")
	wrong(!ValidEmail(o.Email), "email", "email")
	wrong(!ValidEmail(o.PEC), "pec", "pec")
	o.checkRegisters(wrong)
	wrong(!between(o.LegalName, 3, 200), "legal_name", "legal_name")
	_, err := codicefiscale.Parse(o.LegalTaxCode)
	wrong(err != nil, "legal_tax_code", "legal_tax_code")
	return out
}

func (o *Organisation) checkRegisters(wrong func(bool, string, string)) {
	if o.Trade != "" {
		wrong(!validTrade(o.Trade), "trade", "choose")
		wrong(!between(o.Register, 3, 300), "register", "register")
	}
	_, known := places.Province(o.ChamberProvince)
	wrong(o.ChamberProvince != "" && !known || o.ChamberProvince == "" && o.ChamberNumber != "", "chamber_province", "chamber_province")
	wrong(o.ChamberProvince != "" && (!digits(o.ChamberNumber) || !between(o.ChamberNumber, 1, 7)), "chamber_number", "chamber_number")
	wrong(o.INPS != "" && (!digits(o.INPS) || len(o.INPS) != 10), "inps", "inps")
}

// needsVAT: bodies and associations may be without a VAT number.
func needsVAT(form string) bool {
	return !oneOf(form, []string{"association", "foundation", "body", "other", ""})
}

func vatKey(err error) string {
	switch err {
	case ErrVATCheck:
		return "vat_check"
	case ErrVATOffice:
		return "vat_office"
	}
	return "vat"
}

func validTrade(t Trade) bool {
	return t == Association || t == Patronato || t == Professional
}

// ValidEmail reports whether s is a plain address that mail can be sent to.
func ValidEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && len(s) <= 254 && strings.Contains(s[strings.LastIndexByte(s, '@')+1:], ".")
}

func between(s string, from, to int) bool {
	n := utf8.RuneCountInString(s)
	return n >= from && n <= to
}

func digits(s string) bool { return strings.Trim(s, "0123456789") == "" }

func oneOf(s string, list []string) bool {
	for _, one := range list {
		if s == one {
			return true
		}
	}
	return false
}
