package clickday

// order lists the codes as docs/protocol.md does.
var order = []Code{
	CodeMalformed,
	CodeTruncated,
	CodeOversized,
	CodeVersion,
	CodeMediaType,
	CodeLength,
	CodeMethod,
	CodeRequest,
	CodeNotFound,
	CodeTicketKey,
	CodeTicketInvalid,
	CodeTicketExpired,
	CodeTicketRequired,
	CodeUnknownDay,
	CodeWrongModel,
	CodeTooEarly,
	CodeTooLate,
	CodeSuspended,
	CodeOverloaded,
	CodeShuttingDown,
	CodeClockNotTrusted,
	CodeTooMany,
	CodeSignature,
	CodeDigest,
	CodeDocument,
	CodeDecompression,
	CodeStaleSeal,
	CodeUnknownSeal,
	CodeDeviceRevoked,
	CodeDayMismatch,
	CodeAccountLimit,
	CodeInternal,
}

var meanings = map[Code]Meaning{
	CodeMalformed: {
		Status: 400,
		Title:  Text{IT: "Busta non leggibile", EN: "Unreadable envelope"},
		Detail: Text{
			IT: "Ciò che è arrivato non è una busta di Puntuale. Sincronizza di nuovo il mini-client e ripeti l’invio.",
			EN: "What arrived is not an envelope of Puntuale. Sync the mini-client again and repeat.",
		},
		Again: false,
	},
	CodeTruncated: {
		Status: 400,
		Title:  Text{IT: "Busta incompleta", EN: "Incomplete envelope"},
		Detail: Text{
			IT: "La busta finisce prima del previsto: il programma che l’ha preparata o inviata l’ha tagliata. Sincronizza di nuovo il mini-client e ripeti l’invio.",
			EN: "The envelope ends too soon: the program that made or sent it cut it. Sync the mini-client again and repeat.",
		},
		Again: false,
	},
	CodeOversized: {
		Status: 413,
		Title:  Text{IT: "Busta troppo grande", EN: "Envelope too large"},
		Detail: Text{
			IT: "La busta supera la grandezza massima ammessa. Riapri la domanda sul portale, accorcia i testi e sigillala di nuovo.",
			EN: "The envelope is over the largest size allowed. Re-open the application on the portal, shorten its texts and seal it again.",
		},
		Again: false,
	},
	CodeVersion: {
		Status: 400,
		Title:  Text{IT: "Versione non ammessa", EN: "Unsupported version"},
		Detail: Text{
			IT: "Il mini-client parla una versione che questo servizio non conosce. Installa la versione indicata sul portale.",
			EN: "The mini-client speaks a version that this service does not know. Install the one named on the portal.",
		},
		Again: false,
	},
	CodeMediaType: {
		Status: 415,
		Title:  Text{IT: "Tipo di contenuto errato", EN: "Wrong content type"},
		Detail: Text{
			IT: "La richiesta deve avere il Content-Type indicato nel protocollo.",
			EN: "The request must carry the Content-Type given in the protocol.",
		},
		Again: false,
	},
	CodeLength: {
		Status: 411,
		Title:  Text{IT: "Lunghezza mancante", EN: "Length required"},
		Detail: Text{
			IT: "La richiesta deve dichiarare un solo Content-Length esatto.",
			EN: "The request must state exactly one correct Content-Length.",
		},
		Again: false,
	},
	CodeMethod: {
		Status: 405,
		Title:  Text{IT: "Metodo non ammesso", EN: "Method not allowed"},
		Detail: Text{
			IT: "Questo indirizzo accetta solo i metodi indicati nel protocollo.",
			EN: "This address takes only the methods given in the protocol.",
		},
		Again: false,
	},
	CodeRequest: {
		Status: 400,
		Title:  Text{IT: "Richiesta non valida", EN: "Bad request"},
		Detail: Text{
			IT: "La richiesta HTTP non è nella forma indicata nel protocollo.",
			EN: "The HTTP request is not of the form given in the protocol.",
		},
		Again: false,
	},
	CodeNotFound: {
		Status: 404,
		Title:  Text{IT: "Non trovato", EN: "Not found"},
		Detail: Text{
			IT: "Non c’è nulla con questo indirizzo o questo identificativo. Se hai appena inviato, ripeti l’invio: non perdi il posto.",
			EN: "There is nothing at this address or with this id. If you have just sent, send again: you do not lose your place.",
		},
		Again: false,
	},
	CodeTicketKey: {
		Status: 403,
		Title:  Text{IT: "Titolo d’invio sconosciuto", EN: "Unknown ticket key"},
		Detail: Text{
			IT: "Il titolo d’invio è firmato con una chiave che questo servizio non conosce. Sincronizza di nuovo il mini-client.",
			EN: "The ticket is made with a key that this service does not know. Sync the mini-client again.",
		},
		Again: false,
	},
	CodeTicketInvalid: {
		Status: 403,
		Title:  Text{IT: "Titolo d’invio non valido", EN: "Invalid ticket"},
		Detail: Text{
			IT: "Il titolo d’invio è stato alterato o non è stato rilasciato dal portale. Sincronizza di nuovo il mini-client.",
			EN: "The ticket was altered or was not issued by the portal. Sync the mini-client again.",
		},
		Again: false,
	},
	CodeTicketExpired: {
		Status: 403,
		Title:  Text{IT: "Titolo d’invio scaduto", EN: "Ticket expired"},
		Detail: Text{
			IT: "Il titolo d’invio è scaduto. Sincronizza di nuovo il mini-client per averne uno nuovo.",
			EN: "The ticket has expired. Sync the mini-client again to get a new one.",
		},
		Again: false,
	},
	CodeTicketRequired: {
		Status: 403,
		Title:  Text{IT: "Titolo d’invio mancante", EN: "Ticket required"},
		Detail: Text{
			IT: "Questo indirizzo serve solo connessioni che hanno presentato un titolo d’invio. Presentalo subito dopo il collegamento, oppure usa l’indirizzo pubblico.",
			EN: "This address serves only connections that have presented a ticket. Present it right after connecting, or use the public address.",
		},
		Again: false,
	},
	CodeUnknownDay: {
		Status: 404,
		Title:  Text{IT: "Click day sconosciuto", EN: "Unknown click day"},
		Detail: Text{
			IT: "Questo nodo non ha in calendario il click day indicato nel titolo d’invio. Se il portale lo mostra ancora, ripeti la stessa busta: il nodo può avere un calendario vecchio.",
			EN: "This node does not have the click day of the ticket in its calendar. If the portal still shows it, repeat the same envelope: the node may have an old calendar.",
		},
		Again: true,
	},
	CodeWrongModel: {
		Status: 422,
		Title:  Text{IT: "Modello non ammesso", EN: "Model not accepted"},
		Detail: Text{
			IT: "Questo click day non accetta domande di questo modello. Controlla sul portale a quale click day è indirizzata la domanda.",
			EN: "This click day does not take applications of this model. Check on the portal which click day the application is addressed to.",
		},
		Again: false,
	},
	CodeTooEarly: {
		Status: 425,
		Title:  Text{IT: "Troppo presto", EN: "Too early"},
		Detail: Text{
			IT: "Il click day non è ancora aperto: l’invio non è stato registrato. La stessa busta va inviata di nuovo dall’apertura in poi.",
			EN: "The click day is not open yet: nothing was recorded. Send the same envelope again from the opening on.",
		},
		Again: true,
	},
	CodeTooLate: {
		Status: 410,
		Title:  Text{IT: "Troppo tardi", EN: "Too late"},
		Detail: Text{
			IT: "Il click day è chiuso: l’invio non è stato registrato.",
			EN: "The click day is closed: nothing was recorded.",
		},
		Again: false,
	},
	CodeSuspended: {
		Status: 503,
		Title:  Text{IT: "Click day sospeso", EN: "Click day suspended"},
		Detail: Text{
			IT: "Il click day è sospeso. La nuova apertura sarà indicata dal calendario; la stessa busta resta valida.",
			EN: "The click day is suspended. The calendar will give the new opening; the same envelope stays valid.",
		},
		Again: true,
	},
	CodeOverloaded: {
		Status: 503,
		Title:  Text{IT: "Servizio molto carico", EN: "Very busy"},
		Detail: Text{
			IT: "Il servizio ha raggiunto il suo limite. Ripeti la stessa busta dopo l’attesa indicata: l’ora che conta è quella di arrivo.",
			EN: "The service has reached its limit. Repeat the same envelope after the wait given: the time of arrival is what counts.",
		},
		Again: true,
	},
	CodeShuttingDown: {
		Status: 503,
		Title:  Text{IT: "Servizio in riavvio", EN: "Restarting"},
		Detail: Text{
			IT: "Questo nodo si sta riavviando. Ripeti la stessa busta, subito, anche su un altro nodo.",
			EN: "This node is restarting. Repeat the same envelope at once, on another node too.",
		},
		Again: true,
	},
	CodeClockNotTrusted: {
		Status: 503,
		Title:  Text{IT: "Orologio non affidabile", EN: "Clock not trusted"},
		Detail: Text{
			IT: "L’orologio di questo nodo non è verificato, quindi il nodo non apre. Ripeti la stessa busta su un altro nodo.",
			EN: "The clock of this node is not verified, so the node does not open. Repeat the same envelope on another node.",
		},
		Again: true,
	},
	CodeTooMany: {
		Status: 429,
		Title:  Text{IT: "Troppi invii diversi", EN: "Too many different submissions"},
		Detail: Text{
			IT: "Questo nodo ha già registrato molti invii diversi della stessa domanda sigillata da questo computer: valgono quelli, questo non è stato registrato. Gli esiti sono sul portale.",
			EN: "This node has already recorded many different submissions of this sealed application from this computer: those count, this one was not recorded. Their outcomes are on the portal.",
		},
		Again: false,
	},
	CodeSignature: {
		Status: 422,
		Title:  Text{IT: "Firma non valida", EN: "Invalid signature"},
		Detail: Text{
			IT: "La firma della busta non corrisponde al computer a cui è stato rilasciato il titolo d’invio. Sincronizza e invia di nuovo.",
			EN: "The signature of the envelope is not that of the computer the ticket was issued to. Sync and send again.",
		},
		Again: false,
	},
	CodeDigest: {
		Status: 422,
		Title:  Text{IT: "Documento alterato", EN: "Document altered"},
		Detail: Text{
			IT: "Il documento nella busta non è quello sigillato sul portale. Sincronizza e invia di nuovo.",
			EN: "The document in the envelope is not the one sealed on the portal. Sync and send again.",
		},
		Again: false,
	},
	CodeDocument: {
		Status: 422,
		Title:  Text{IT: "Documento non valido", EN: "Invalid document"},
		Detail: Text{
			IT: "Il documento non rispetta le regole del modello. Riapri la domanda sul portale, correggila e sigillala di nuovo.",
			EN: "The document breaks the rules of its model. Re-open the application on the portal, correct it and seal it again.",
		},
		Again: false,
	},
	CodeDecompression: {
		Status: 422,
		Title:  Text{IT: "Documento non leggibile", EN: "Unreadable document"},
		Detail: Text{
			IT: "Il documento nella busta non si decomprime entro i limiti. Sincronizza e invia di nuovo.",
			EN: "The document in the envelope does not decompress within the limits. Sync and send again.",
		},
		Again: false,
	},
	CodeStaleSeal: {
		Status: 409,
		Title:  Text{IT: "Sigillo superato", EN: "Seal superseded"},
		Detail: Text{
			IT: "Dopo questo sigillo la domanda è stata riaperta. Sincronizza il mini-client e invia la versione nuova.",
			EN: "The application was re-opened after this seal. Sync the mini-client and send the new version.",
		},
		Again: false,
	},
	CodeUnknownSeal: {
		Status: 422,
		Title:  Text{IT: "Sigillo sconosciuto", EN: "Unknown seal"},
		Detail: Text{
			IT: "Il portale non conosce questa versione sigillata della domanda. Sincronizza di nuovo il mini-client.",
			EN: "The portal does not know this sealed version of the application. Sync the mini-client again.",
		},
		Again: false,
	},
	CodeDeviceRevoked: {
		Status: 403,
		Title:  Text{IT: "Computer non abilitato", EN: "Device revoked"},
		Detail: Text{
			IT: "Questo computer è stato scollegato dall’account. Collegalo di nuovo dal mini-client.",
			EN: "This computer was disconnected from the account. Pair it again from the mini-client.",
		},
		Again: false,
	},
	CodeDayMismatch: {
		Status: 422,
		Title:  Text{IT: "Click day sbagliato", EN: "Wrong click day"},
		Detail: Text{
			IT: "La domanda è indirizzata a un altro click day.",
			EN: "The application is addressed to another click day.",
		},
		Again: false,
	},
	CodeAccountLimit: {
		Status: 409,
		Title:  Text{IT: "Limite di domande raggiunto", EN: "Limit of applications reached"},
		Detail: Text{
			IT: "Questo account ha già il numero massimo di domande ammesse in questo click day: restano valide quelle arrivate per prime.",
			EN: "This account already has the largest number of applications allowed on this click day: those that arrived first stand.",
		},
		Again: false,
	},
	CodeInternal: {
		Status: 500,
		Title:  Text{IT: "Errore interno", EN: "Internal error"},
		Detail: Text{
			IT: "C’è stato un errore nostro. Ripeti la stessa busta: se era già arrivata, vale la prima ora di arrivo.",
			EN: "Something went wrong on our side. Repeat the same envelope: if it had arrived before, its first arrival counts.",
		},
		Again: true,
	},
}
