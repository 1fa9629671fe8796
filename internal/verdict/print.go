package verdict

import (
	"fmt"
	"io"
	"strings"

	"puntuale/internal/clickday"
)

var (
	proven = Say("DIMOSTRATO: tutto ciò che si può ricalcolare torna.", "PROVEN: everything that can be recomputed agrees.")
	wrong  = Say("NON TORNA: il file NON prova ciò che dice.", "WRONG: this file does NOT prove what it says.")
	marks  = map[State]clickday.Text{
		Proven: Say("torna", "agrees"), Wrong: Say("NON TORNA", "WRONG"), Open: Say("non verificato", "not checked"),
	}
	lineWord  = Say("riga", "line")
	meansWord = Say("Significa", "This means")
	moreWords = clickday.Text{IT: "… e altre %d cose che non tornano", EN: "… and %d more things that are wrong"}
)

// Headline is the verdict in one sentence.
func (r *Report) Headline() clickday.Text {
	if r.OK() {
		return proven
	}
	return wrong
}

// Mark is the word for the state of a check.
func (c *Check) Mark() clickday.Text { return marks[c.State] }

// Print writes the report as text in a language, "it" or "en".
func (r *Report) Print(w io.Writer, lang string) error {
	var b strings.Builder
	b.WriteString(r.Headline().In(lang) + "\n\n")
	width := 0
	for _, f := range r.Facts {
		width = max(width, len([]rune(f.Label.In(lang))))
	}
	for i := range r.Facts {
		f := &r.Facts[i]
		label := f.Label.In(lang)
		fmt.Fprintf(&b, "%s:%s %s\n", label, strings.Repeat(" ", width-len([]rune(label))), f.Say(lang))
	}
	if len(r.Facts) > 0 {
		b.WriteString("\n")
	}
	for i := range r.Checks {
		c := &r.Checks[i]
		fmt.Fprintf(&b, "[%s] %s\n    %s\n", c.Mark().In(lang), c.Title.In(lang), c.Detail.In(lang))
	}
	for i := range r.Findings {
		r.Findings[i].print(&b, lang)
	}
	if r.More > 0 {
		fmt.Fprintf(&b, "\n"+moreWords.In(lang)+"\n", r.More)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (f *Finding) print(b *strings.Builder, lang string) {
	b.WriteString("\n! ")
	if f.Line > 0 {
		fmt.Fprintf(b, "%s %d: ", lineWord.In(lang), f.Line)
	}
	fmt.Fprintf(b, "%s\n  %s: %s\n", f.What.In(lang), meansWord.In(lang), f.Means.In(lang))
}
