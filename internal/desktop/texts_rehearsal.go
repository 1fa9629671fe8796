package desktop

import (
	"maps"

	"puntuale/internal/clickday"
)

// rehearsalTexts are the words of the rehearsal.
var rehearsalTexts = map[string]clickday.Text{
	"play_title":        {IT: "Prova generale", EN: "Rehearsal"},
	"play_text":         {IT: "Un click day intero: le tue domande sigillate vengono copiate in un click day di prova, aspettano l’apertura, partono, ricevono un numero e una ricevuta. Alla fine c’è un rapporto. Nulla ha valore e le domande vere restano come sono: si può fare quando si vuole, tranne da un’ora prima a un quarto d’ora dopo un’apertura vera.", EN: "A whole click day: your sealed applications are copied into a click day of rehearsal, wait for its opening, leave, get a number and a receipt. At the end there is a report. Nothing has value and the real applications stay as they are: do it at any time, except from an hour before to a quarter of an hour after a real opening."},
	"play_resume":       {IT: "Riprendi la prova interrotta", EN: "Go on with the interrupted rehearsal"},
	"play_band":         {IT: "PROVA – senza valore", EN: "REHEARSAL – no value"},
	"play_step_checks":  {IT: "Controlli del computer", EN: "Checks of this computer"},
	"play_step_tickets": {IT: "Copie delle domande e titoli d’invio", EN: "Copies of the applications and tickets"},
	"play_step_firing":  {IT: "Connessioni, attesa dell’apertura, invio", EN: "Connections, wait for the opening, sending"},
	"play_step_numbers": {IT: "Numeri di protocollo e ricevute", EN: "Protocol numbers and receipts"},
	"play_step_report":  {IT: "Rapporto", EN: "Report"},
	"play_waits":        {IT: "ricevute giunte: si attendono le altre", EN: "receipts are here: waiting for the others"},
	"play_counts":       {IT: "Domande %d · arrivate %d · numerate %d · ricevute %d", EN: "Applications %d · arrived %d · numbered %d · receipts %d"},
	"play_what":         {IT: "Domande", EN: "Applications"},
	"play_copies":       {IT: "%d copie delle tue domande sigillate", EN: "%d copies of your sealed applications"},
	"play_samples":      {IT: "%d inventate: l’account non ne ha di sigillate", EN: "%d invented ones: the account has none that are sealed"},
	"play_resumed":      {IT: "Interruzione", EN: "Interruption"},
	"play_resumed_text": {IT: "La prova è ripresa da dov’era, con le stesse buste.", EN: "The rehearsal went on where it was, with the same envelopes."},
	"play_numbers":      {IT: "Numeri di protocollo", EN: "Protocol numbers"},
	"play_receipts":     {IT: "Ricevute", EN: "Receipts"},
	"play_within":       {IT: ", entro %.1f s dall’apertura", EN: ", within %.1f s of the opening"},
	"play_mend":         {IT: "Che cosa sistemare", EN: "What to mend"},
	"play_mend_none":    {IT: "Nulla: questo computer è pronto per il click day.", EN: "Nothing: this computer is ready for the click day."},
	"play_more":         {IT: "altre %d nel rapporto", EN: "%d more in the report"},
	"play_folder":       {IT: "Rapporto e ricevute in", EN: "Report and receipts in"},
	"play_open":         {IT: "Apri la cartella", EN: "Open the folder"},
	"play_go":           {IT: "Prova generale…", EN: "Rehearsal…"},
	"play":              {IT: "Fai la prova ora", EN: "Rehearse now"},
	"play_prepares":     {IT: "Prima si controlla il computer…", EN: "First this computer is checked…"},
	"play_when":         {IT: "Apertura provata", EN: "Opening that was played"},
	"play_arrivals":     {IT: "Arrivi", EN: "Arrivals"},
	"play_early":        {IT: "In anticipo", EN: "Early"},
	"play_first":        {IT: "Primo arrivo dopo l’apertura", EN: "First arrival after the opening"},
	"play_last":         {IT: "Ultimo arrivo dopo l’apertura", EN: "Last arrival after the opening"},
	"play_links":        {IT: "Connessioni", EN: "Connections"},
	"play_clock":        {IT: "Orologio della ricezione", EN: "The intake’s clock"},
	"play_trip":         {IT: "Andata e ritorno", EN: "Round trip"},
}

func init() { maps.Copy(texts, rehearsalTexts) }
