package journeys

import (
	"encoding/base32"
	"strings"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/portal/pagetest"
	"puntuale/internal/portal/sitetest"
)

const (
	another = "tutta un’altra cosa"
	renamed = "mario.nuovo@example.it"
)

// account: a new password, the end of log-ins elsewhere, a new address.
func account(p *person) {
	elsewhere, forgotten := p.w.person(), p.w.person()
	p.logIn(mario)
	elsewhere.logIn(mario)
	forgotten.logIn(mario)
	p.Follow("Il mio account")
	p.Follow("Vedi Accessi aperti")
	p.says("tbody", "Questo")
	p.Follow("Chiudi ")
	p.says("[role=status]", "L’accesso è chiuso")
	p.Follow("Il mio account")
	p.Follow("Modifica Password")
	p.put(map[string]string{"current": "sbagliata davvero", "password": another, "again": another})
	p.Follow("Cambia la password")
	p.says(".summary", "la password non è giusta")
	p.put(map[string]string{"current": sitetest.Password, "password": another, "again": another})
	p.Follow("Cambia la password")
	p.says("[role=status]", "La password è cambiata e gli altri accessi sono chiusi")
	for _, out := range []*person{elsewhere, forgotten} {
		out.Follow("Il mio account")
		out.is("/login")
	}
	p.Follow("Modifica Indirizzo e-mail")
	p.put(map[string]string{"email": renamed, "current": another})
	p.Follow("Manda il collegamento")
	p.Open(p.w.letter(renamed)) // from the mailbox
	p.says("main", renamed)
	p.Follow("Usa questo indirizzo")
	p.says("main", "L’indirizzo e-mail è cambiato")
	elsewhere.credentials(mario, another)
	elsewhere.says(".summary", "")
	elsewhere.is("/login")
	elsewhere.credentials(renamed, another)
	elsewhere.says("main", renamed) // the page that was asked for
}

// secondStep: an application on a telephone, its code at the log-in, and the end
// of the account.
func secondStep(p *person) {
	p.logIn(mario)
	p.Follow("Il mio account")
	p.Follow("Attiva Verifica in due passaggi")
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(p.Text("main .mono"), " ", ""))
	if err != nil {
		p.w.t.Fatal(err)
	}
	if !pagetest.Value[bool](p.Chrome, `document.querySelector("img.qr").naturalWidth > 0`) {
		p.w.t.Error("the picture for the telephone is not shown")
	}
	code := func() string { return accounts.TOTP(secret, accounts.TOTPStep(p.w.Clock.Now())) }
	p.put(map[string]string{"code": "000000"})
	p.Follow("Attiva")
	p.says(".summary", "Il codice non è giusto")
	p.put(map[string]string{"code": code()})
	p.Follow("Attiva")
	p.says("[role=status]", "è attiva")
	p.Follow("Li ho salvati")
	p.Follow("Esci")
	p.w.Clock.Advance(30 * time.Second)
	p.Open("/")
	p.Follow("Accedi")
	p.credentials(mario, sitetest.Password)
	p.is("/login/code")
	p.put(map[string]string{"code": code()})
	p.Follow("Verifica")
	p.is("/applications")
	p.Follow("Il mio account")
	p.Follow("Cancella l’account")
	p.put(map[string]string{"current": sitetest.Password})
	p.Follow("Cancella il mio account")
	p.says("main h1", "Fatto")
	p.Follow("Accedi")
	p.credentials(mario, sitetest.Password)
	p.is("/login")
}
