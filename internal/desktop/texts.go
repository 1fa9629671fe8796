package desktop

import (
	"fmt"
	"maps"

	"puntuale/internal/clickday"
)

// texts are the words on screen in both languages; those of pages are added.
var texts = map[string]clickday.Text{
	"title":            {IT: "Puntuale", EN: "Puntuale"},
	"nav_day":          {IT: "Click day", EN: "Click day"},
	"nav_applications": {IT: "Domande", EN: "Applications"},
	"nav_checks":       {IT: "Controlli", EN: "Checks"},
	"nav_settings":     {IT: "Impostazioni", EN: "Settings"},
	"nav_help":         {IT: "Aiuto", EN: "Help"},
	"is_armed":         {IT: "pronto all’invio", EN: "armed"},
	"newer":            {IT: "È disponibile la versione %s. %s", EN: "Version %s is available. %s"},
	"download":         {IT: "Scarica", EN: "Download"},
	"step_pair":        {IT: "1  Collega", EN: "1  Connect"},
	"step_test":        {IT: "2  Controlla", EN: "2  Check"},
	"step_play":        {IT: "3  Prova", EN: "3  Rehearse"},
	"next":             {IT: "Avanti", EN: "Next"},
	"skip":             {IT: "Salta per ora", EN: "Skip for now"},
	"finish":           {IT: "Fine", EN: "Finish"},
	"pair_title":       {IT: "Collega questo computer", EN: "Connect this computer"},
	"pair_text":        {IT: "Il collegamento si fa una volta sola. Si apre il browser: accedi al portale con il tuo account e conferma. Il programma non vede mai la tua password.", EN: "This is done once. The browser opens: log in to the portal with your account and confirm. This program never sees your password."},
	"portal":           {IT: "Indirizzo del portale", EN: "Address of the portal"},
	"portal_where":     {IT: "È l’indirizzo che usi nel browser per compilare le domande.", EN: "It is the address that you use in the browser to fill in the applications."},
	"computer":         {IT: "Nome di questo computer", EN: "Name of this computer"},
	"computer_ph":      {IT: "ad esempio: ufficio, portatile", EN: "for example: office, laptop"},
	"passphrase":       {IT: "Frase segreta per proteggere le chiavi", EN: "Passphrase to protect the keys"},
	"pass_why":         {IT: "Questo computer non ha un portachiavi di sistema: le chiavi sono cifrate con questa frase. Conservala, non si può recuperare.", EN: "This computer has no system keyring: the keys are encrypted with this passphrase. Keep it, it cannot be recovered."},
	"pair":             {IT: "Apri il browser e collega", EN: "Open the browser and connect"},
	"pair_wait":        {IT: "Completa l’accesso nel browser. Questa finestra prosegue da sola.", EN: "Complete the log-in in the browser. This window goes on by itself."},
	"pair_url":         {IT: "Se il browser non si apre, usa questo indirizzo", EN: "If the browser does not open, use this address"},
	"pair_back":        {IT: "Torna all’altro account", EN: "Back to the other account"},
	"cancel":           {IT: "Annulla", EN: "Cancel"},
	"unlock_title":     {IT: "Sblocca le chiavi", EN: "Unlock the keys"},
	"unlock_text":      {IT: "Le chiavi di questo computer sono cifrate. Scrivi la frase segreta che hai scelto al collegamento.", EN: "The keys of this computer are encrypted. Type the passphrase that you chose when connecting."},
	"unlock":           {IT: "Sblocca", EN: "Unlock"},
	"sync":             {IT: "Aggiorna domande", EN: "Fetch applications"},
	"syncing":          {IT: "Aggiornamento…", EN: "Fetching…"},
	"save":             {IT: "Salva tutte le ricevute…", EN: "Save all receipts…"},
	"save_proofs":      {IT: "Salva le prove provvisorie…", EN: "Save the provisional proofs…"},
	"none_title":       {IT: "Nessuna domanda sigillata", EN: "No sealed application"},
	"none":             {IT: "Completa e sigilla le domande sul portale, poi premi «Aggiorna domande».", EN: "Complete and seal the applications in the portal, then press “Fetch applications”."},
	"opens":            {IT: "Apertura %s", EN: "Opening %s"},
	"closes":           {IT: "Aperto fino al %s", EN: "Open until %s"},
	"closed":           {IT: "Chiuso dal %s", EN: "Closed since %s"},
	"is_open":          {IT: "Aperto", EN: "Open"},
	"is_closed":        {IT: "Chiuso", EN: "Closed"},
	"is_suspended":     {IT: "Sospeso", EN: "Suspended"},
	"clock_title":      {IT: "Orologio della ricezione rispetto a questo computer", EN: "The intake’s clock against this computer"},
	"clock":            {IT: "Nodo %d · andata e ritorno %s", EN: "Node %d · round trip %s"},
	"clock_utc":        {IT: "entro %s da UTC", EN: "within %s of UTC"},
	"clock_none":       {IT: "Non ancora misurato: il conto alla rovescia usa l’orologio di questo computer.", EN: "Not measured yet: the countdown uses this computer’s clock."},
	"pc_clock":         {IT: "L’orologio di questo computer è sbagliato.", EN: "This computer’s clock is wrong."},
	"ntp":              {IT: "Controllo: %s dice %s (%d server su %d concordano)", EN: "Cross-check: %s says %s (%d of %d servers agree)"},
	"ntp_none":         {IT: "Controllo: nessun server dell’ora ha risposto (non serve per l’invio).", EN: "Cross-check: no time server answered (not needed for sending)."},
	"links_title":      {IT: "Connessioni al servizio di ricezione", EN: "Connections to the intake"},
	"connections":      {IT: "%d connessioni pronte su %d", EN: "%d of %d connections ready"},
	"links_home":       {IT: "nodo %d", EN: "node %d"},
	"links":            {IT: "Pronte %d · in invio %d · in apertura %d · non ancora aperte %d · perse %d. Di riserva, a un altro nodo: %d.", EN: "Ready %d · sending %d · opening %d · not opened yet %d · lost %d. Spare, to another node: %d."},
	"n_ready":          {IT: "pronte", EN: "ready"},
	"n_sending":        {IT: "in invio", EN: "sending"},
	"n_acknowledged":   {IT: "arrivate", EN: "arrived"},
	"n_numbered":       {IT: "numerate", EN: "numbered"},
	"n_receipts":       {IT: "ricevute", EN: "receipts"},
	"n_refused":        {IT: "respinte", EN: "refused"},
	"no_outcome":       {IT: "Gli esiti compaiono qui appena arrivano: l’ora esatta di arrivo e la prova firmata, poi il numero di protocollo e la ricevuta.", EN: "Outcomes appear here as they come: the exact time of arrival and the signed proof, then the protocol number and the receipt."},
	"arm":              {IT: "Prepara l’invio", EN: "Arm the sending"},
	"send_now":         {IT: "Invia ora", EN: "Send now"},
	"stop":             {IT: "Ferma", EN: "Stop"},
	"armed":            {IT: "Le domande partiranno da sole. Lascia il computer acceso e questa finestra aperta.", EN: "The applications leave by themselves. Keep the computer on and this window open."},
	"not_armed":        {IT: "Premi «Prepara l’invio»: le domande di questo giorno, selezionate automaticamente, partiranno da sole all’apertura.", EN: "Press “Arm the sending”: the applications for this day, selected automatically, leave by themselves at the opening."},
	"late":             {IT: "Il click day è aperto: premi «Invia ora».", EN: "The click day is open: press “Send now”."},
	"all_done":         {IT: "Tutte le domande di questo giorno hanno un esito.", EN: "Every application for this day has an outcome."},
	"col_worker":       {IT: "Lavoratore", EN: "Worker"},
	"col_employer":     {IT: "Datore di lavoro", EN: "Employer"},
	"col_state":        {IT: "Stato", EN: "State"},
	"col_outcome":      {IT: "Esito", EN: "Outcome"},
	"col_arrived":      {IT: "Ora di arrivo", EN: "Time of arrival"},
	"col_number":       {IT: "Protocollo", EN: "Protocol number"},
	"col_proof":        {IT: "Prova", EN: "Proof"},
	"col_place":        {IT: "Ordine", EN: "Order"},
	"signed":           {IT: "nodo %d", EN: "node %d"},
	"n":                {IT: "%d", EN: "%d"},
	"of":               {IT: "%d su %d", EN: "%d of %d"},
}

func init() { maps.Copy(texts, pageTexts) }

// say returns a text, filled in.
func (v *View) say(key string, args ...any) string {
	text := texts[key].In(v.lang)
	if len(args) == 0 {
		return text
	}
	return fmt.Sprintf(text, args...)
}
