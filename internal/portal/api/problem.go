package api

import (
	"errors"
	"net/http"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/wire"
)

// Refusals of the API only; the others are those of package clickday.
const (
	codeUnauthorized  clickday.Code = "unauthorized"
	codeNoDevice      clickday.Code = "device_not_registered"
	codeForeignDevice clickday.Code = "device_of_another_account"
	codeTokenBound    clickday.Code = "token_of_another_device"
	codeBadDevice     clickday.Code = "device_invalid"
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
}

// refusal is an error with its documented code.
type refusal struct{ code clickday.Code }

func (e *refusal) Error() string { return "api: " + string(e.code) }

func refuse(c clickday.Code) error { return &refusal{c} }

// problem answers an error; what is not a documented refusal is logged and hidden.
func (a *API) problem(w http.ResponseWriter, r *http.Request, err error) {
	var known *refusal
	code := clickday.CodeInternal
	switch {
	case errors.As(err, &known):
		code = known.code
	case errors.Is(err, accounts.ErrNotFound):
		code = clickday.CodeNotFound
	case errors.Is(err, accounts.ErrForeignDevice):
		code = codeForeignDevice
	case errors.Is(err, accounts.ErrTokenBound):
		code = codeTokenBound
	default:
		a.Log.ErrorContext(r.Context(), "api", "path", r.URL.Path, "err", err)
	}
	p := problemOf(code)
	p.ServerTime = a.Clock.Now().UnixNano()
	w.Header().Set("Content-Type", wire.TypeProblem)
	w.Header().Set("Cache-Control", "no-store")
	if p.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="puntuale"`)
	}
	w.WriteHeader(p.Status)
	w.Write(p.Bytes()) // a client that has gone away misses its answer, nothing else
}

func problemOf(code clickday.Code) wire.Problem {
	p := wire.NewProblem(code)
	if m, ok := meanings[code]; ok {
		p.Code, p.Type = code, "urn:puntuale:problem:"+string(code)
		p.Title, p.Status, p.Detail, p.DetailEN = m.Title.IT, m.Status, m.Detail.IT, m.Detail.EN
	}
	return p
}
