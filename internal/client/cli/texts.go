package cli

import (
	"fmt"

	"puntuale/internal/clickday"
)

// texts are the program's lines in both languages.
var texts = map[string]clickday.Text{
	"description": {
		IT: "Puntuale mini-client: prepara le domande, le invia all’apertura del click day e ne raccoglie gli esiti.",
		EN: "Puntuale mini-client: prepares applications, sends them at the opening of the click day and collects their outcomes.",
	},
	"help_dir":          {IT: "Cartella dei dati (predefinita: quella delle impostazioni dell’utente).", EN: "Data directory (default: below the user's settings)."},
	"help_lang":         {IT: "Lingua: it o en (predefinita: quella del sistema).", EN: "Language: it or en (default: the system's)."},
	"help_keystore":     {IT: "Dove tenere i segreti: auto, keyring (portachiavi) o file cifrato con PUNTUALE_PASSPHRASE.", EN: "Where secrets are kept: auto, keyring, or a file encrypted with PUNTUALE_PASSPHRASE."},
	"help_log":          {IT: "Dettaglio del registro su stderr.", EN: "Detail of the log on stderr."},
	"help_window":       {IT: "Apre la finestra.", EN: "Open the window."},
	"help_pair":         {IT: "Collega questo computer a un account del portale.", EN: "Pair this computer with an account of the portal."},
	"help_sync":         {IT: "Scarica le domande sigillate e prepara le buste.", EN: "Fetch the sealed applications and prepare the envelopes."},
	"help_send":         {IT: "Attende l’apertura e invia; dopo un arresto riprende da dove era.", EN: "Wait for the opening and send; after a crash, go on where it was."},
	"help_status":       {IT: "Mostra lo stato di ogni domanda.", EN: "Show the state of every application."},
	"help_receipts":     {IT: "Salva le ricevute in una cartella.", EN: "Save the receipts into a folder."},
	"help_verify":       {IT: "Verifica una ricevuta, un elenco o un esito: ricalcola tutto e dice che cosa prova.", EN: "Verify a receipt, a list or an acknowledgement: recompute everything and say what it proves."},
	"help_trust":        {IT: "File keys.json con le chiavi di cui fidarsi: così non serve la rete.", EN: "File keys.json with the keys to trust: then no network is needed."},
	"help_keys_from":    {IT: "Portale da cui prendere le chiavi (predefinito: quello collegato).", EN: "Portal to take the keys from (default: the paired one)."},
	"help_calendar":     {IT: "Calendario firmato, salvato prima dell’apertura, con cui confrontare un elenco.", EN: "Signed calendar, saved before the opening, to compare a list with."},
	"help_older":        {IT: "Ricevuta, elenco o testa di prima, che l’elenco deve contenere.", EN: "Earlier receipt, list or head, which the list must contain."},
	"help_verify_file":  {IT: "Ricevuta (PDF), prova.json, elenco o esito.", EN: "Receipt (PDF), prova.json, list or acknowledgement."},
	"help_forget":       {IT: "Cancella da questo computer chiavi, domande ed esiti.", EN: "Delete keys, applications and outcomes from this computer."},
	"help_portal":       {IT: "Indirizzo del portale (https://…).", EN: "Address of the portal (https://…)."},
	"help_name":         {IT: "Nome di questo computer nell’elenco del portale.", EN: "Name of this computer in the portal's list."},
	"help_no_browser":   {IT: "Non aprire il browser: stampa soltanto l’indirizzo.", EN: "Do not open the browser: only print the address."},
	"help_pair_timeout": {IT: "Quanto attendere l’accesso nel browser.", EN: "How long to wait for the log-in in the browser."},
	"help_day":          {IT: "Codice del click day (predefinito: tutti).", EN: "Code of the click day (default: all)."},
	"help_connections":  {IT: "Connessioni in parallelo, al massimo.", EN: "Connections in parallel, at most."},
	"help_json":         {IT: "Risultato in JSON.", EN: "Result as JSON."},
	"help_offline":      {IT: "Mostra ciò che è su disco, senza chiedere al portale.", EN: "Show what is on disk, without asking the portal."},
	"help_out":          {IT: "Cartella in cui salvare le ricevute.", EN: "Folder to save the receipts into."},
	"help_wait":         {IT: "Quanto attendere le ricevute mancanti.", EN: "How long to wait for missing receipts."},
	"help_force":        {IT: "Cancella anche se manca qualche esito.", EN: "Delete even if an outcome is missing."},

	"help_ask":             {IT: "Manda una richiesta all’assistenza; senza rete resta sul disco.", EN: "Send a request to the help desk; without a network it stays on disk."},
	"help_ask_kind":        {IT: "Di che tipo è: technical (programma, rete), functional (domande, ricevute) o legal (norme).", EN: "What it is about: technical (program, network), functional (applications, receipts) or legal (rules)."},
	"help_ask_subject":     {IT: "Oggetto, al massimo 200 caratteri.", EN: "Subject, at most 200 characters."},
	"help_ask_text":        {IT: "Testo, al massimo 10000 caratteri; - lo legge dallo standard input.", EN: "Text, at most 10000 characters; - reads it from the standard input."},
	"help_ask_diagnostics": {IT: "Fa i controlli e allega il rapporto: nessun segreto, nessun nome.", EN: "Make the checks and attach the report: no secret, no name."},
	"ask_length":           {IT: "da 1 a %d caratteri", EN: "between 1 and %d characters"},
	"ask_no_input":         {IT: "manca lo standard input", EN: "there is no standard input"},

	"help_account":               {IT: "Nome di un altro account su questo computer (predefinito: il primo).", EN: "Name of another account on this computer (default: the first)."},
	"help_proxy":                 {IT: "Proxy HTTP: http://nome:password@host:porta, direct per nessuno (predefinito: quello del sistema).", EN: "HTTP proxy: http://name:password@host:port, direct for none (default: the system's)."},
	"help_ntp":                   {IT: "Server dell’ora da interrogare al posto di quelli del portale.", EN: "Time servers to ask in the place of the portal's."},
	"help_check":                 {IT: "Controlla tutto ciò che serve per il click day, e dice come rimediare.", EN: "Check everything that a click day needs, and say what to mend."},
	"help_rehearse":              {IT: "Prova generale senza valore: un click day intero, fino a numeri e ricevute, con un rapporto.", EN: "Rehearsal without value: a whole click day down to numbers and receipts, with a report."},
	"help_update":                {IT: "Dice se c’è una versione più nuova; non installa nulla.", EN: "Tell whether there is a newer version; install nothing."},
	"help_accounts":              {IT: "Elenca gli account collegati su questo computer.", EN: "List the accounts paired on this computer."},
	"help_in":                    {IT: "Tra quanto si apre il click day di prova (predefinito: al minuto intero, almeno 30 s).", EN: "How long until the click day that is played opens (default: at a whole minute, at least 30 s)."},
	"help_rehearse_applications": {IT: "Quante copie al massimo (predefinito: tutte le domande sigillate, fino a 300).", EN: "How many copies at most (default: all sealed applications, up to 300)."},

	"grade_good":         {IT: "ok", EN: "ok"},
	"grade_warning":      {IT: "!", EN: "!"},
	"grade_bad":          {IT: "NO", EN: "NO"},
	"help_rehearse_out":  {IT: "Cartella di rapporto, ricevute e prove (predefinita: una sotto quella del programma).", EN: "Folder of report, receipts and proofs (default: one below the program’s)."},
	"help_rehearse_wait": {IT: "Quanto attendere numeri e ricevute dopo l’apertura.", EN: "How long to wait for numbers and receipts after the opening."},
	"rehearsal_resumes":  {IT: "Una prova era stata interrotta: riprende.", EN: "A rehearsal had been interrupted: it goes on."},
	"rehearsal_folder":   {IT: "Rapporto, ricevute e prove: %s", EN: "Report, receipts and proofs: %s"},
	"rehearsal_opens":    {IT: "Apertura di prova: %s. Domande: %d.", EN: "Opening of the rehearsal: %s. Applications: %d."},
	"phase_checks":       {IT: "Controlli di questo computer…", EN: "Checks of this computer…"},
	"phase_tickets":      {IT: "Copie delle domande e titoli d’invio dal portale…", EN: "Copies of the applications and tickets from the portal…"},
	"phase_firing":       {IT: "Connessioni calde, in attesa dell’apertura…", EN: "Warm connections, waiting for the opening…"},
	"phase_numbers":      {IT: "Inviate: in attesa di numeri e ricevute…", EN: "Sent: waiting for numbers and receipts…"},
	"phase_receipts":     {IT: "Ricevute…", EN: "Receipts…"},
	"phase_report":       {IT: "Rapporto…", EN: "Report…"},
	"rehearsing":         {IT: "Prova generale: nessuna domanda vera viene inviata.", EN: "Rehearsal: no real application is sent."},
	"no_update":          {IT: "Nessuna versione più nuova.", EN: "No newer version."},
	"newer":              {IT: "C’è la versione %s. %s", EN: "There is version %s. %s"},
	"open_page":          {IT: "Apri questa pagina nel browser e accedi:", EN: "Open this page in the browser and log in:"},
	"paired":             {IT: "Computer collegato all’account %s <%s>.", EN: "Computer paired with the account %s <%s>."},
	"secrets_keyring":    {IT: "Le chiavi sono nel portachiavi di sistema; i dati in %s.", EN: "The keys are in the system keyring; the data in %s."},
	"secrets_file":       {IT: "Le chiavi sono nel file cifrato secrets.json in %s.", EN: "The keys are in the encrypted file secrets.json in %s."},
	"synced":             {IT: "Domande: %d nuove, %d aggiornate, %d invariate, %d tolte.", EN: "Applications: %d new, %d replaced, %d unchanged, %d dropped."},
	"rejected":           {IT: "Non preparata: %s: %s", EN: "Not prepared: %s: %s"},
	"day":                {IT: "%s  %s  apertura %s  domande: %d", EN: "%s  %s  opening %s  applications: %d"},
	"nothing_to_send":    {IT: "Nessuna domanda da inviare: esegui prima sync.", EN: "No application to send: run sync first."},
	"stage":              {IT: "%s: %s (apertura %s)", EN: "%s: %s (opening %s)"},
	"trouble":            {IT: "Attenzione: %s", EN: "Attention: %s"},
	"live":               {IT: "apertura tra %s  orologio %s  connessioni %d/%d  arrivate %d/%d", EN: "opens in %s  clock %s  connections %d/%d  arrived %d/%d"},
	"bar":                {IT: "%s: con esito", EN: "%s: answered"},
	"summary":            {IT: "%s: %d arrivate, %d respinte, %d senza esito, su %d.", EN: "%s: %d arrived, %d refused, %d without outcome, of %d."},
	"not_refreshed":      {IT: "Esiti non aggiornati: %s", EN: "Outcomes not refreshed: %s"},
	"status_account":     {IT: "%s <%s> su %s", EN: "%s <%s> at %s"},
	"no_applications":    {IT: "Nessuna domanda.", EN: "No application."},
	"receipts":           {IT: "Ricevute salvate: %d, ancora mancanti: %d, cartella: %s", EN: "Receipts saved: %d, still missing: %d, folder: %s"},
	"forgotten":          {IT: "Cancellati chiavi, domande ed esiti in %s.", EN: "Deleted keys, applications and outcomes in %s."},
	"ask_passphrase":     {IT: "Frase segreta del file delle chiavi: ", EN: "Passphrase of the key file: "},
	"ask_again":          {IT: "Ancora una volta: ", EN: "Once more: "},
	"passphrases_differ": {IT: "le due frasi sono diverse", EN: "the two passphrases differ"},
	"no_window":          {IT: "Questo programma è compilato senza finestra: usa un sottocomando (--help).", EN: "This program was built without a window: use a subcommand (--help)."},
}

// say returns a text in a language, filled in.
func say(lang, key string, args ...any) string {
	text := texts[key].In(lang)
	if len(args) == 0 {
		return text
	}
	return fmt.Sprintf(text, args...)
}
