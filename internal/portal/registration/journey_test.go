package registration_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/portal/portaltest"
	"puntuale/internal/portal/sitetest"
	"puntuale/internal/proofofwork"
)

const chosen = "quattro parole a caso"

// world is a portal and the outbox of its letters.
type world struct{ *portaltest.Site }

func newWorld(t *testing.T) *world { return &world{portaltest.New(t)} }

// letters returns the texts of all letters to an address, the newest first.
func (w *world) letters(to string) (texts []string) {
	w.T.Helper()
	rows, err := w.DB.Pool.Query(context.Background(), "SELECT subject || E'\n' || text FROM letters WHERE recipient = $1 ORDER BY id DESC", to)
	if err != nil {
		w.T.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			w.T.Fatal(err)
		}
		texts = append(texts, s)
	}
	return texts
}

var linkPattern = regexp.MustCompile(`http://portal\.example(/\S+token=\S+)`)

// link is the path of the link in the newest letter to an address.
func (w *world) link(to string) string {
	w.T.Helper()
	all := w.letters(to)
	if len(all) == 0 {
		w.T.Fatalf("no letter to %s", to)
	}
	m := linkPattern.FindStringSubmatch(all[0])
	if m == nil {
		w.T.Fatalf("no link in %q", all[0])
	}
	return m[1]
}

func tokenOf(link string) string {
	_, token, _ := strings.Cut(link, "token=")
	return token
}

func (w *world) count(sql string, args ...any) (n int) {
	w.T.Helper()
	if err := w.DB.Pool.QueryRow(context.Background(), sql, args...).Scan(&n); err != nil {
		w.T.Fatal(err)
	}
	return n
}

// form is what Mario Rossi types.
func form(b *sitetest.Browser, email string) url.Values {
	return url.Values{
		"challenge": {b.Open("/register").Find("input[name=challenge]").AttrOr("value", "")},
		"email":     {email}, "password": {chosen}, "again": {chosen}, "surname": {"Rossi"}, "name": {"Mario"}, "sex": {"M"}, "birth": {"1980-01-01"},
		"birth_place": {"Roma"}, "tax_code": {"rssmra80a01h501u"}, "home_address": {"Via Po 1"}, "home_place": {"Torino"}, "home_cap": {"10123"},
		"phone": {"+39 011 1234567"}, "pec": {""}, "accept": {"yes"},
	}
}

// register goes as far as the letter.
func (w *world) register(b *sitetest.Browser, email string) *sitetest.Page {
	w.T.Helper()
	f := form(b, email)
	f.Set("solution", proofofwork.Solve(f.Get("challenge"), strings.ToLower(email), 10))
	return b.Post("/register", f)
}

// confirmed registers and confirms, and returns the browser that is logged in.
func (w *world) confirmed(email string) *sitetest.Browser {
	w.T.Helper()
	b := w.Browser()
	if p := w.register(b, email); p.Status != http.StatusSeeOther {
		w.T.Fatalf("register: %d %s", p.Status, p.Find(".summary, .note").Text())
	}
	if p := b.Post("/register/confirm", url.Values{"token": {tokenOf(w.link(email))}, "current": {chosen}}); p.Status != http.StatusSeeOther {
		w.T.Fatalf("confirm: %d", p.Status)
	}
	return b
}

func (w *world) login(email, password string) (*sitetest.Browser, *sitetest.Page) {
	b := w.Browser()
	return b, b.Post("/login", url.Values{"email": {email}, "password": {password}})
}

