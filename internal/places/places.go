// Package places knows the comuni of Italy, present and past, and the foreign
// states by their cadastral (Belfiore) code, each with the days on which it
// existed. The data are embedded; README.md says where they come from and how
// they are made again. Everything here is safe for concurrent use.
package places

import (
	"slices"
	"strings"
	"time"
)

// Place is one comune or foreign state.
type Place struct {
	Code     string // "H501", "Z100"
	Name     string // Italian: "Roma", "Albania"
	English  string // states only
	Province string // comuni only: "RM"; of today, or the last one of a comune that is no more
	ISO      string // states of today only: "AL"
	// From and To are the first and the last day of the code, midnight UTC;
	// To is zero while it is in use.
	From, To time.Time
}

// Current reports whether the code is still in use, as far as the data know.
func (p Place) Current() bool { return p.To.IsZero() }

// On reports whether the code was in use on the day of t.
func (p Place) On(t time.Time) bool {
	y, m, d := t.Date()
	day := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	return !day.Before(p.From) && (p.Current() || !day.After(p.To))
}

// NameIn returns the name in the words of lang ("en", else Italian).
func (p Place) NameIn(lang string) string {
	if lang == "en" && p.English != "" {
		return p.English
	}
	return p.Name
}

// Label tells comuni of the same name apart: "Samone (TN)".
func (p Place) Label() string {
	if p.Province == "" {
		return p.Name
	}
	return p.Name + " (" + p.Province + ")"
}

// Comune returns the comune with that code, whenever it existed.
func Comune(code string) (Place, bool) { return lookup(data().comuni, code) }

// ComuneOn reports whether that code was a comune on the day of t. For days
// before 1884, which the data do not cover well, any comune of 1884 will do.
func ComuneOn(code string, t time.Time) bool {
	p, ok := Comune(code)
	if t.Before(covered) {
		t = covered
	}
	return ok && p.On(t)
}

// State returns the foreign state with that code, also of states that are no
// more.
func State(code string) (Place, bool) { return lookup(data().states, code) }

// States returns the foreign states of today, by Italian name.
func States() []Place { return slices.Clone(data().today) }

// StateNamed returns the state with that Italian or English name, whatever its
// case and accents; one of today before one that is no more.
func StateNamed(name string) (Place, bool) {
	i, ok := data().stateNames[fold(name)]
	if !ok {
		return Place{}, false
	}
	return data().states[i], true
}

// SearchComuni returns at most limit comuni, past ones included, whose name
// begins with prefix, whatever its case and accents: those of today first, then
// by name.
func SearchComuni(prefix string, limit int) []Place {
	key := fold(prefix)
	if key == "" || limit <= 0 {
		return nil
	}
	names := data().names
	i, _ := slices.BinarySearchFunc(names, key, func(n named, key string) int { return strings.Compare(n.key, key) })
	var out []Place
	seen := make(map[int]bool) // bilingual names stand in the list more than once
	for ; i < len(names) && strings.HasPrefix(names[i].key, key); i++ {
		if at := names[i].at; !seen[at] {
			seen[at] = true
			out = append(out, data().comuni[at])
		}
	}
	slices.SortStableFunc(out, currentFirst)
	return out[:min(limit, len(out))]
}

// Named returns the comuni that a person may mean by "Roma", "roma" or
// "Roma (RM)": those of today with that name or, if there are none, those that
// are no more.
func Named(text string) []Place {
	name, province := cutProvince(text)
	var now, past []Place
	for _, p := range namesakes(fold(name)) {
		switch {
		case province != "" && p.Province != province:
		case p.Current():
			now = append(now, p)
		default:
			past = append(past, p)
		}
	}
	if len(now) > 0 {
		return now
	}
	return past
}

func namesakes(key string) []Place {
	names := data().names
	i, _ := slices.BinarySearchFunc(names, key, func(n named, key string) int { return strings.Compare(n.key, key) })
	var out []Place
	for ; i < len(names) && names[i].key == key; i++ {
		out = append(out, data().comuni[names[i].at])
	}
	return out
}

// cutProvince takes "Roma (RM)" apart.
func cutProvince(text string) (name, province string) {
	text = strings.TrimSpace(text)
	name, rest, ok := strings.Cut(text, "(")
	province, _, closed := strings.Cut(rest, ")")
	if !ok || !closed {
		return text, ""
	}
	return strings.TrimSpace(name), strings.ToUpper(strings.TrimSpace(province))
}

func lookup(in []Place, code string) (Place, bool) {
	i, ok := slices.BinarySearchFunc(in, code, func(p Place, code string) int { return strings.Compare(p.Code, code) })
	if !ok {
		return Place{}, false
	}
	return in[i], true
}

func byName(a, b Place) int { return strings.Compare(fold(a.Name), fold(b.Name)) }

func currentFirst(a, b Place) int {
	switch {
	case a.Current() == b.Current():
		return 0
	case a.Current():
		return -1
	default:
		return 1
	}
}
