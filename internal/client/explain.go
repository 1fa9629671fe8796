package client

import (
	"context"
	"errors"
	"net"

	"puntuale/internal/clickday"
	"puntuale/internal/client/keystore"
	"puntuale/internal/client/pairing"
	"puntuale/internal/client/portalapi"
	"puntuale/internal/client/sending"
	"puntuale/internal/client/store"
	"puntuale/internal/wire"
)

var (
	textPaired    = clickday.Text{IT: "Computer collegato. Le domande sigillate sono state scaricate.", EN: "Computer connected. The sealed applications have been fetched."}
	textSynced    = clickday.Text{IT: "Domande aggiornate.", EN: "Applications up to date."}
	textForgotten = clickday.Text{IT: "Cancellati da questo computer chiavi, domande ed esiti.", EN: "Keys, applications and outcomes have been deleted from this computer."}
	textSaved     = clickday.Text{IT: "Le ricevute pronte sono state salvate.", EN: "The receipts that are ready have been saved."}
)

// explained are the errors that have texts of their own, in the order in which
// they are looked for.
var explained = []struct {
	err  error
	text clickday.Text
}{
	{ErrNotPaired, clickday.Text{IT: "Questo computer non è collegato a un account: esegui prima il collegamento.", EN: "This computer is not paired with an account: pair it first."}},
	{ErrBusy, clickday.Text{IT: "Un’altra operazione è in corso: attendi che finisca, oppure ferma prima l’invio.", EN: "Another operation is under way: wait for it to end, or stop the sending first."}},
	{ErrUnsettled, clickday.Text{IT: "Ci sono domande di cui non si conosce ancora l’esito: attendilo prima di cancellare i dati.", EN: "There are applications whose outcome is not known yet: wait for it before deleting the data."}},
	{ErrOtherUser, clickday.Text{IT: "Questo computer contiene domande di un altro account: cancella prima i suoi dati.", EN: "This computer holds applications of another account: delete its data first."}},
	{ErrCalendar, clickday.Text{IT: "La chiave del calendario del portale è cambiata: se ti fidi, collega di nuovo questo computer.", EN: "The portal's calendar key has changed: if you trust that, pair this computer again."}},
	{ErrReader, clickday.Text{IT: "Un altro mini-client sta lavorando in questa cartella: si può solo guardare.", EN: "Another mini-client works in this directory: only looking is possible."}},
	{ErrUnknownDay, clickday.Text{IT: "Nessun click day con questo codice tra le domande scaricate.", EN: "No click day with this code among the synced applications."}},
	{keystore.ErrPassphrase, clickday.Text{IT: "La frase segreta del file delle chiavi è sbagliata.", EN: "The passphrase of the key file is wrong."}},
	{keystore.ErrNoPassphrase, clickday.Text{IT: "Qui non c’è un portachiavi di sistema: imposta PUNTUALE_PASSPHRASE o usa un terminale.", EN: "There is no system keyring here: set PUNTUALE_PASSPHRASE or run on a terminal."}},
	{keystore.ErrNotFound, clickday.Text{IT: "La chiave del dispositivo non si trova: collega di nuovo questo computer.", EN: "The device key is not there: pair this computer again."}},
	{store.ErrLocked, clickday.Text{IT: "Un altro mini-client usa questa cartella: chiudilo, o scegline un’altra con --dir.", EN: "Another mini-client uses this directory: close it, or choose another with --dir."}},
	{pairing.ErrDenied, clickday.Text{IT: "Il collegamento è stato rifiutato nel browser.", EN: "The connection was refused in the browser."}},
	{pairing.ErrTimeout, clickday.Text{IT: "Nessuno ha completato l’accesso nel browser: riprova.", EN: "Nobody completed the log-in in the browser: try again."}},
	{portalapi.ErrInsecure, clickday.Text{IT: "L’indirizzo del portale deve iniziare con https:// (http:// è ammesso solo su questo computer).", EN: "The portal's address must begin with https:// (http:// is taken on this computer only)."}},
	{portalapi.ErrNoHelpDesk, textNoHelpDesk},
	{portalapi.ErrUnauthorized, clickday.Text{IT: "Il portale non riconosce più questo computer: collegalo di nuovo.", EN: "The portal no longer knows this computer: pair it again."}},
	{sending.ErrNoNode, clickday.Text{IT: "Nessun nodo di ricezione è raggiungibile: controlla la connessione a Internet.", EN: "No intake node can be reached: check the Internet connection."}},
	{sending.ErrUnknownDay, clickday.Text{IT: "Il click day non è più nel calendario: aggiorna le domande.", EN: "The click day is no longer in the calendar: sync again."}},
	{context.Canceled, clickday.Text{IT: "Operazione interrotta.", EN: "Operation interrupted."}},
}

// explainRefusal takes the text of the code where this program knows it, else the
// portal's own, which is in both languages too.
func explainRefusal(p *wire.Problem) clickday.Text {
	text := clickday.MeaningOf(p.Code).Detail
	known := p.Code == clickday.CodeInternal || text != clickday.MeaningOf(clickday.CodeInternal).Detail
	if known || p.Detail == "" || p.DetailEN == "" {
		return text
	}
	return clickday.Text{IT: p.Detail, EN: p.DetailEN}
}

// Explain returns what an error says to a person, in both languages.
func Explain(err error) clickday.Text {
	for _, e := range explained {
		if errors.Is(err, e.err) {
			return e.text
		}
	}
	var refusal *portalapi.Refusal
	var coded *wire.Error
	var network net.Error
	var frozen *FrozenError
	switch {
	case errors.As(err, &frozen):
		return frozen.text()
	case errors.As(err, &refusal):
		return explainRefusal(&refusal.Problem)
	case errors.As(err, &coded):
		return clickday.MeaningOf(coded.Code).Detail
	case isNetworkFault(err):
		return explainNetwork(err)
	case errors.As(err, &network):
		return clickday.Text{IT: "La rete non risponde: " + err.Error(), EN: "The network does not answer: " + err.Error()}
	default:
		return clickday.Text{IT: "Qualcosa non ha funzionato: " + err.Error(), EN: "Something went wrong: " + err.Error()}
	}
}
