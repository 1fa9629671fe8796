package forms

import (
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"puntuale/internal/codicefiscale"
	"puntuale/internal/places"
)

// Clean turns what people type into canonical answers: it trims, joins runs of
// spaces, drops control characters and puts each type into its one form
// ("31/12/2026" → "2026-12-31", "1.234,50" → "1234.50", "roma" → "H501"). Text
// that it cannot read stays as it is, for Check to refuse. Unknown fields and
// those that are not asked are dropped. Clean of its own result changes nothing.
func (m *Model) Clean(raw Answers) Answers {
	out := make(Answers, len(raw))
	for _, f := range m.fields {
		if v := f.clean(raw[f.ID]); v != "" && m.Asked(out, f) {
			out[f.ID] = v
		}
	}
	return out
}

// clean composes Unicode a second time: dropping spaces can bring a letter and
// its accent together.
func (f *Field) clean(raw string) string {
	v := tidy(raw)
	if v == "" {
		return ""
	}
	return norm.NFC.String(f.canonical(v))
}

func (f *Field) canonical(v string) string {
	switch f.Type {
	case TypeDate:
		return cleanDate(v)
	case TypeInteger:
		return cleanInteger(v)
	case TypeMoney:
		return cleanMoney(v)
	case TypeBoolean:
		return cleanBoolean(v)
	case TypeTaxCode:
		return codicefiscale.Normalize(v)
	case TypeCompanyID:
		return cleanCompanyID(v)
	case TypePassport:
		return strings.Map(passportRune, v)
	case TypePostcode:
		return strings.ReplaceAll(v, " ", "")
	case TypePlace:
		return cleanPlace(v)
	case TypeState:
		return cleanState(v)
	case TypeProvince:
		return cleanProvince(v)
	}
	return v
}

// tidy makes one line of valid, composed Unicode without stray spaces.
func tidy(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r):
			return -1
		default:
			return r
		}
	}, strings.ToValidUTF8(s, ""))
	return norm.NFC.String(strings.Join(strings.Fields(s), " "))
}

// dateLayouts are the ways in which people write dates.
var dateLayouts = []string{time.DateOnly, "2/1/2006", "2-1-2006", "2.1.2006", "2 1 2006"}

func cleanDate(v string) string {
	for _, layout := range dateLayouts {
		if t, err := time.Parse(layout, v); err == nil {
			return t.Format(time.DateOnly)
		}
	}
	return v
}

// cleanInteger drops leading zeros and the points between thousands.
func cleanInteger(v string) string {
	n := strings.ReplaceAll(v, " ", "")
	if whole, ok := joinThousands(n); ok {
		n = whole
	}
	if !digits(n) {
		return v
	}
	if n = strings.TrimLeft(n, "0"); n == "" {
		return "0"
	}
	return n
}

// cleanMoney reads "1.234,50", "1234,5", "1234.50", "1234" and "€ 1.234". A
// point before three digits divides thousands, as it does in Italy.
func cleanMoney(v string) string {
	s := strings.ReplaceAll(strings.NewReplacer("€", "", "euro", "", "EUR", "").Replace(v), " ", "")
	whole, rest, comma := strings.Cut(s, ",")
	if !comma {
		if i := strings.LastIndexByte(s, '.'); i >= 0 && len(s)-i-1 != 3 {
			whole, rest = s[:i], s[i+1:]
		}
	}
	if strings.Contains(whole, ".") {
		joined, ok := joinThousands(whole)
		if !ok {
			return v
		}
		whole = joined
	}
	if !digits(whole) || len(rest) > 2 || rest != "" && !digits(rest) {
		return v
	}
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	return whole + "." + (rest + "00")[:2]
}

// joinThousands turns "1.234.567" into "1234567"; false if the points do not
// stand at every third digit.
func joinThousands(s string) (string, bool) {
	parts := strings.Split(s, ".")
	for i, p := range parts {
		if !digits(p) || i > 0 && len(p) != 3 || i == 0 && len(p) > 3 {
			return "", false
		}
	}
	return strings.Join(parts, ""), len(parts) > 1
}

// passportRune drops what people put between the groups of a number.
func passportRune(r rune) rune {
	switch {
	case r == ' ' || r == '-':
		return -1
	case r >= 'a' && r <= 'z':
		return r - 'a' + 'A'
	default:
		return r
	}
}

// cleanCompanyID drops the country that stands before VAT numbers.
func cleanCompanyID(v string) string {
	v = codicefiscale.Normalize(v)
	for strings.HasPrefix(v, "IT") {
		v = v[2:]
	}
	return v
}

func cleanBoolean(v string) string {
	switch strings.ToLower(v) {
	case "yes", "sì", "si", "s", "y", "on", "true", "1":
		return "yes"
	case "no", "n", "off", "false", "0":
		return "no"
	}
	return v
}

// cleanPlace takes a code or, where it says which one is meant, a name.
func cleanPlace(v string) string {
	if p, ok := places.Comune(strings.ToUpper(v)); ok {
		return p.Code
	}
	if found := places.Named(v); len(found) == 1 {
		return found[0].Code
	}
	return v
}

func cleanState(v string) string {
	if s, ok := places.State(strings.ToUpper(v)); ok {
		return s.Code
	}
	if s, ok := places.StateNamed(v); ok {
		return s.Code
	}
	return v
}

func cleanProvince(v string) string {
	if p, ok := places.Province(strings.ToUpper(v)); ok {
		return p.Code
	}
	if p, ok := places.ProvinceNamed(v); ok {
		return p.Code
	}
	return v
}
