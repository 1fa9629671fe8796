package client

import (
	"fmt"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/client/sending"
	"puntuale/internal/client/store"
)

var stateWords = map[store.State]clickday.Text{
	store.Prepared:     {IT: "Preparata", EN: "Prepared"},
	store.Armed:        {IT: "Pronta all’invio", EN: "Armed"},
	store.Sending:      {IT: "In invio, esito non ancora noto", EN: "Sending, outcome not known yet"},
	store.Acknowledged: {IT: "Invio corretto", EN: "Acknowledged"},
	store.Refused:      {IT: "Respinta", EN: "Refused"},
	store.Sequenced:    {IT: "Numerata", EN: "Numbered"},
	store.Receipted:    {IT: "Ricevuta pronta", EN: "Receipt ready"},
}

// StateWord is how a state is called on screen.
func StateWord(s store.State) clickday.Text { return stateWords[s] }

var stageWords = map[sending.Stage]clickday.Text{
	sending.StageConnecting: {IT: "Collegamento al nodo di ricezione", EN: "Connecting to the intake node"},
	sending.StageWaiting:    {IT: "In attesa dell’apertura", EN: "Waiting for the opening"},
	sending.StageSuspended:  {IT: "Click day sospeso, in attesa", EN: "Click day suspended, waiting"},
	sending.StageSending:    {IT: "Invio in corso", EN: "Sending"},
	sending.StageSettling:   {IT: "Click day chiuso, si cercano gli esiti mancanti", EN: "Click day closed, looking for missing outcomes"},
	sending.StageDone:       {IT: "Invio terminato", EN: "Sending finished"},
}

// StageWord is how a stage of sending is called on screen.
func StageWord(s sending.Stage) clickday.Text { return stageWords[s] }

// Rome is where the click days are: every time on screen is its local time.
var Rome = loadRome()

func loadRome() *time.Location {
	l, err := time.LoadLocation("Europe/Rome")
	if err != nil { // a system without time zones shows UTC, and Clock says so
		return time.UTC
	}
	return l
}

// ClockText writes an instant to the microsecond, with its zone.
func ClockText(t time.Time) string { return t.In(Rome).Format("02/01/2006 15:04:05.000000 MST") }

// OpeningText writes an opening to the second, with its zone.
func OpeningText(t time.Time) string { return t.In(Rome).Format("02/01/2006 15:04:05 MST") }

// OffsetText writes an offset with its error, in milliseconds.
func OffsetText(v ClockView) string {
	ms := func(d time.Duration) float64 {
		return float64(d.Round(10*time.Microsecond)) / float64(time.Millisecond)
	}
	return fmt.Sprintf("%+.2f ms ± %.2f ms", ms(v.Offset), ms(v.Bound))
}

// Countdown writes what is left until an instant: "2 g 03:04:05" or "00:00:09.4".
func Countdown(left time.Duration, lang string) string {
	if left <= 0 {
		return "00:00:00"
	}
	days := left / (24 * time.Hour)
	h, m, s := left/time.Hour%24, left/time.Minute%60, left/time.Second%60
	text := fmt.Sprintf("%02d:%02d:%02d", h, m, s)
	switch {
	case days > 0 && lang == "en":
		return fmt.Sprintf("%d d %s", days, text)
	case days > 0:
		return fmt.Sprintf("%d g %s", days, text)
	case left < time.Minute:
		return fmt.Sprintf("%s.%d", text, left%time.Second/(100*time.Millisecond))
	}
	return text
}
