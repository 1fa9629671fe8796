package desktop

import (
	"fmt"

	"puntuale/internal/clickday"
)

// texts are the words on screen in both languages.
var texts = map[string]clickday.Text{
	"title":        {IT: "Puntuale", EN: "Puntuale"},
	"pair_title":   {IT: "Collega questo computer", EN: "Connect this computer"},
	"pair_text":    {IT: "Il collegamento si fa una volta sola. Si apre il browser: accedi al portale con il tuo account e conferma. Il mini-client non vede mai la tua password.", EN: "This is done once. The browser opens: log in to the portal with your account and confirm. The mini-client never sees your password."},
	"portal":       {IT: "Indirizzo del portale", EN: "Address of the portal"},
	"computer":     {IT: "Nome di questo computer", EN: "Name of this computer"},
	"computer_ph":  {IT: "ad esempio: ufficio, portatile", EN: "for example: office, laptop"},
	"passphrase":   {IT: "Frase segreta per proteggere le chiavi", EN: "Passphrase to protect the keys"},
	"pass_why":     {IT: "Questo computer non ha un portachiavi di sistema: le chiavi sono cifrate con questa frase. Conservala, non si può recuperare.", EN: "This computer has no system keyring: the keys are encrypted with this passphrase. Keep it, it cannot be recovered."},
	"pair":         {IT: "Apri il browser e collega", EN: "Open the browser and connect"},
	"pair_wait":    {IT: "In attesa dell’accesso nel browser…", EN: "Waiting for the log-in in the browser…"},
	"pair_url":     {IT: "Se il browser non si apre, usa questo indirizzo", EN: "If the browser does not open, use this address"},
	"cancel":       {IT: "Annulla", EN: "Cancel"},
	"unlock_title": {IT: "Sblocca le chiavi", EN: "Unlock the keys"},
	"unlock":       {IT: "Sblocca", EN: "Unlock"},
	"sync":         {IT: "Aggiorna domande", EN: "Fetch applications"},
	"syncing":      {IT: "Aggiornamento…", EN: "Fetching…"},
	"save":         {IT: "Salva ricevute…", EN: "Save receipts…"},
	"none":         {IT: "Nessuna domanda sigillata. Completa e sigilla le domande sul portale, poi aggiorna.", EN: "No sealed application. Complete and seal the applications in the portal, then fetch them."},
	"opens":        {IT: "Apertura %s", EN: "Opening %s"},
	"closes":       {IT: "Aperto fino al %s", EN: "Open until %s"},
	"closed":       {IT: "Chiuso dal %s", EN: "Closed since %s"},
	"is_open":      {IT: "Aperto", EN: "Open"},
	"is_closed":    {IT: "Chiuso", EN: "Closed"},
	"is_suspended": {IT: "Sospeso", EN: "Suspended"},
	"clock":        {IT: "Orologio del nodo di ricezione %d rispetto a questo computer: %s  ·  andata e ritorno %s", EN: "Clock of intake node %d against this computer: %s  ·  round trip %s"},
	"clock_none":   {IT: "Orologio del nodo di ricezione non ancora misurato: il conto usa l’orologio di questo computer.", EN: "Clock of the intake node not measured yet: the countdown uses this computer's clock."},
	"ntp":          {IT: "Controllo: %s dice %s (%d server su %d concordano)", EN: "Cross-check: %s says %s (%d of %d servers agree)"},
	"ntp_none":     {IT: "Controllo: nessun server dell’ora ha risposto (non serve per l’invio)", EN: "Cross-check: no time server answered (not needed for sending)"},
	"connections":  {IT: "connessioni %d di %d", EN: "connections %d of %d"},
	"counts":       {IT: "Domande %d  ·  arrivate %d  ·  numerate %d  ·  respinte %d", EN: "Applications %d  ·  arrived %d  ·  numbered %d  ·  refused %d"},
	"arm":          {IT: "Prepara l’invio", EN: "Arm the sending"},
	"send_now":     {IT: "Invia ora", EN: "Send now"},
	"stop":         {IT: "Ferma", EN: "Stop"},
	"armed":        {IT: "Le domande partiranno da sole all’apertura. Lascia il computer acceso e il mini-client aperto.", EN: "The applications leave by themselves at the opening. Keep the computer on and the mini-client open."},
	"not_armed":    {IT: "Premi «Prepara l’invio»: le domande partiranno da sole all’apertura.", EN: "Press “Arm the sending”: the applications leave by themselves at the opening."},
	"late":         {IT: "Il click day è aperto: premi «Invia ora».", EN: "The click day is open: press “Send now”."},
	"all_done":     {IT: "Tutte le domande hanno un esito.", EN: "Every application has an outcome."},
	"col_worker":   {IT: "Lavoratore", EN: "Worker"},
	"col_employer": {IT: "Datore di lavoro", EN: "Employer"},
	"col_state":    {IT: "Stato", EN: "State"},
	"col_arrived":  {IT: "Arrivo", EN: "Arrival"},
	"col_number":   {IT: "Protocollo", EN: "Protocol number"},
	"detail":       {IT: "%s  ·  modello %s  ·  domanda %s\nBusta %s", EN: "%s  ·  model %s  ·  application %s\nEnvelope %s"},
	"detail_at":    {IT: "Arrivata %s al nodo %d", EN: "Arrived %s at node %d"},
	"detail_bound": {IT: " (errore dell’orologio al più %s)", EN: " (clock error at most %s)"},
	"detail_file":  {IT: "Ricevuta salvata in %s", EN: "Receipt saved as %s"},
}

// say returns a text, filled in.
func (v *View) say(key string, args ...any) string {
	text := texts[key].In(v.lang)
	if len(args) == 0 {
		return text
	}
	return fmt.Sprintf(text, args...)
}
