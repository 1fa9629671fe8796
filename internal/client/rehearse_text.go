package client

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"puntuale/internal/clickday"
)

// Text is the report for people, in Italian or English.
func (r *RehearsalReport) Text(lang string) string {
	var b strings.Builder
	line := func(it, en string, args ...any) {
		fmt.Fprintf(&b, clickday.Text{IT: it, EN: en}.In(lang)+"\n", args...)
	}
	line("PROVA GENERALE – senza valore", "REHEARSAL – no value")
	line("Click day di prova %s, apertura %s", "Click day of rehearsal %s, opening %s", r.Code, OpeningText(r.Opens))
	line("\n%s", "\n%s", r.Verdict.In(lang))
	if r.Samples {
		line("Le domande sono inventate: l’account non ne ha di sigillate.", "The applications are invented: the account has none that are sealed.")
	} else {
		line("Le domande sono copie di quelle sigillate, che restano come sono.", "The applications are copies of the sealed ones, which stay as they are.")
	}
	if r.Resumed {
		line("La prova era stata interrotta ed è ripresa: le stesse buste, nessuna inviata due volte con effetto.", "The rehearsal had been interrupted and went on: the same envelopes, none sent twice with effect.")
	}
	line("\nInvio", "\nSending")
	line("  arrivi                 %d su %d, in anticipo %d", "  arrivals               %d of %d, early %d", r.Acknowledged, r.Applications, r.Early)
	line("  primo dopo l’apertura  %s", "  first after opening    %s", millisText(r.First))
	line("  ultimo                 %s", "  last                   %s", millisText(r.Last))
	line("  connessioni            %d, nodi %v", "  connections            %d, nodes %v", r.Connections, r.Nodes)
	line("  andata e ritorno       %s", "  round trip             %s", millisText(r.RoundTrip))
	line("  orologio del nodo      %s rispetto a questo computer", "  the node’s clock       %s against this computer", OffsetText(ClockView{Offset: r.Offset, Bound: r.Bound}))
	line("  numeri                 %d%s", "  numbers                %d%s", r.Numbered, afterText(r.NumbersAfter, lang))
	line("  ricevute               %d%s", "  receipts               %d%s", r.Receipts, afterText(r.ReceiptsAfter, lang))
	line("\nDomande", "\nApplications")
	for i := range r.Rows {
		b.WriteString(r.Rows[i].Text(lang))
	}
	line("\nControlli", "\nChecks")
	for _, k := range r.Checks {
		line("  %-8s %s: %s", "  %-8s %s: %s", gradeWord(k.Grade).In(lang), k.Title.In(lang), k.Finding.In(lang))
	}
	line("\nDa sistemare", "\nTo mend")
	for _, t := range r.Mend {
		line("  - %s", "  - %s", t.In(lang))
	}
	if len(r.Mend) == 0 {
		line("  nulla", "  nothing")
	}
	return b.String()
}

// Text is one application of the report, as lines.
func (r *RehearsalRow) Text(lang string) string {
	s := "  " + r.Worker
	if r.Employer != "" {
		s += " (" + r.Employer + ")"
	}
	s += ": " + StateWord(r.State).In(lang) + "\n"
	if !r.Arrived.IsZero() {
		s += fmt.Sprintf(clickday.Text{IT: "    arrivo %s, %s dopo l’apertura, nodo %d\n", EN: "    arrival %s, %s after the opening, node %d\n"}.In(lang),
			ClockText(r.Arrived), millisText(r.Lateness), r.Node)
	}
	if r.ProtocolNumber != "" {
		s += "    " + r.ProtocolNumber
		if r.Receipt != "" {
			s += " · " + filepath.Base(r.Receipt)
		}
		s += "\n"
	}
	if r.Code != "" {
		s += "    " + r.Reason.In(lang) + "\n"
	}
	return s
}

func gradeWord(g Grade) clickday.Text {
	switch g {
	case Bad:
		return clickday.Text{IT: "NO", EN: "NO"}
	case Warn:
		return clickday.Text{IT: "attenz.", EN: "warning"}
	}
	return clickday.Text{IT: "ok", EN: "ok"}
}

func millisText(d time.Duration) string {
	return fmt.Sprintf("%.3f ms", float64(d)/float64(time.Millisecond))
}

func afterText(d time.Duration, lang string) string {
	if d == 0 {
		return ""
	}
	return fmt.Sprintf(clickday.Text{IT: ", entro %.1f s dall’apertura", EN: ", within %.1f s of the opening"}.In(lang), d.Seconds())
}
