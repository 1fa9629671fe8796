package receipt_test

import (
	"strings"
	"testing"
	"time"

	"puntuale/internal/forms"
	answers "puntuale/internal/forms/sample"
)

// TestEveryModelIsPrinted: the receipt of any model, made of data alone, holds
// every question and answer of the application, and few pages do.
func TestEveryModelIsPrinted(t *testing.T) {
	c, err := forms.Load()
	if err != nil {
		t.Fatal(err)
	}
	today := time.Date(2027, 1, 12, 0, 0, 0, 0, time.UTC)
	for _, m := range c.All() {
		t.Run(string(m.Code), func(t *testing.T) {
			a := answers.Of(answers.New(23), m, answers.Any, today)
			d := sample()
			d.Model, d.ModelTitle, d.Preview = m.Code, m.Title.IT, m.Preview(a, "it")
			d.Employer, d.Worker = m.SummaryOf(a)
			text := letters(words(t, render(t, d)))
			for _, want := range []string{string(m.Code) + " – " + m.Title.IT, d.Employer, d.Worker} {
				if !strings.Contains(text, letters(want)) {
					t.Errorf("not on the receipt: %q", want)
				}
			}
			for _, s := range d.Preview {
				for _, r := range s.Rows {
					// what is long is wrapped beside its neighbour
					if len(r.Label) < 40 && !strings.Contains(text, letters(r.Label)) || len(r.Value) < 40 && !strings.Contains(text, letters(r.Value)) {
						t.Errorf("%s: not on the receipt: %q %q", s.Title, r.Label, r.Value)
					}
				}
			}
			if strings.Contains(text, letters("pagina 1 di 6")) {
				t.Error("six pages")
			}
		})
	}
}

// letters leaves out spaces, which pdftotext sets by the eye.
func letters(s string) string { return strings.Join(strings.Fields(s), "") }
