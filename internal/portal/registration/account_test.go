package registration_test

import (
	"encoding/base32"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/portal/sitetest"
)

const another = "tutta un’altra cosa"

func TestForgottenPassword(t *testing.T) {
	w := newWorld(t)
	inside := w.confirmed("gina@example.it")
	out := w.Browser()
	out.Post("/password", url.Values{"email": {"gina@example.it"}})
	first := w.link("gina@example.it")
	out.Post("/password", url.Values{"email": {"gina@example.it"}})
	second := w.link("gina@example.it")
	out.Open(first)
	if p := out.Post("/password/new", url.Values{"token": {tokenOf(second)}, "password": {"gina@example.it"}, "again": {"gina@example.it"}}); p.Status != 422 {
		t.Errorf("a password of one's own data: %d", p.Status)
	}
	if p := out.Post("/password/new", url.Values{"token": {tokenOf(second)}, "password": {another}, "again": {another}}); p.Status != 200 {
		t.Fatalf("reset: %d", p.Status)
	}
	if !strings.Contains(w.letters("gina@example.it")[0], "la password è cambiata") {
		t.Error("the owner is not told")
	}
	for _, link := range []string{first, second} {
		if p := out.Get(link); p.Status != http.StatusGone {
			t.Errorf("a link is still good: %d", p.Status)
		}
	}
	if p := inside.Get("/account"); p.Status != 303 {
		t.Errorf("the old log-in lives on: %d", p.Status)
	}
	if _, p := w.login("gina@example.it", chosen); p.Status != 422 {
		t.Errorf("the old password: %d", p.Status)
	}
	if _, p := w.login("gina@example.it", another); p.Status != 303 {
		t.Errorf("the new password: %d", p.Status)
	}
	out.Post("/password", url.Values{"email": {"gina@example.it"}})
	late := w.link("gina@example.it")
	w.Clock.Advance(time.Hour - time.Second)
	out.Open(late)
	w.Clock.Advance(time.Second)
	if p := out.Get(late); p.Status != http.StatusGone {
		t.Errorf("after an hour: %d", p.Status)
	}
}

func TestChangeOfPassword(t *testing.T) {
	w := newWorld(t)
	b := w.confirmed("hugo@example.it")
	other, _ := w.login("hugo@example.it", chosen)
	if p := b.Post("/account/password", url.Values{"current": {"wrong wrong wrong"}, "password": {another}, "again": {another}}); p.Status != 422 {
		t.Errorf("without the old one: %d", p.Status)
	}
	if p := b.Post("/account/password", url.Values{"current": {chosen}, "password": {another}, "again": {another}}); p.Status != 303 {
		t.Fatalf("change: %d", p.Status)
	}
	b.Open("/account") // stays
	if p := other.Get("/account"); p.Status != 303 {
		t.Errorf("the other log-in lives on: %d", p.Status)
	}
}

func TestChangeOfAddress(t *testing.T) {
	w := newWorld(t)
	b := w.confirmed("ida@example.it")
	ask := func(to string) *sitetest.Page {
		return b.Post("/account/email", url.Values{"email": {to}, "current": {chosen}})
	}
	if p := ask("mario.rossi@example.it"); p.Status != 303 { // somebody else's: nothing shows
		t.Errorf("to a taken address: %d", p.Status)
	}
	if all := w.letters("mario.rossi@example.it"); len(all) != 1 || strings.Contains(all[0], "token=") {
		t.Errorf("%q", all)
	}
	if p := ask("nuova.ida@example.it"); p.Status != 303 {
		t.Fatalf("ask: %d", p.Status)
	}
	if !strings.Contains(w.letters("ida@example.it")[0], "nuova.ida@example.it") {
		t.Error("the old address is not told of the request")
	}
	link, elsewhere := w.link("nuova.ida@example.it"), w.Browser()
	elsewhere.Open(link)
	if _, p := w.login("nuova.ida@example.it", chosen); p.Status != 422 {
		t.Error("the new address counts before its confirmation")
	}
	if p := elsewhere.Post("/account/email/confirm", url.Values{"token": {tokenOf(link)}}); p.Status != 200 {
		t.Fatalf("confirm: %d", p.Status)
	}
	if _, p := w.login("nuova.ida@example.it", chosen); p.Status != 303 {
		t.Errorf("log-in with the new address: %d", p.Status)
	}
	if _, p := w.login("ida@example.it", chosen); p.Status != 422 {
		t.Errorf("log-in with the old address: %d", p.Status)
	}
	undo := w.link("ida@example.it")
	if !strings.HasPrefix(undo, "/account/email/undo") {
		t.Fatal(undo)
	}
	w.Clock.Advance(72*time.Hour - time.Second)
	in, _ := w.login("nuova.ida@example.it", chosen) // the intruder
	elsewhere.Open(undo)
	if p := elsewhere.Post("/account/email/undo", url.Values{"token": {tokenOf(undo)}}); p.Status != 200 {
		t.Fatalf("undo: %d", p.Status)
	}
	if p := in.Get("/account"); p.Status != 303 {
		t.Errorf("the intruder stays: %d", p.Status)
	}
	if _, p := w.login("ida@example.it", chosen); p.Status != 303 {
		t.Errorf("the old address again: %d", p.Status)
	}
	if p := elsewhere.Post("/account/email/undo", url.Values{"token": {tokenOf(undo)}}); p.Status != http.StatusGone {
		t.Errorf("undo twice: %d", p.Status)
	}
}

