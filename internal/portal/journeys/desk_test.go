package journeys

import (
	"regexp"

	"puntuale/internal/accounts"
)

const desk = "assistente@example.it"

// assistant sits at the help desk.
func (w *world) assistant() *person {
	w.t.Helper()
	for _, role := range []accounts.Role{accounts.HelpDesk, accounts.Auditor} {
		if err := w.DB.GrantRole(w.t.Context(), w.Account(desk).ID, role, "prova", w.Clock.Now()); err != nil {
			w.t.Fatal(err)
		}
	}
	p := w.person()
	p.logIn(desk)
	return p
}

var ticket = regexp.MustCompile(`A-2027-\d{6}`)

// question: asked, answered, replied to, closed; and what is asked often, which
// the desk writes and anybody finds.
func question(p *person) {
	d := p.w.assistant()
	p.logIn(mario)
	p.Follow("Assistenza")
	p.Follow("Nuova richiesta")
	p.Follow("Invia")
	p.says(".summary", "Scrivi l’oggetto")
	p.put(map[string]string{"kind": "functional", "subject": "Reddito", "text": "Quale anno conta?"})
	p.Follow("Invia")
	p.says("main", "Richiesta ricevuta")
	number := ticket.FindString(p.Text("main"))
	d.Follow("Banco dell’assistenza")
	d.Follow(number)
	d.says("main", "Quale anno conta?")
	d.put(map[string]string{"text": "Il 2025."})
	d.Follow("Rispondi")
	d.says("[role=status]", "Scritto")
	p.Follow("Assistenza")
	p.Follow("Le mie richieste")
	p.says("tbody", "Risposta data")
	p.Follow(number)
	p.says("main", "Il 2025.")
	p.hides("main", desk)
	p.put(map[string]string{"text": "Grazie!"})
	p.Follow("Invia il messaggio")
	p.says("main", "Grazie!")
	p.Follow("Chiudi la richiesta")
	p.says("main", "Questa richiesta è chiusa")
	d.asksOften()
	p.Follow("Assistenza")
	p.put(map[string]string{"q": "badante"})
	p.Follow("Cerca")
	p.says("main details", "E le badanti?")
	p.put(map[string]string{"q": "asteroidi"})
	p.Follow("Cerca")
	p.says("main", "Nessuna domanda frequente")
}

// asksOften writes a question that is asked often, for everybody to read.
func (p *person) asksOften() {
	p.w.t.Helper()
	p.Follow("Banco dell’assistenza")
	p.Follow("Domande frequenti: redazione")
	p.put(map[string]string{
		"kind": "legal", "question_it": "E le badanti?", "answer_it": "C’è il modello apposito.", "question_en": "And carers?", "answer_en": "There is a model.",
		"position": "5", "public": "1",
	})
	p.Follow("Salva")
	p.says("tbody", "E le badanti?")
}

// call: an assistant looks a caller up, sees no secret, writes down what they
// say; both looks stand in the log.
func call(p *person) {
	p.w.LoggedIn(mario).Sealed(1)
	d := p.w.assistant()
	d.Follow("Banco dell’assistenza")
	d.Follow("Chi chiama")
	d.put(map[string]string{"key": "mario"})
	d.Follow("Cerca")
	d.says("main .note", "Nessuno è registrato così")
	d.put(map[string]string{"key": mario})
	d.Follow("Cerca")
	d.says("main", "Sigillata")
	d.hides("main", "RSSMRA80A01H501U")
	d.Follow("Banco dell’assistenza")
	d.Follow("Telefonata")
	d.put(map[string]string{"kind": "technical", "subject": "Non si apre", "text": "Windows 11", "name": "Piero"})
	d.Follow("Invia")
	d.says(".summary", "Serve un telefono o un’e-mail")
	d.put(map[string]string{"phone": "06 1234"})
	d.Follow("Invia")
	d.says("main", "va data per telefono")
	d.Follow("Registro degli accessi")
	d.says("tbody", "caller.search")
	d.says("tbody", "ticket.read")
}