func TestRegistrationWithoutScripts(t *testing.T) {
	w := newWorld(t)
	b := w.Browser()
	f := form(b, "carla@Example.it")
	fast := b.Post("/register", f)
	if fast.Status != 422 || fast.Header.Get("Retry-After") == "" || fast.Find("input[name=surname]").AttrOr("value", "") != "Rossi" {
		t.Fatalf("a form that was filled in within no time: %d", fast.Status)
	}
	if v, ok := fast.Find("input[name=password]").Attr("value"); ok && v != "" {
		t.Error("the page sends the password back")
	}
	w.Clock.Advance(30 * time.Second)
	if p := b.Post("/register", f); p.Status != http.StatusSeeOther || p.Location() != "/register/sent" {
		t.Fatalf("register: %d %s", p.Status, p.Find(".summary").Text())
	}
	if n := w.count("SELECT count(*) FROM accounts WHERE email ILIKE 'carla%'"); n != 0 {
		t.Error("there is an account before it is confirmed")
	}
	if _, p := w.login("carla@example.it", chosen); p.Status != 422 {
		t.Errorf("log-in before the confirmation: %d", p.Status)
	}
	link, other := w.link("carla@example.it"), w.Browser() // the telephone
	page := other.Open(link)
	if !strings.Contains(page.Find("main").Text(), "carla@example.it") || page.Header.Get("Cache-Control") != "no-store" {
		t.Error("page of the link", page.Header.Get("Cache-Control"))
	}
	other.Open(link) // looking at it uses nothing up
	if p := other.Post("/register/confirm", url.Values{"token": {tokenOf(link)}, "current": {"not this one"}}); p.Status != 422 {
		t.Errorf("wrong password: %d", p.Status)
	}
	if p := other.Post("/register/confirm", url.Values{"token": {tokenOf(link)}, "current": {chosen}}); p.Status != 303 || p.Location() != "/account" {
		t.Fatalf("confirm: %d to %s", p.Status, p.Location())
	}
	account := other.Open("/account").Find("main").Text()
	for _, want := range []string{"Mario Rossi", "RSSMRA80A01H501U", "01/01/1980", "Roma (RM)", "Via Po 1, 10123 Torino (TO)", "+390111234567", accepted()} {
		if !strings.Contains(account, want) {
			t.Errorf("the account does not show %q", want)
		}
	}
	if p := w.Browser().Get(link); p.Status != http.StatusGone {
		t.Errorf("the link opens again: %d", p.Status)
	}
	if p := other.Post("/register/confirm", url.Values{"token": {tokenOf(link)}, "current": {chosen}}); p.Status != http.StatusGone {
		t.Errorf("the link confirms again: %d", p.Status)
	}
	if _, p := w.login("CARLA@example.it", chosen); p.Status != 303 {
		t.Errorf("log-in: %d", p.Status)
	}
	for _, personal := range []string{"carla", "Rossi", "RSSMRA", "011", tokenOf(link)} {
		if strings.Contains(w.Logs.String(), personal) {
			t.Errorf("%q is in the log", personal)
		}
	}
}

// accepted is how the version that was accepted is shown.
func accepted() string {
	day, err := time.Parse("2006-01-02", accounts.ConditionsVersion)
	if err != nil {
		panic(err)
	}
	return day.Format("02/01/2006")
}

// TestRegistrationRevealsNoAccount: an address with an account gets the very
// same answer, and its owner a letter of another kind.
func TestRegistrationRevealsNoAccount(t *testing.T) {
	w := newWorld(t)
	fresh, known := w.register(w.Browser(), "nuova@example.it"), w.register(w.Browser(), "Mario.Rossi@example.it")
	if fresh.Status != 303 || known.Status != fresh.Status || known.Location() != fresh.Location() || known.Body != fresh.Body {
		t.Errorf("%d %s, %d %s", fresh.Status, fresh.Location(), known.Status, known.Location())
	}
	if all := w.letters("Mario.Rossi@example.it"); len(all) != 1 || !strings.Contains(all[0], "hai già un account") || strings.Contains(all[0], "token=") {
		t.Errorf("%q", all)
	}
	if n := w.count("SELECT count(*) FROM registrations WHERE email ILIKE 'mario%'"); n != 0 {
		t.Error("a registration over an account waits")
	}
	resend := func(email string) *sitetest.Page {
		return w.Browser().Post("/register/resend", url.Values{"email": {email}})
	}
	a, b, c := resend("nuova@example.it"), resend("mario.rossi@example.it"), resend("nessuno@example.it")
	if a.Status != 303 || a.Location() != b.Location() || b.Location() != c.Location() || a.Body != c.Body {
		t.Error(a.Location(), b.Location(), c.Location())
	}
	forgot := func(email string) *sitetest.Page { return w.Browser().Post("/password", url.Values{"email": {email}}) }
	if a, b := forgot("mario.rossi@example.it"), forgot("nessuno@example.it"); a.Status != 303 || a.Location() != b.Location() || a.Body != b.Body {
		t.Error(a.Location(), b.Location())
	}
	if n := len(w.letters("nessuno@example.it")); n != 0 {
		t.Errorf("%d letters to nobody", n)
	}
}

// TestLinkOfADay: until the very second, and every link that was sent.
func TestLinkOfADay(t *testing.T) {
	w := newWorld(t)
	w.register(w.Browser(), "dario@example.it")
	first := w.link("dario@example.it")
	w.Clock.Advance(24*time.Hour - time.Second)
	w.Browser().Open(first)
	w.Browser().Post("/register/resend", url.Values{"email": {"dario@example.it"}})
	second := w.link("dario@example.it")
	if first == second {
		t.Fatal("no second letter")
	}
	w.Clock.Advance(time.Second)
	if p := w.Browser().Get(first); p.Status != http.StatusGone {
		t.Errorf("after 24 hours: %d", p.Status)
	}
	b := w.Browser()
	if p := b.Post("/register/confirm", url.Values{"token": {tokenOf(second)}, "current": {chosen}}); p.Status != 303 {
		t.Errorf("the second link: %d", p.Status)
	}
}