// secretOn reads the key from the page of the second step.
func secretOn(t *testing.T, b *sitetest.Browser) []byte {
	t.Helper()
	text := strings.ReplaceAll(b.Open("/account/factor").Find(".mono").Text(), " ", "")
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func TestSecondStep(t *testing.T) {
	w := newWorld(t)
	b := w.confirmed("leo@example.it")
	secret := secretOn(t, b)
	if src := b.Open("/account/factor").Find("img.qr").AttrOr("src", ""); !strings.HasPrefix(src, "data:image/png;base64,iVBOR") {
		t.Errorf("QR code: %.40q", src)
	}
	now := func() int64 { return accounts.TOTPStep(w.Clock.Now()) }
	if p := b.Post("/account/factor", url.Values{"code": {"000000"}}); p.Status != 422 {
		t.Errorf("a wrong first code: %d", p.Status)
	}
	first := accounts.TOTP(secret, now())
	page := b.Post("/account/factor", url.Values{"code": {first}})
	codes := strings.Fields(page.Find(".codes").Text())
	if page.Status != 200 || page.Find(".codes li").Length() != accounts.RecoveryCodes || page.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("turn on: %d, %d codes", page.Status, len(codes))
	}
	recovery := page.Find(".codes li").First().Text()
	in := w.Browser()
	p := in.Post("/login", url.Values{"email": {"leo@example.it"}, "password": {chosen}, "next": {"/devices"}})
	if p.Status != 303 || p.Location() != "/login/code" {
		t.Fatalf("first step: %d to %s", p.Status, p.Location())
	}
	if p := in.Get("/devices"); p.Status != 303 {
		t.Errorf("in after the first step: %d", p.Status)
	}
	in.Open("/login/code")
	if p := in.Post("/login/code", url.Values{"code": {first}}); p.Status != 422 {
		t.Errorf("the code of before: %d", p.Status)
	}
	w.Clock.Advance(30 * time.Second)
	if p := in.Post("/login/code", url.Values{"code": {accounts.TOTP(secret, now())}}); p.Status != 303 || p.Location() != "/devices" {
		t.Fatalf("second step: %d to %s", p.Status, p.Location())
	}
	in.Open("/devices")
	for i, want := range []int{303, 422} { // a recovery code counts once
		lost, _ := w.login("leo@example.it", chosen)
		if p := lost.Post("/login/code", url.Values{"code": {strings.ToLower(recovery)}}); p.Status != want {
			t.Errorf("recovery code, time %d: %d", i+1, p.Status)
		}
	}
	if !strings.Contains(w.letters("leo@example.it")[0], "codice di recupero") {
		t.Error("the owner is not told of the recovery code")
	}
	slow, _ := w.login("leo@example.it", chosen)
	w.Clock.Advance(11 * time.Minute)
	if p := slow.Get("/login/code"); p.Location() != "/login" {
		t.Errorf("eleven minutes between the steps: %d %s", p.Status, p.Location())
	}
	if p := b.Post("/account/factor/off", url.Values{"current": {"wrong wrong wrong"}}); p.Status != 422 {
		t.Errorf("off without the password: %d", p.Status)
	}
	if p := b.Post("/account/factor/off", url.Values{"current": {chosen}}); p.Status != 303 {
		t.Errorf("off: %d", p.Status)
	}
	if _, p := w.login("leo@example.it", chosen); p.Location() != "/applications" {
		t.Errorf("log-in after that leads to %s", p.Location())
	}
}

// TestGuessingCodesIsSlowedDown also for somebody who has the password.
func TestGuessingCodesIsSlowedDown(t *testing.T) {
	w := newWorld(t)
	b := w.confirmed("max@example.it")
	secret := secretOn(t, b)
	b.Post("/account/factor", url.Values{"code": {accounts.TOTP(secret, accounts.TOTPStep(w.Clock.Now()))}})
	last := 0
	for range 8 {
		in, _ := w.login("max@example.it", chosen)
		last = in.Post("/login/code", url.Values{"code": {"123456"}}).Status
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("the eighth code: %d", last)
	}
}

