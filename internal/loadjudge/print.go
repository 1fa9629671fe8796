package loadjudge

import (
	"fmt"
	"io"
	"strings"

	"puntuale/internal/clickday"
	"puntuale/internal/loadrun"
)

var outcomeWords = map[loadrun.Outcome]clickday.Text{
	loadrun.Pass: {IT: "sì", EN: "yes"}, loadrun.Fail: {IT: "NO", EN: "NO"}, loadrun.Void: {IT: "–", EN: "–"},
}

// Print writes a verdict as text in a language, "it" or "en".
func Print(w io.Writer, j *Judgement, lang string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s\n\n", headline(j.Outcome).In(lang))
	for _, c := range j.Checks {
		fmt.Fprintf(&b, "%-16s %-3s %s\n%20s %s\n", c.ID, outcomeWords[c.Outcome].In(lang), c.Title.In(lang), "", c.Found.In(lang))
		for _, d := range c.Details {
			fmt.Fprintf(&b, "%20s   %s\n", "", d)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
