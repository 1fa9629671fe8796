package api

import (
	"net/http"

	"puntuale/internal/clickday"
)

// Refusals of the API only; the others are those of package clickday.
const (
	codeUnauthorized  clickday.Code = "unauthorized"
	codeNoDevice      clickday.Code = "device_not_registered"
	codeForeignDevice clickday.Code = "device_of_another_account"
	codeTokenBound    clickday.Code = "token_of_another_device"
	codeBadDevice     clickday.Code = "device_invalid"
	codeBadToken      clickday.Code = "token_invalid"
	codeWrongToken    clickday.Code = "token_of_another_kind"
	codeScope         clickday.Code = "scope_missing"
	codeTooOften      clickday.Code = "too_many_requests"
	codeTooLarge      clickday.Code = "body_too_large"
	codeInvalid       clickday.Code = "request_invalid"
	codeNotReady      clickday.Code = "application_not_ready"
	codeChanged       clickday.Code = "application_changed"
	codeState         clickday.Code = "application_state"
	codeSent          clickday.Code = "application_sent"
	codeDay           clickday.Code = "click_day_not_in_preparation"
	codeNoHelpDesk    clickday.Code = "help_desk_unavailable"
	codeImport        clickday.Code = "import_invalid"
	codeAttachment    clickday.Code = "attachment_refused"
	codeMandate       clickday.Code = "mandate_missing"
	codeResting       clickday.Code = "portal_resting"
)

