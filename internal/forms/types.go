package forms

import (
	"errors"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"puntuale/internal/clickday"
	"puntuale/internal/codicefiscale"
	"puntuale/internal/places"
)

// check says whether one answer is right for its field, or else what to write.
type check func(c *checker, f *Field, v string) (clickday.Text, bool)

// checks is filled by init, because the checks of fields are used by the checks
// over several fields and those by the catalogue.
var checks map[FieldType]check

func init() {
	checks = map[FieldType]check{
		TypeText:      checkText,
		TypeDate:      checkDate,
		TypeInteger:   checkInteger,
		TypeMoney:     checkMoney,
		TypeChoice:    checkChoice,
		TypeBoolean:   checkBoolean,
		TypeTaxCode:   checkTaxCode,
		TypeCompanyID: checkCompanyID,
		TypeEmail:     checkEmail,
		TypePlace:     checkPlace,
		TypeState:     checkState,
		TypeProvince:  checkProvince,
		TypePostcode:  checkPostcode,
		TypePassport:  checkPassport,
	}
}

// checkText wants Latin letters: registers, passports and receipts are written
// in them.
func checkText(_ *checker, f *Field, v string) (clickday.Text, bool) {
	if n := utf8.RuneCountInString(v); n > f.MaxLength {
		return textTooLong(n, f.MaxLength), false
	}
	for _, r := range v {
		if unicode.IsLetter(r) && !unicode.In(r, unicode.Latin, unicode.Lm) {
			return textLatin, false
		}
	}
	return clickday.Text{}, true
}

func checkDate(c *checker, f *Field, v string) (clickday.Text, bool) {
	t, err := time.Parse(time.DateOnly, v)
	if err != nil || t.Year() < 1900 || t.Year() > 2199 {
		return textDate, false
	}
	if f.Min != nil {
		if first := c.today.AddDate(0, 0, int(*f.Min)); t.Before(first) {
			return textDateFrom(first), false
		}
	}
	if f.Max != nil {
		if last := c.today.AddDate(0, 0, int(*f.Max)); t.After(last) {
			return textDateUntil(last), false
		}
	}
	return clickday.Text{}, true
}

func checkInteger(_ *checker, f *Field, v string) (clickday.Text, bool) {
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || strconv.FormatInt(n, 10) != v {
		return textInteger, false
	}
	if outside(f, n) {
		return textRange(f, strconv.FormatInt), false
	}
	return clickday.Text{}, true
}

func checkMoney(_ *checker, f *Field, v string) (clickday.Text, bool) {
	n, err := cents(v)
	if err != nil {
		return textMoney, false
	}
	if outside(f, n) {
		return textRange(f, func(n int64, _ int) string { return italianMoney(euros(n)) + " €" }), false
	}
	return clickday.Text{}, true
}

func outside(f *Field, n int64) bool {
	return f.Min != nil && n < *f.Min || f.Max != nil && n > *f.Max
}

var errMoney = errors.New("forms: want an amount like 1234.50")

// cents reads a canonical amount, at most 999,999,999,999.99.
func cents(v string) (int64, error) {
	whole, rest, ok := strings.Cut(v, ".")
	if !ok || len(rest) != 2 || len(whole) < 1 || len(whole) > 12 || len(whole) > 1 && whole[0] == '0' || !digits(whole) || !digits(rest) {
		return 0, errMoney
	}
	return strconv.ParseInt(whole+rest, 10, 64)
}

// euros writes a canonical amount.
func euros(cents int64) string {
	s := strconv.FormatInt(cents, 10)
	for len(s) < 3 {
		s = "0" + s
	}
	return s[:len(s)-2] + "." + s[len(s)-2:]
}

func checkChoice(_ *checker, f *Field, v string) (clickday.Text, bool) {
	ok := slices.ContainsFunc(f.Options, func(o Option) bool { return o.Value == v })
	return textChoice, ok
}

func checkBoolean(_ *checker, _ *Field, v string) (clickday.Text, bool) {
	return textBoolean, v == "yes" || v == "no"
}

// checkTaxCode looks at the code alone; checker.taxCode compares it with the
// personal data.
func checkTaxCode(_ *checker, _ *Field, v string) (clickday.Text, bool) {
	if codicefiscale.ValidProvisional(v) {
		return clickday.Text{}, true
	}
	_, err := codicefiscale.Parse(v)
	switch {
	case err == nil:
		return clickday.Text{}, true
	case errors.Is(err, codicefiscale.ErrLength):
		return textTaxCodeLength(utf8.RuneCountInString(v)), false
	case errors.Is(err, codicefiscale.ErrCheck):
		return textTaxCodeCheck, false
	case errors.Is(err, codicefiscale.ErrDate):
		return textTaxCodeDate, false
	default:
		return textTaxCodeFormat, false
	}
}

func checkCompanyID(_ *checker, _ *Field, v string) (clickday.Text, bool) {
	if len(v) != 11 || !digits(v) {
		return textCompanyFormat, false
	}
	return textCompanyCheck, codicefiscale.ValidCompany(v)
}

func checkEmail(_ *checker, _ *Field, v string) (clickday.Text, bool) {
	a, err := mail.ParseAddress(v)
	if err != nil || a.Address != v || len(v) > 254 {
		return textEmail, false
	}
	_, host, _ := strings.Cut(v, "@")
	return textEmail, strings.Contains(strings.Trim(host, "."), ".")
}

// checkPlace wants a comune of today, except for birth places: those are held
// against the birth date.
func checkPlace(c *checker, f *Field, v string) (clickday.Text, bool) {
	if c.m.birthPlaces[f.ID] {
		_, ok := places.Comune(v)
		return textPlace(v), ok
	}
	if places.ComuneOn(v, c.today) {
		return clickday.Text{}, true
	}
	if p, ok := places.Comune(v); ok {
		return textPlaceClosed(p), false
	}
	return textPlace(v), false
}

func checkState(c *checker, f *Field, v string) (clickday.Text, bool) {
	s, ok := places.State(v)
	return textState, ok && (c.m.birthPlaces[f.ID] || s.Current())
}

func checkProvince(_ *checker, _ *Field, v string) (clickday.Text, bool) {
	_, ok := places.Province(v)
	return textProvince, ok
}

func checkPostcode(_ *checker, _ *Field, v string) (clickday.Text, bool) {
	return textPostcode, len(v) == 5 && digits(v)
}

func checkPassport(_ *checker, _ *Field, v string) (clickday.Text, bool) {
	if len(v) < 5 || len(v) > 20 {
		return textPassport, false
	}
	for _, r := range v {
		if (r < 'A' || r > 'Z') && (r < '0' || r > '9') {
			return textPassport, false
		}
	}
	return textPassport, strings.ContainsAny(v, "0123456789")
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