func TestOpenLogins(t *testing.T) {
	w := newWorld(t)
	mine := w.LoggedIn("mario.rossi@example.it")
	phone := w.Browser()
	phone.Post("/login", url.Values{"email": {"mario.rossi@example.it"}, "password": {sitetest.Password}},
		"User-Agent", "Mozilla/5.0 (Linux; Android 14) Gecko/145.0 Firefox/145.0")
	other := w.LoggedIn("mario.rossi@example.it")
	page := mine.Open("/account/sessions")
	rows := page.Find("tbody tr")
	if rows.Length() != 3 || !strings.Contains(rows.Text(), "Firefox, Android") || page.Find(".badge-state.done").Length() != 1 {
		t.Fatalf("%d log-ins: %s", rows.Length(), rows.Text())
	}
	var end string
	for i := range rows.Length() {
		row := rows.Eq(i)
		if strings.Contains(row.Text(), "Android") {
			end = row.Find("form").AttrOr("action", "")
		}
	}
	if p := w.LoggedIn("anna.verdi@example.it").Post(end, url.Values{}); p.Status != http.StatusNotFound {
		t.Errorf("somebody else ends it: %d", p.Status)
	}
	phone.Open("/account")
	if p := mine.Post(end, url.Values{}); p.Status != 303 {
		t.Errorf("end: %d", p.Status)
	}
	if p := phone.Get("/account"); p.Status != 303 {
		t.Errorf("the telephone is still in: %d", p.Status)
	}
	other.Open("/account")
	mine.Post("/account/sessions/others", url.Values{})
	if p := other.Get("/account"); p.Status != 303 {
		t.Errorf("the other one is still in: %d", p.Status)
	}
	if n := mine.Open("/account/sessions").Find("tbody tr").Length(); n != 1 {
		t.Errorf("%d log-ins are left", n)
	}
}

func TestPersonalData(t *testing.T) {
	w := newWorld(t)
	b := w.confirmed("nora@example.it")
	page := b.Open("/account/data")
	f := url.Values{}
	inputs := page.Find("main input")
	for i := range inputs.Length() {
		in := inputs.Eq(i)
		_, checked := in.Attr("checked")
		if in.AttrOr("type", "") != "radio" || checked {
			f.Set(in.AttrOr("name", ""), in.AttrOr("value", ""))
		}
	}
	if p := b.Post("/account/data", f); p.Status != 303 { // as it is
		t.Fatalf("unchanged: %d %s", p.Status, p.Find(".summary").Text())
	}
	f.Set("home_place", "Francia")
	f.Set("home_cap", "")
	f.Set("birth_place", "Albania")
	if p := b.Post("/account/data", f); p.Status != 422 || !strings.Contains(p.Find(".summary").Text(), "luogo di nascita") {
		t.Errorf("another place of birth: %d", p.Status)
	}
	f.Set("birth_place", "Roma (RM)")
	if p := b.Post("/account/data", f); p.Status != 303 || !strings.Contains(b.Open("/account").Find("main").Text(), "Francia") {
		t.Errorf("a residence abroad: %d", p.Status)
	}
}

func TestEndOfAnAccount(t *testing.T) {
	w := newWorld(t)
	b := w.confirmed("olga@example.it")
	b.Begin() // a draft, which goes
	if p := b.Post("/account/delete", url.Values{"current": {"wrong wrong wrong"}}); p.Status != 422 {
		t.Errorf("without the password: %d", p.Status)
	}
	if p := b.Post("/account/delete", url.Values{"current": {chosen}}); p.Status != 303 || p.Location() != "/account/closed" {
		t.Fatalf("delete: %d %s", p.Status, p.Location())
	}
	for _, q := range []string{
		"SELECT count(*) FROM persons", "SELECT count(*) FROM applications", "SELECT count(*) FROM accounts WHERE email ILIKE 'olga%' OR display_name = 'Mario Rossi'",
	} {
		if n := w.count(q); n != 0 {
			t.Errorf("%s: %d", q, n)
		}
	}
	if _, p := w.login("olga@example.it", chosen); p.Status != 422 {
		t.Errorf("log-in after the end: %d", p.Status)
	}
	if !strings.Contains(w.letters("olga@example.it")[0], "sono stati cancellati") {
		t.Error("no last letter")
	}
	w.confirmed("olga@example.it") // whoever comes back is new
}

func TestEndOfAnAccountWithSubmissions(t *testing.T) {
	w := newWorld(t)
	b := w.LoggedIn("mario.rossi@example.it")
	sent, draft := b.Sealed(1), b.Begin()
	w.Arrive(sent, clickday.Sequenced, 1, nil)
	if text := b.Open("/account/delete").Find("main").Text(); !strings.Contains(text, "viene chiuso") {
		t.Errorf("what is kept is not said: %s", text)
	}
	if p := b.Post("/account/delete", url.Values{"current": {sitetest.Password}}); p.Status != 303 {
		t.Fatalf("close: %d", p.Status)
	}
	if n := w.count("SELECT count(*) FROM accounts WHERE email = 'mario.rossi@example.it' AND closed_at IS NOT NULL AND password_hash = ''"); n != 1 {
		t.Error("the account is not closed")
	}
	if n := w.count("SELECT count(*) FROM applications WHERE id = $1", [16]byte(sitetest.AppID(t, sent))); n != 1 {
		t.Error("the application that was sent is gone")
	}
	if n := w.count("SELECT count(*) FROM applications WHERE id = $1", [16]byte(sitetest.AppID(t, draft))); n != 0 {
		t.Error("the draft is still there")
	}
	if p := b.Get("/applications"); p.Status != 303 {
		t.Errorf("still in: %d", p.Status)
	}
}
