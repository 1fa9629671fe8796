package loadreport

import (
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/loadrun"
)

// view is what the page shows.
type view struct {
	*Report
	Headline  clickday.Text
	Lead      clickday.Text
	Tone      string // pass, fail, void or none
	Opened    string
	Tiles     []tile
	Charts    []chart
	KindRows  []kindRow
	Refusals  []count
	Breakages []count
	Profile   struct {
		Name          string
		Title, Source clickday.Text
	}
	Voids  []clickday.Text
	Colors []int // of curves
}

// tile is one large figure.
type tile struct {
	Label clickday.Text
	Value string
	Note  clickday.Text
}

type kindRow struct {
	Name clickday.Text
	KindCount
}

type count struct {
	Code string
	Text clickday.Text
	N    int
}

var kindNames = map[string]clickday.Text{
	"good":   {IT: "prime trasmissioni", EN: "first submissions"},
	"repeat": {IT: "ritrasmissioni", EN: "repeats"},
	"bad":    {IT: "non valide, da rifiutare", EN: "bad ones, to be refused"},
	"early":  {IT: "anticipate, da rifiutare", EN: "early ones, to be refused"},
	"cut":    {IT: "interrotte prima della risposta", EN: "cut before the answer"},
}

var failureTexts = map[string]clickday.Text{
	"connection refused": {IT: "connessione rifiutata", EN: "connection refused"},
	"connection broken":  {IT: "connessione interrotta dall'altra parte", EN: "connection broken by the other end"},
	"timeout":            {IT: "nessuna risposta in tempo", EN: "no answer in time"},
	"garbled answer":     {IT: "risposta incomprensibile", EN: "garbled answer"},
	"unsent":             {IT: "mai inviata", EN: "never sent"},
}

var leads = map[loadrun.Outcome]clickday.Text{
	loadrun.Pass: {IT: "L'installazione ha retto: tutto ciò che è stato riscontrato è rimasto, in ordine e con la sua ricevuta.",
		EN: "The installation held: everything that was acknowledged is there, in order and with its receipt."},
	loadrun.Fail: {IT: "Almeno una verifica non è riuscita: i dettagli sono qui sotto.", EN: "At least one check failed: the details are below."},
	loadrun.Void: {IT: "La prova non dice nulla dell'installazione, né in bene né in male: i motivi sono qui sotto.",
		EN: "The run says nothing about the installation, good or bad: the reasons are below."},
	"": {IT: "Le misure ci sono, la verifica no.", EN: "There are measurements, and no verdict yet."},
}

func newView(r *Report) *view {
	h := headlines[r.Outcome]
	v := &view{Report: r, Headline: clickday.Text{IT: h[0], EN: h[1]}, Lead: leads[r.Outcome], Tone: "none", Voids: r.Void(), Colors: []int{1, 2, 3, 4, 5, 6}}
	if r.Outcome != "" {
		v.Tone = string(r.Outcome)
	}
	v.Opened = time.Unix(0, r.Manifest.Opening).UTC().Format("2006-01-02 15:04:05 UTC")
	v.profile()
	v.tiles()
	for _, k := range loadrun.Kinds {
		v.KindRows = append(v.KindRows, kindRow{kindNames[k.String()], *r.Kinds[k.String()]})
	}
	for _, code := range slices.Sorted(maps.Keys(r.Problems)) {
		v.Refusals = append(v.Refusals, count{code, clickday.MeaningOf(clickday.Code(code)).Title, r.Problems[code]})
	}
	for _, why := range slices.Sorted(maps.Keys(r.Failures)) {
		v.Breakages = append(v.Breakages, count{why, failureTexts[why], r.Failures[why]})
	}
	v.Charts = r.charts()
	return v
}

func (v *view) tiles() {
	r := v.Report
	t := r.Total()
	v.Tiles = []tile{
		{clickday.Text{IT: "richieste riscontrate", EN: "requests acknowledged"}, grouped(int64(t.Accepted)), text(
			"di %s offerte", "of %s offered", grouped(int64(t.Planned)))},
		{clickday.Text{IT: "secondo più pieno", EN: "busiest second"}, grouped(int64(r.peak(func(s *Second) int { return s.Offered }))) + "/s", text(
			"%s/s riscontrate al massimo", "%s/s acknowledged at most", grouped(int64(r.peak(func(s *Second) int { return s.Accepted }))))},
		{clickday.Text{IT: "esito, 99 su 100 entro", EN: "acknowledgement, 99 of 100 within"}, span(r.Latency.P99), text(
			"metà entro %s", "half within %s", span(r.Latency.P50))},
		{clickday.Text{IT: "senza risposta", EN: "without an answer"}, grouped(int64(t.Failed)), text(
			"più %s interrotte apposta", "and %s cut on purpose", grouped(int64(t.Cut)))},
	}
	if n := r.Receipts; n.Numbered > 0 {
		when := text("ultima dopo %s", "the last after %s", span(n.After*1000))
		if !n.All {
			when = text("di %s numeri, alla fine della prova", "of %s numbers, when the run ended", grouped(n.Numbered))
		}
		v.Tiles = append(v.Tiles, tile{clickday.Text{IT: "ricevute emesse", EN: "receipts issued"}, grouped(n.Receipted), when})
	}
	v.Tiles = append(v.Tiles, tile{clickday.Text{IT: "ritardo del generatore", EN: "generator's lateness"}, span(r.Lateness.P99), clickday.Text{IT: "99 su 100; quanto questa prova è esatta", EN: "99 of 100; how exact this run is"}})
}

func text(it, en string, arg string) clickday.Text {
	return clickday.Text{IT: fmt.Sprintf(it, arg), EN: fmt.Sprintf(en, arg)}
}

// grouped writes 12 345 with thin spaces, which both languages read.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	var out []string
	for len(s) > 3 {
		out = append([]string{s[len(s)-3:]}, out...)
		s = s[:len(s)-3]
	}
	return strings.Join(append([]string{s}, out...), "\u202f")
}

// span writes milliseconds as a person would.
func span(ms float64) string {
	switch {
	case ms < 10:
		return fmt.Sprintf("%.2f ms", ms)
	case ms < 1000:
		return fmt.Sprintf("%.0f ms", ms)
	case ms < 100_000:
		return fmt.Sprintf("%.1f s", ms/1000)
	default:
		return fmt.Sprintf("%.0f min", ms/60_000)
	}
}

// both shows a text in the language that the reader chose.
func both(t clickday.Text) template.HTML {
	return template.HTML(`<span lang="it">` + template.HTMLEscapeString(t.IT) + `</span><span lang="en">` + template.HTMLEscapeString(t.EN) + `</span>`)
}
