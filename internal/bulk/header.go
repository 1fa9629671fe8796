package bulk

import (
	"strings"

	"puntuale/internal/clickday"
	"puntuale/internal/forms"
)

// languages in which questions may stand as headers.
var languages = []string{"it", "en"}

// Headers of columns that this package writes and does not read again.
var (
	errorsHeader = clickday.Text{IT: "Errori", EN: "Errors"}
	idHeader     = "#id"
	stateHeader  = "#stato"
	numberHeader = "#protocollo"
)

// fold makes headers and choices comparable: lower case, single spaces, without
// the star that people put behind what is required.
func fold(s string) string {
	s = strings.ReplaceAll(s, "’", "'")
	return strings.ToLower(strings.Join(strings.Fields(strings.Trim(strings.TrimSpace(s), "*")), " "))
}

// names maps what a header may say to its field: ids, labels in both languages,
// and "label [id]". Labels that stand for several questions are in ambiguous.
func names(m *forms.Model) (known map[string]*forms.Field, ambiguous map[string]bool) {
	known, ambiguous = map[string]*forms.Field{}, map[string]bool{}
	add := func(name string, f *forms.Field) {
		if other, twice := known[name]; twice && other.ID != f.ID {
			ambiguous[name] = true
		}
		known[name] = f
	}
	for i := range m.Pages {
		for j := range m.Pages[i].Fields {
			f := &m.Pages[i].Fields[j]
			add(f.ID, f)
			for _, lang := range languages {
				add(fold(f.Label.In(lang)), f)
				add(fold(f.Label.In(lang)+" ["+f.ID+"]"), f)
			}
		}
	}
	for name := range ambiguous {
		delete(known, name)
	}
	return known, ambiguous
}

// headerOf is how a field is headed in a language, so that it is read again.
func headerOf(f *forms.Field, lang string, ambiguous map[string]bool) string {
	if label := f.Label.In(lang); !ambiguous[fold(label)] {
		return label
	}
	return f.Label.In(lang) + " [" + f.ID + "]"
}

// ignored reports whether a column is known to say nothing: our own, and those
// without a header.
func ignored(header string) bool {
	h := strings.TrimSpace(header)
	return h == "" || strings.HasPrefix(h, "#") || fold(h) == fold(errorsHeader.IT) || fold(h) == fold(errorsHeader.EN)
}

// readHeader finds the field of each column.
func (t *Table) readHeader(head record) {
	known, ambiguous := names(t.Model)
	t.Header = head.cells
	t.columns = make([]*forms.Field, len(head.cells))
	taken := map[string]bool{}
	found := 0
	for i, h := range head.cells {
		h = unquoteFormula(h)
		if ignored(h) {
			continue
		}
		f := known[fold(h)]
		problem := Problem{Line: head.line, Column: shorten(h)}
		switch {
		case ambiguous[fold(h)]:
			problem.Text = textAmbiguousHeader
		case f == nil:
			problem.Text, problem.Notice = textUnknownHeader, true
		case taken[f.ID]:
			problem.Text = textTwiceHeader
		default:
			taken[f.ID], t.columns[i] = true, f
			found++
			continue
		}
		t.Problems = append(t.Problems, problem)
	}
	if found == 0 {
		t.Problems = append(t.Problems, Problem{Line: head.line, Text: textNoHeader})
	}
}