// TestTwoBrowsersAtOnce: one account, whoever comes first, and of two
// registrations of one address only one.
func TestTwoBrowsersAtOnce(t *testing.T) {
	w := newWorld(t)
	var tokens []string
	for range 2 {
		w.register(w.Browser(), "elsa@example.it")
		tokens = append(tokens, tokenOf(w.link("elsa@example.it")))
	}
	var wg sync.WaitGroup
	status := make([]int, 6)
	for i := range status {
		b := w.Browser()
		wg.Go(func() {
			status[i] = b.Post("/register/confirm", url.Values{"token": {tokens[i%2]}, "current": {chosen}}).Status
		})
	}
	wg.Wait()
	in := 0
	for _, s := range status {
		switch s {
		case http.StatusSeeOther:
			in++
		case http.StatusGone, http.StatusConflict, http.StatusTooManyRequests:
		default:
			t.Errorf("status %d", s)
		}
	}
	if n := w.count("SELECT count(*) FROM accounts WHERE email = 'elsa@example.it'"); in != 1 || n != 1 {
		t.Errorf("%d browsers are in, %d accounts; %v", in, n, status)
	}
	if n := w.count("SELECT count(*) FROM registrations"); n != 0 {
		t.Errorf("%d registrations are left", n)
	}
}

func TestWhatIsWrongWithARegistration(t *testing.T) {
	w := newWorld(t)
	b := w.Browser()
	for name, c := range map[string]struct {
		change url.Values
		want   string
	}{
		"surname":   {url.Values{"surname": {"Bianchi"}}, "il codice fiscale non corrisponde a: cognome"},
		"two":       {url.Values{"sex": {"F"}, "birth": {"01/02/1980"}}, "il codice fiscale non corrisponde a: data di nascita, sesso"},
		"place":     {url.Values{"birth_place": {"Milano"}}, "il codice fiscale non corrisponde a: luogo di nascita"},
		"check":     {url.Values{"tax_code": {"RSSMRA80A01H501A"}}, "l’ultima lettera non torna"},
		"minor":     {url.Values{"birth": {"2010-01-01"}}, "bisogna avere 18 anni"},
		"again":     {url.Values{"again": {"altra password qui"}}, "le due password non sono uguali"},
		"common":    {url.Values{"password": {"password1234"}, "again": {"password1234"}}, "è tra quelle più usate"},
		"own":       {url.Values{"password": {"mario.rossi1980"}, "again": {"mario.rossi1980"}}, "è fatta dei tuoi dati"},
		"accept":    {url.Values{"accept": {""}}, "bisogna accettare"},
		"ambiguous": {url.Values{"home_place": {"Samone"}}, "Samone (TO), Samone (TN)"},
		"email":     {url.Values{"email": {"a@b"}}, "Indirizzo e-mail: scrivi un indirizzo"},
		"work":      {url.Values{"solution": {"7"}}, "Il controllo automatico del browser non è riuscito"},
		"challenge": {url.Values{"challenge": {"x"}}, "La pagina era aperta da troppo tempo"},
	} {
		f := form(b, "fabio@example.it")
		for k, v := range c.change {
			f[k] = v
		}
		p := b.Post("/register", f)
		if got := p.Find(".summary, .note").Text(); p.Status != 422 || !strings.Contains(got, c.want) {
			t.Errorf("%s: %d %q, want %q", name, p.Status, strings.Join(strings.Fields(got), " "), c.want)
		}
	}
	// Omocodia: the same person with letters for digits.
	f := form(b, "fabio@example.it")
	f.Set("tax_code", "RSSMRA80A01H50MA")
	f.Set("solution", proofofwork.Solve(f.Get("challenge"), "fabio@example.it", 10))
	if p := b.Post("/register", f); p.Status != 303 && !strings.Contains(p.Body, "l’ultima lettera") {
		t.Errorf("omocodia: %d %s", p.Status, p.Find(".summary").Text())
	}
}

func TestTooManyRequests(t *testing.T) {
	w := newWorld(t)
	b := w.Browser()
	last := 0
	for i := range 8 {
		f := form(b, fmt.Sprintf("g%d@example.it", i))
		w.Clock.Advance(21 * time.Second)
		last = b.Post("/register", f).Status
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("the eighth registration without work: %d", last)
	}
	if p := w.register(w.Browser(), "con.lavoro@example.it"); p.Status != 303 {
		t.Errorf("who did the work is held up too: %d", p.Status)
	}
	for range 6 { // more letters to one address than anybody needs
		w.register(w.Browser(), "bersaglio@example.it")
	}
	if n := len(w.letters("bersaglio@example.it")); n < 3 || n > 4 {
		t.Errorf("%d letters to one address", n)
	}
}
