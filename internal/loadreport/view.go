package loadreport

import (
	"fmt"
	"html/template"
	"maps"
	"slices"
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
	Opened    clickday.Text
	Tiles     []tile
	Charts    []chart
	KindRows  []kindRow
	Refusals  []count
	Breakages []count
	Profile   struct {
		Name          string
		Title, Source clickday.Text
	}
	Voids []clickday.Text
}

// tile is one large figure.
type tile struct {
	Label clickday.Text
	Value clickday.Text
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
	v := &view{Report: r, Headline: clickday.Text{IT: h[0], EN: h[1]}, Lead: leads[r.Outcome], Tone: "none", Voids: r.Void()}
	if r.Outcome != "" {
		v.Tone = string(r.Outcome)
	}
	v.Opened = instant(r.Manifest.Opening)
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
		{clickday.Text{IT: "richieste riscontrate", EN: "requests acknowledged"}, plain(int64(t.Accepted)), text(
			"di %s offerte", "of %s offered", plain(int64(t.Planned)))},
		{clickday.Text{IT: "secondo più pieno", EN: "busiest second"}, rate(r.peak(func(s *Second) int { return s.Offered })), text(
			"%s riscontrate al massimo", "%s acknowledged at most", rate(r.peak(func(s *Second) int { return s.Accepted })))},
		{clickday.Text{IT: "esito, 99 su 100 entro", EN: "acknowledgement, 99 of 100 within"}, span(r.Latency.P99), text(
			"metà entro %s", "half within %s", span(r.Latency.P50))},
		{clickday.Text{IT: "senza risposta", EN: "without an answer"}, plain(int64(t.Failed)), text(
			"più %s interrotte apposta", "and %s cut on purpose", plain(int64(t.Cut)))},
	}
	if n := r.Receipts; n.Numbered > 0 {
		when := text("ultima dopo %s", "the last after %s", span(n.After*1000))
		if !n.All {
			when = text("di %s numeri, alla fine della prova", "of %s numbers, when the run ended", plain(n.Numbered))
		}
		v.Tiles = append(v.Tiles, tile{clickday.Text{IT: "ricevute emesse", EN: "receipts issued"}, plain(n.Receipted), when})
	}
	v.Tiles = append(v.Tiles, tile{clickday.Text{IT: "ritardo del generatore", EN: "generator's lateness"}, span(r.Lateness.P99), clickday.Text{IT: "99 su 100; quanto questa prova è esatta", EN: "99 of 100; how exact this run is"}})
}

// text puts a figure into a sentence.
func text(it, en string, arg clickday.Text) clickday.Text {
	return clickday.Text{IT: fmt.Sprintf(it, arg.IT), EN: fmt.Sprintf(en, arg.EN)}
}

// plain is a whole number, which both languages write alike.
func plain(n int64) clickday.Text {
	return clickday.Text{IT: loadrun.Grouped(n), EN: loadrun.Grouped(n)}
}

// rate is so many a second.
func rate(n float64) clickday.Text { return text("%s/s", "%s/s", plain(int64(n))) }

// span writes milliseconds as a person would.
func span(ms float64) clickday.Text {
	return loadrun.Duration(time.Duration(ms * float64(time.Millisecond)))
}

var months = [...]clickday.Text{
	{IT: "gennaio", EN: "January"}, {IT: "febbraio", EN: "February"}, {IT: "marzo", EN: "March"}, {IT: "aprile", EN: "April"}, {IT: "maggio", EN: "May"},
	{IT: "giugno", EN: "June"}, {IT: "luglio", EN: "July"}, {IT: "agosto", EN: "August"}, {IT: "settembre", EN: "September"}, {IT: "ottobre", EN: "October"},
	{IT: "novembre", EN: "November"}, {IT: "dicembre", EN: "December"},
}

// instant writes when something was.
func instant(unixNano int64) clickday.Text {
	t := time.Unix(0, unixNano).UTC()
	m := months[t.Month()-1]
	return clickday.Text{IT: fmt.Sprintf("%d %s %d, ore %s UTC", t.Day(), m.IT, t.Year(), t.Format(time.TimeOnly)),
		EN: fmt.Sprintf("%d %s %d, %s UTC", t.Day(), m.EN, t.Year(), t.Format(time.TimeOnly))}
}

// both shows a text in the language that the reader chose.
func both(t clickday.Text) template.HTML {
	if t.IT == t.EN {
		return template.HTML(template.HTMLEscapeString(t.IT))
	}
	return template.HTML(`<span lang="it">` + template.HTMLEscapeString(t.IT) + `</span><span lang="en">` + template.HTMLEscapeString(t.EN) + `</span>`)
}
