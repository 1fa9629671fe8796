package membership

import (
	"errors"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"puntuale/internal/accounts"
	"puntuale/internal/codicefiscale"
	"puntuale/internal/notices"
	"puntuale/internal/places"
)

// Names of the fields of a form, as Issue names them.
const (
	FieldEmail       = "email"
	FieldPassword    = "password"
	FieldSurname     = "surname"
	FieldName        = "name"
	FieldSex         = "sex"
	FieldBirth       = "birth"
	FieldBirthPlace  = "birth_place"
	FieldTaxCode     = "tax_code"
	FieldHomePlace   = "home_place"
	FieldHomeAddress = "home_address"
	FieldHomeCAP     = "home_cap"
	FieldPhone       = "phone"
	FieldPEC         = "pec"
	FieldAccept      = "accept"
)

// Issue is what is wrong with one field: Key names a text, Args go into it.
type Issue struct {
	Field string
	Key   string
	// Parts are the data that do not fit a codice fiscale; Places those that
	// may be meant by an ambiguous name.
	Parts  []codicefiscale.Part
	Places []string
}

// Typed is what a person has typed about themselves.
type Typed struct {
	Surname, Name, Sex, Birth, BirthPlace, TaxCode   string
	HomePlace, HomeAddress, HomeCAP, Phone, PECField string
}

// lengths in characters.
const (
	maxName    = 60
	maxAddress = 120
	adult      = 18  // years
	oldest     = 120 // years
)

// Read makes data of what was typed, or says all that is wrong with it, in the
// order of the form. today is a day in Italy.
func Read(t *Typed, today time.Time) (accounts.Identity, string, []Issue) {
	r := reader{typed: t, today: today}
	p := accounts.Identity{
		Surname: r.name(FieldSurname, t.Surname), Name: r.name(FieldName, t.Name), Sex: r.sex(), Birth: r.birth(),
	}
	candidates := r.birthPlaces(p.Birth)
	code := r.taxCode(&p, candidates)
	if p.BirthPlace == "" && len(candidates) > 0 {
		p.BirthPlace = candidates[0].Code
	}
	home := r.home()
	p.HomePlace, p.HomeAddress = home.Code, r.address()
	if p.HomeCAP = r.postcode(home); p.HomePlace == "" {
		p.HomeCAP = strings.TrimSpace(t.HomeCAP)
	}
	p.Phone, p.PEC = r.phone(), r.pec()
	return p, code, r.issues
}

type reader struct {
	typed  *Typed
	today  time.Time
	issues []Issue
}

func (r *reader) wrong(field, key string) {
	r.issues = append(r.issues, Issue{Field: field, Key: key})
}

// clean is one line without control characters.
func clean(s string) string {
	s = strings.Map(func(c rune) rune {
		if unicode.IsControl(c) && !unicode.IsSpace(c) || unicode.In(c, unicode.Cf) {
			return -1
		}
		return c
	}, strings.ToValidUTF8(s, ""))
	return strings.Join(strings.Fields(s), " ")
}

func (r *reader) name(field, s string) string {
	s = clean(s)
	letters := 0
	for _, c := range s {
		if unicode.IsLetter(c) {
			letters++
		} else if !strings.ContainsRune(" '’‘`´.-", c) && !unicode.Is(unicode.Mn, c) {
			r.wrong(field, "letters")
			return s
		}
	}
	switch {
	case s == "":
		r.wrong(field, "missing")
	case letters == 0:
		r.wrong(field, "letters")
	case utf8.RuneCountInString(s) > maxName:
		r.wrong(field, "long")
	}
	return s
}

func (r *reader) sex() string {
	if s := r.typed.Sex; s == "M" || s == "F" {
		return s
	}
	r.wrong(FieldSex, "choose")
	return ""
}

