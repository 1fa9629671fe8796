package bulk

import (
	"strings"

	"puntuale/internal/codicefiscale"
	"puntuale/internal/forms"
	"puntuale/internal/places"
)

// formula are the first characters that make a spreadsheet compute a cell
// instead of showing it.
const formula = "=+-@\t\r"

// quoteFormula makes a cell harmless for spreadsheets, with an apostrophe more
// than it has.
func quoteFormula(s string) string {
	if computes(strings.TrimLeft(s, "'")) {
		return "'" + s
	}
	return s
}

// unquoteFormula takes away what quoteFormula has put there.
func unquoteFormula(s string) string {
	if rest, ok := strings.CutPrefix(s, "'"); ok && computes(strings.TrimLeft(rest, "'")) {
		return rest
	}
	return s
}

func computes(s string) bool { return s != "" && strings.ContainsRune(formula, rune(s[0])) }

// cell brings what spreadsheets make of an answer to something that the model
// reads: it cleans the rest.
func cell(f *forms.Field, raw string) string {
	v := strings.TrimSpace(unquoteFormula(raw))
	switch f.Type {
	case forms.TypeChoice:
		return option(f, v)
	case forms.TypeDate:
		for _, midnight := range []string{" 00:00:00", " 0:00:00", " 00:00", "T00:00:00"} {
			v = strings.TrimSuffix(v, midnight)
		}
	case forms.TypePostcode: // a number for a spreadsheet: leading zeros are gone
		if len(v) >= 3 && len(v) < 5 && digits(v) {
			v = strings.Repeat("0", 5-len(v)) + v
		}
	case forms.TypeCompanyID:
		if padded := strings.Repeat("0", max(0, 11-len(v))) + v; len(v) >= 8 && digits(v) && codicefiscale.ValidCompany(padded) {
			return padded
		}
	case forms.TypePlace:
		return place(v)
	case forms.TypeProvince:
		if name, rest, ok := strings.Cut(v, "("); ok && strings.HasSuffix(rest, ")") {
			if _, known := places.Province(strings.ToUpper(strings.TrimSuffix(rest, ")"))); known {
				return strings.TrimSuffix(rest, ")")
			}
			return name
		}
	}
	return v
}

// option finds a choice by its code or by its words.
func option(f *forms.Field, v string) string {
	want := fold(v)
	for i := range f.Options {
		if fold(f.Options[i].Value) == want {
			return f.Options[i].Value
		}
	}
	found := v
	for i := range f.Options {
		for _, lang := range languages {
			if o := &f.Options[i]; fold(o.Label.In(lang)) == want {
				if found != v && found != o.Value {
					return v // two options read alike: neither
				}
				found = o.Value
			}
		}
	}
	return found
}

// place turns "Roma RM", "Roma, RM", "Roma - RM" and "Roma/RM" into "Roma (RM)".
func place(v string) string {
	if strings.Contains(v, "(") || len(v) < 4 {
		return v
	}
	name, code := v[:len(v)-2], strings.ToUpper(v[len(v)-2:])
	trimmed := strings.TrimRight(name, " ,-/")
	if trimmed == name || trimmed == "" {
		return v
	}
	if _, ok := places.Province(code); !ok || len(places.Named(v)) > 0 {
		return v
	}
	return trimmed + " (" + code + ")"
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