var meanings = map[clickday.Code]clickday.Meaning{
	codeUnauthorized: {
		Status: http.StatusUnauthorized,
		Title:  clickday.Text{IT: "Accesso scaduto o mancante", EN: "Access missing or over"},
		Detail: clickday.Text{
			IT: "Questo computer non è collegato a un account, o il collegamento è scaduto. Collegalo di nuovo dal mini-client.",
			EN: "This computer is not paired with an account, or the pairing is over. Pair it again from the mini-client.",
		},
	},
	codeNoDevice: {
		Status: http.StatusForbidden,
		Title:  clickday.Text{IT: "Computer non registrato", EN: "Device not registered"},
		Detail: clickday.Text{
			IT: "Prima di sincronizzare, il mini-client deve registrare la chiave di questo computer.",
			EN: "Before it syncs, the mini-client must register the key of this computer.",
		},
	},
	codeForeignDevice: {
		Status: http.StatusConflict,
		Title:  clickday.Text{IT: "Chiave di un altro account", EN: "Key of another account"},
		Detail: clickday.Text{
			IT: "La chiave di questo computer è registrata con un altro account. Usa un’altra cartella dati per questo account.",
			EN: "The key of this computer is registered with another account. Use another data folder for this account.",
		},
	},
	codeTokenBound: {
		Status: http.StatusConflict,
		Title:  clickday.Text{IT: "Collegamento di un altro computer", EN: "Pairing of another computer"},
		Detail: clickday.Text{
			IT: "Questo collegamento appartiene già a un altro computer. Collega il computer di nuovo dal mini-client.",
			EN: "This pairing belongs to another computer already. Pair the computer again from the mini-client.",
		},
	},
	codeBadDevice: {
		Status: http.StatusUnprocessableEntity,
		Title:  clickday.Text{IT: "Registrazione non valida", EN: "Invalid registration"},
		Detail: clickday.Text{
			IT: "Nome, chiave o prova della chiave non sono nella forma indicata nel protocollo.",
			EN: "Name, key or proof of the key are not of the form given in the protocol.",
		},
	},
	codeBadToken: {
		Status: http.StatusUnauthorized,
		Title:  clickday.Text{IT: "Token non valido o scaduto", EN: "Token not valid or over"},
		Detail: clickday.Text{
			IT: "Il token di accesso per programmi è sconosciuto, scaduto o revocato. Creane un altro sul portale, alla pagina «Accesso per programmi».",
			EN: "The personal access token is unknown, over or revoked. Create another one on the portal, on the page “Access for programs”.",
		},
	},
	codeWrongToken: {
		Status: http.StatusForbidden,
		Title:  clickday.Text{IT: "Token di un altro tipo", EN: "Token of another kind"},
		Detail: clickday.Text{
			IT: "Questo indirizzo non accetta il tipo di token inviato: alcuni sono del mini-client, altri dei programmi con un token di accesso. Il documento dell’API dice quale serve.",
			EN: "This address does not take the kind of token that was sent: some are the mini-client’s, others are for programs with a personal access token. The document of the API says which one is needed.",
		},
	},
	codeScope: {
		Status: http.StatusForbidden,
		Title:  clickday.Text{IT: "Permesso mancante", EN: "Scope missing"},
		Detail: clickday.Text{
			IT: "Il token può solo leggere. Per scrivere crea un token con il permesso «lettura e scrittura».",
			EN: "The token may only read. To write, create a token with the scope “read and write”.",
		},
	},
	codeTooOften: {
		Status: http.StatusTooManyRequests,
		Title:  clickday.Text{IT: "Troppe richieste", EN: "Too many requests"},
		Detail: clickday.Text{
			IT: "Sono arrivate troppe richieste in poco tempo. Riprova dopo i secondi indicati da Retry-After.",
			EN: "Too many requests have come in a short time. Try again after the seconds given by Retry-After.",
		},
	},
	codeTooLarge: {
		Status: http.StatusRequestEntityTooLarge,
		Title:  clickday.Text{IT: "Richiesta troppo grande", EN: "Request too large"},
		Detail: clickday.Text{
			IT: "Il corpo della richiesta supera la grandezza indicata nel documento dell’API.",
			EN: "The body of the request is over the size given in the document of the API.",
		},
	},
	codeInvalid: {
		Status: http.StatusUnprocessableEntity,
		Title:  clickday.Text{IT: "Richiesta non valida", EN: "Invalid request"},
		Detail: clickday.Text{
			IT: "La richiesta non è nella forma indicata nel documento dell’API: «errors» dice dove.",
			EN: "The request is not of the form given in the document of the API: “errors” says where.",
		},
	},
	codeNotReady: {
		Status: http.StatusUnprocessableEntity,
		Title:  clickday.Text{IT: "Domanda non pronta", EN: "Application not ready"},
		Detail: clickday.Text{
			IT: "La domanda non può essere sigillata: «errors» dice che cosa manca o non va, campo per campo.",
			EN: "The application cannot be sealed: “errors” says what is missing or wrong, field by field.",
		},
	},
	codeChanged: {
		Status: http.StatusConflict,
		Title:  clickday.Text{IT: "Domanda modificata nel frattempo", EN: "Application changed meanwhile"},
		Detail: clickday.Text{
			IT: "Qualcun altro ha salvato la domanda dopo la revisione indicata. Leggila di nuovo e ripeti la modifica.",
			EN: "Somebody else has saved the application after the revision given. Read it again and repeat the change.",
		},
	},
	codeState: {
		Status: http.StatusConflict,
		Title:  clickday.Text{IT: "Non possibile in questo stato", EN: "Not possible in this state"},
		Detail: clickday.Text{
			IT: "La domanda non è nello stato che serve per questa operazione, per esempio è sigillata o non lo è.",
			EN: "The application is not in the state that this step needs; it is sealed, say, or it is not.",
		},
	},
	codeSent: {
		Status: http.StatusConflict,
		Title:  clickday.Text{IT: "Domanda già inviata", EN: "Application sent already"},
		Detail: clickday.Text{
			IT: "Un invio di questa domanda è già arrivato: il suo sigillo non si tocca più.",
			EN: "A submission of this application has arrived: its seal can no longer be touched.",
		},
	},
	codeDay: {
		Status: http.StatusConflict,
		Title:  clickday.Text{IT: "Click day non in preparazione", EN: "Click day not in preparation"},
		Detail: clickday.Text{
			IT: "Il click day è sconosciuto, non ancora in preparazione o già chiuso. L’elenco è in /api/v1/days.",
			EN: "The click day is unknown, not in preparation yet, or over. The list is at /api/v1/days.",
		},
	},
	codeNoHelpDesk: {
		Status: http.StatusServiceUnavailable,
		Title:  clickday.Text{IT: "Assistenza non raggiungibile", EN: "Help desk not available"},
		Detail: clickday.Text{
			IT: "Questa installazione non riceve richieste di assistenza da programmi. Usa il telefono o l’e-mail indicati sul portale.",
			EN: "This installation does not take requests for help from programs. Use the telephone or e-mail given on the portal.",
		},
	},
	codeImport: {
		Status: http.StatusUnprocessableEntity,
		Title:  clickday.Text{IT: "File non importabile", EN: "File cannot be imported"},
		Detail: clickday.Text{
			IT: "Nessuna riga del file può diventare una domanda: «errors» dice perché, riga per riga.",
			EN: "No line of the file can become an application: “errors” says why, line by line.",
		},
	},
	codeAttachment: {
		Status: http.StatusUnprocessableEntity,
		Title:  clickday.Text{IT: "Allegato rifiutato", EN: "Attachment refused"},
		Detail: clickday.Text{
			IT: "Il file non può essere allegato: «errors» dice perché.",
			EN: "The file cannot be attached: “errors” says why.",
		},
	},
	codeMandate: {
		Status: http.StatusConflict,
		Title:  clickday.Text{IT: "Delega mancante", EN: "Mandate missing"},
		Detail: clickday.Text{
			IT: "Il datore di lavoro della domanda non ha dato a questo intermediario una delega valida per il click day. Chiedila sul portale, alla pagina «Deleghe».",
			EN: "The employer of the application has not given this intermediary a mandate that holds for the click day. Ask for it on the portal, on the page “Delegations”.",
		},
	},
	codeResting: {
		Status: http.StatusServiceUnavailable,
		Title:  clickday.Text{IT: "Il portale riposa per il click day", EN: "The portal rests for the click day"},
		Detail: clickday.Text{
			IT: "Intorno all’apertura le domande non si modificano. Riprova dopo i secondi indicati da Retry-After; letture, esiti e ricevute restano.",
			EN: "Around the opening applications are not changed. Try again after the seconds given by Retry-After; reading, outcomes and receipts go on.",
		},
	},
}