// day reads a date as browsers send it and as people write it.
func day(s string) (time.Time, bool) {
	s = strings.Join(strings.Fields(s), "")
	for _, layout := range []string{"2006-01-02", "2/1/2006", "2.1.2006", "2-1-2006"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

func (r *reader) birth() time.Time {
	t, ok := day(r.typed.Birth)
	switch {
	case strings.TrimSpace(r.typed.Birth) == "":
		r.wrong(FieldBirth, "missing")
	case !ok:
		r.wrong(FieldBirth, "date")
	case t.AddDate(adult, 0, 0).After(r.today):
		r.wrong(FieldBirth, "minor")
	case t.AddDate(oldest, 0, 0).Before(r.today):
		r.wrong(FieldBirth, "date")
	default:
		return t
	}
	return time.Time{}
}

// birthPlaces are the comuni and states that may be meant; none after an issue.
func (r *reader) birthPlaces(birth time.Time) []places.Place {
	text := clean(r.typed.BirthPlace)
	if text == "" {
		r.wrong(FieldBirthPlace, "missing")
		return nil
	}
	if s, ok := places.StateNamed(text); ok {
		return []places.Place{s}
	}
	if birth.IsZero() { // already wrong; without it any will do
		return places.Named(text)
	}
	found := places.NamedOn(text, birth)
	switch {
	case len(found) > 0:
	case len(places.Named(text)) > 0:
		r.wrong(FieldBirthPlace, "notyet")
	default:
		r.wrong(FieldBirthPlace, "noplace")
	}
	return found
}

// taxCode checks the code against everything else. Where several places are
// meant it takes the one in the code.
func (r *reader) taxCode(p *accounts.Identity, candidates []places.Place) string {
	text := codicefiscale.Normalize(r.typed.TaxCode)
	if text == "" {
		r.wrong(FieldTaxCode, "missing")
		return ""
	}
	code, err := codicefiscale.Parse(text)
	if err != nil {
		r.wrong(FieldTaxCode, codeErrors(err))
		return text
	}
	for _, c := range candidates {
		if c.Code == code.BirthPlace() {
			p.BirthPlace = c.Code
		}
	}
	if p.BirthPlace == "" && len(candidates) > 1 {
		i := Issue{Field: FieldBirthPlace, Key: "ambiguous"}
		for _, c := range candidates {
			i.Places = append(i.Places, c.Label())
		}
		r.issues = append(r.issues, i)
		return text
	}
	if p.BirthPlace == "" && len(candidates) == 1 {
		p.BirthPlace = candidates[0].Code
	}
	if parts := r.differences(code, p); len(parts) > 0 {
		r.issues = append(r.issues, Issue{Field: FieldTaxCode, Key: "mismatch", Parts: parts})
	}
	return text
}

// differences leaves out what is missing or wrong by itself.
func (r *reader) differences(code codicefiscale.Code, p *accounts.Identity) []codicefiscale.Part {
	var out []codicefiscale.Part
	for _, part := range code.Compare(codicefiscale.Person{Surname: p.Surname, Name: p.Name, Sex: p.Sex, Birth: p.Birth, Place: p.BirthPlace}) {
		missing := part == codicefiscale.Surname && p.Surname == "" || part == codicefiscale.Name && p.Name == "" ||
			part == codicefiscale.Sex && p.Sex == "" || part == codicefiscale.BirthDate && p.Birth.IsZero() ||
			part == codicefiscale.Place && p.BirthPlace == ""
		if !missing {
			out = append(out, part)
		}
	}
	return out
}

func (r *reader) home() places.Place {
	text := clean(r.typed.HomePlace)
	if text == "" {
		r.wrong(FieldHomePlace, "missing")
		return places.Place{}
	}
	if s, ok := places.StateNamed(text); ok && s.Current() {
		return s
	}
	found := places.NamedOn(text, r.today)
	switch {
	case len(found) == 1:
		return found[0]
	case len(found) > 1:
		i := Issue{Field: FieldHomePlace, Key: "ambiguous"}
		for _, c := range found {
			i.Places = append(i.Places, c.Label())
		}
		r.issues = append(r.issues, i)
	case len(places.Named(text)) > 0:
		r.wrong(FieldHomePlace, "nomore")
	default:
		r.wrong(FieldHomePlace, "noplace")
	}
	return places.Place{}
}

func (r *reader) address() string {
	s := clean(r.typed.HomeAddress)
	switch {
	case s == "":
		r.wrong(FieldHomeAddress, "missing")
	case utf8.RuneCountInString(s) > maxAddress:
		r.wrong(FieldHomeAddress, "long")
	}
	return s
}

// postcode is asked for in Italy only.
func (r *reader) postcode(home places.Place) string {
	s := strings.Join(strings.Fields(r.typed.HomeCAP), "")
	switch {
	case home.Code == "" || home.Province == "":
		return ""
	case s == "":
		r.wrong(FieldHomeCAP, "missing")
	case len(s) != 5 || strings.Trim(s, "0123456789") != "":
		r.wrong(FieldHomeCAP, "cap")
	}
	return s
}

func (r *reader) phone() string {
	s := strings.NewReplacer(" ", "", "-", "", ".", "", "/", "", "(", "", ")", "").Replace(clean(r.typed.Phone))
	if rest, ok := strings.CutPrefix(s, "00"); ok {
		s = "+" + rest
	}
	digits := strings.TrimPrefix(s, "+")
	switch {
	case s == "":
		r.wrong(FieldPhone, "missing")
	case len(digits) < 6 || len(digits) > 15 || strings.Trim(digits, "0123456789") != "":
		r.wrong(FieldPhone, "phone")
	}
	return s
}

func (r *reader) pec() string {
	s := strings.TrimSpace(r.typed.PECField)
	if s == "" {
		return ""
	}
	if _, err := notices.Address(s); err != nil {
		r.wrong(FieldPEC, "email")
	}
	return s
}

// codeErrors names the text for what is wrong with the form of a code.
func codeErrors(err error) string {
	for _, c := range []struct {
		err error
		key string
	}{{codicefiscale.ErrLength, "length"}, {codicefiscale.ErrCheck, "check"}, {codicefiscale.ErrDate, "day"}} {
		if errors.Is(err, c.err) {
			return "code" + c.key
		}
	}
	return "codeformat"
}
