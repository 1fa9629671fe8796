package loadreport

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"puntuale/internal/loadrun"
)

// headlines are what a person reads first.
var headlines = map[loadrun.Outcome][2]string{
	loadrun.Pass: {"Prova superata", "Passed"},
	loadrun.Fail: {"Prova non superata", "Failed"},
	loadrun.Void: {"Prova nulla", "Void"},
	"":           {"Prova non ancora giudicata", "Not judged yet"},
}

// Summary prints the most important figures.
func (r *Report) Summary(out io.Writer) {
	h := headlines[r.Outcome]
	t := r.Total()
	fmt.Fprintf(out, "\n%s / %s: %s\n", h[0], h[1], r.Manifest.Name)
	fmt.Fprintf(out, "  %d previste / planned, %d accettate / accepted, %d rifiutate / refused, %d tagliate / cut, %d senza risposta / unanswered\n",
		t.Planned, t.Accepted, t.Refused, t.Cut, t.Failed)
	fmt.Fprintf(out, "  esito / acknowledgement: p50 %.1f, p90 %.1f, p99 %.1f, p99.9 %.1f, max %.1f ms\n",
		r.Latency.P50, r.Latency.P90, r.Latency.P99, r.Latency.P999, r.Latency.Max)
	fmt.Fprintf(out, "  generatore / generator: p99 %.2f ms, max %.2f ms, %d in attesa / starved\n", r.Lateness.P99, r.Lateness.Max, r.Starved)
	if r.Postponed > 0 {
		fmt.Fprintf(out, "  apertura spostata / opening moved: %d rinviate e ritrasmesse / refused and sent again\n", r.Postponed)
	}
	for _, code := range slices.Sorted(maps.Keys(r.Problems)) {
		fmt.Fprintf(out, "  %s: %d\n", code, r.Problems[code])
	}
	for _, why := range slices.Sorted(maps.Keys(r.Failures)) {
		fmt.Fprintf(out, "  %s: %d\n", why, r.Failures[why])
	}
	if r.Receipts.Numbered > 0 {
		fmt.Fprintf(out, "  numeri / numbers %d, ricevute / receipts %d, ultima / last %.1f s\n", r.Receipts.Numbered, r.Receipts.Receipted, r.Receipts.After)
	}
	for _, v := range r.Void() {
		fmt.Fprintf(out, "  %s\n  %s\n", v.IT, v.EN)
	}
	if r.Verdict == nil {
		return
	}
	for _, c := range r.Verdict.Checks {
		fmt.Fprintf(out, "  %-4s %-4s %s\n", c.ID, c.Outcome, c.Found.IT)
	}
}
