package journeys

import (
	"maps"

	"puntuale/internal/accounts"
	"puntuale/internal/portal/pagetest"
)

// Codes of organisations, with right check digits and offices.
const (
	edil      = "00743110157"
	patronato = "00905811006"
)

var company = map[string]string{
	"name": "Edil Rossi S.r.l.", "form": "srl", "tax_code": edil, "vat": edil, "street": "Via Roma 1", "place": "Milano", "postcode": "20121",
	"pec": "edil@pec.example.it", "email": "info@edil.example.it", "legal_name": "Rossi Mario", "legal_tax_code": "RSSMRA80A01H501U", "declared": "yes",
}

// founds registers a company, with a wrong number first, and acts for it.
func (p *person) founds() {
	p.w.t.Helper()
	p.Follow("Deleghe")
	p.Follow("Registra un’impresa")
	wrong := maps.Clone(company)
	wrong["vat"] = "01234567897"
	p.put(wrong)
	p.Follow("Registra")
	p.says(".summary", "partita IVA")
	p.put(company)
	p.Follow("Registra")
	p.says("[role=status]", "Impresa registrata")
	p.Follow("Agisci per questo account")
	p.says(".who", "per Edil Rossi S.r.l.")
}

// delegation: a company, somebody who is invited to act for it from a letter, and
// what they see before, meanwhile and after.
func delegation(m *person) {
	m.logIn(mario)
	m.founds()
	m.Follow("Le mie domande")
	m.Follow("Nuova domanda")
	m.put(map[string]string{"choice": "1/B"})
	m.Follow("Comincia")
	m.Follow("Deleghe")
	m.Follow("Edil Rossi S.r.l.")
	m.Follow("Invita una persona")
	m.put(map[string]string{"address": anna, "role": "operator"})
	m.Follow("Invia l’invito")
	m.says("[role=status]", "Invito inviato")
	a := m.w.person()
	a.Open(m.w.letter(anna)) // from the mailbox
	a.credentials(anna, "corretto cavallo")
	a.says("main", "ti invita ad agire per Edil Rossi S.r.l.")
	a.Follow("Accetta")
	a.says("[role=status]", "Delega accettata")
	a.Follow("Le mie domande")
	a.says("main", "Non hai ancora nessuna domanda")
	a.Follow("Per chi agisci")
	a.Follow("Scegli Edil Rossi S.r.l.")
	a.says(".who", "per Edil Rossi S.r.l.")
	a.Follow("Le mie domande")
	a.says("caption", "1 domanda")
	a.Follow("Senza nome")
	m.Follow("Deleghe")
	m.Follow("Edil Rossi S.r.l.")
	m.Follow("Revoca")
	m.says("main", "non potrà più agire")
	m.Follow("Revoca adesso")
	m.says("[role=status]", "Delega revocata")
	a.Follow("Le mie domande")
	a.says("h1", "La delega è finita")
	a.hides(".who", "Edil Rossi")
	a.Follow("Le mie domande")
	a.says("main", "Non hai ancora nessuna domanda")
}

// mandates: an intermediary is approved by staff, asks an employer for a mandate,
// is refused, asks again and is granted it.
func mandates(a *person) {
	w := a.w
	if err := w.DB.GrantRole(w.t.Context(), w.Account("staff@example.it").ID, accounts.Administrator, "prova", w.Clock.Now()); err != nil {
		w.t.Fatal(err)
	}
	m := w.person()
	m.logIn(mario)
	m.founds()
	a.logIn(anna)
	a.Follow("Deleghe")
	a.Follow("Registra un intermediario")
	office := maps.Clone(company)
	maps.Copy(office, map[string]string{"name": "Patronato Esempio", "form": "body", "trade": "patronato", "register": "D.M. 1 del 2001", "tax_code": patronato, "vat": patronato})
	a.put(office)
	a.Follow("Registra")
	a.says("main", "In attesa di approvazione")
	a.Follow("Agisci per questo account")
	staff := w.person()
	staff.logIn("staff@example.it")
	staff.Follow("Intermediari da approvare")
	staff.Follow("Approva Patronato Esempio")
	staff.says("[role=status]", "Intermediario approvato")
	for i, answer := range []string{"Rifiuta", "Concedi il mandato"} {
		want := [][2]string{{"Mandato rifiutato", "Rifiutato"}, {"Mandato concesso", "Concesso"}}[i]
		a.asks(i == 0)
		m.Follow("Deleghe")
		m.Follow("Mandati")
		m.Follow(pagetest.Value[string](m.Chrome, `document.querySelector("tbody a").textContent`))
		m.says("main", "Patronato Esempio")
		m.Follow(answer)
		m.says("[role=status]", want[0])
		a.Follow("Deleghe")
		a.Follow("Mandati")
		a.says("tbody", want[1])
	}
}

// asks an employer for a mandate; wrongly at first.
func (a *person) asks(wrong bool) {
	a.w.t.Helper()
	a.Follow("Deleghe")
	a.Follow("Mandati")
	a.Follow("Chiedi o dichiara un mandato")
	values := map[string]string{"employer": "Edil Rossi", "employer_code": "12345678901", "how": "ask", "scope": "all"}
	if wrong {
		a.put(values)
		a.Follow("Salva il mandato")
		a.says(".summary", "codice fiscale")
	}
	values["employer_code"] = edil
	a.put(values)
	a.Follow("Salva il mandato")
	a.says("[role=status]", "Richiesta inviata")
}
