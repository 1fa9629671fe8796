package receipt

import (
	"bytes"
	"testing"
	"time"

	"puntuale/internal/forms"
	"puntuale/internal/forms/sample"
)

// TestDraftsSaySoOnEveryPage, for every model and in both languages.
func TestDraftsSaySoOnEveryPage(t *testing.T) {
	models, err := forms.Load()
	if err != nil {
		t.Fatal(err)
	}
	made := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	for _, m := range models.All() {
		for lang, word := range map[string]string{"it": "BOZZA", "en": "DRAFT"} {
			a := sample.Of(sample.New(1), m, sample.Company, made)
			d := &Draft{Service: "Puntuale", Model: m.Code, ModelTitle: m.Title.In(lang), Lang: lang, Made: made, MadeText: "22/11/2026", Preview: m.Preview(a, lang), Files: []string{"passaporto.pdf"}}
			pdf, err := RenderDraft(d)
			if err != nil {
				t.Fatal(err)
			}
			again, err := RenderDraft(d)
			if err != nil || !bytes.Equal(pdf, again) {
				t.Errorf("%s %s: not the same twice, %v", m.Code, lang, err)
			}
			c := composeDraft(d)
			for i, s := range c.sheets {
				if !says(s, word) {
					t.Errorf("%s %s: page %d does not say %s", m.Code, lang, i+1, word)
				}
			}
			if len(c.sheets) < 2 && m.Code == "B" {
				t.Errorf("%s: %d pages", m.Code, len(c.sheets))
			}
		}
	}
	sealed := &Draft{Service: "Puntuale", Made: made, Sealed: true}
	if c := composeDraft(sealed); says(c.sheets[0], "BOZZA") || !says(c.sheets[0], "NON ANCORA INVIATA") {
		t.Error("a sealed application is called a draft")
	}
	sealed.Sent = true
	if c := composeDraft(sealed); says(c.sheets[0], "NON ANCORA") || says(c.sheets[0], "non è stata inviata") || !says(c.sheets[0], "COPIA") {
		t.Error("an application that was sent is said not to be")
	}
}

// says reports whether a line of a page holds a text.
func says(s *sheet, want string) bool {
	for _, m := range s.marks {
		var line []rune
		for _, g := range m.glyphs {
			line = append(line, g.letter)
		}
		if bytes.Contains([]byte(string(line)), []byte(want)) {
			return true
		}
	}
	return false
}
