package parties_test

import (
	"bytes"
	"context"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/forms"
	"puntuale/internal/forms/sample"
	"puntuale/internal/portal/portaltest"
	"puntuale/internal/portal/sitetest"
)

const (
	mario = "mario.rossi@example.it"
	anna  = "anna.verdi@example.it"
)

// company is the form of a company with that tax code, filled in.
func company(code string) url.Values {
	return url.Values{
		"kind": {"company"}, "name": {"Edil Rossi S.r.l."}, "form": {"srl"}, "tax_code": {code}, "vat": {code}, "street": {"Via Roma 1"}, "place": {"Milano"},
		"postcode": {"20121"}, "pec": {"edil@pec.example.it"}, "email": {"info@edil.example.it"}, "legal_name": {"Rossi Mario"},
		"legal_tax_code": {"RSSMRA80A01H501U"}, "declared": {"yes"},
	}
}

func intermediary(code string) url.Values {
	v := company(code)
	v.Set("kind", "intermediary")
	v.Set("name", "Patronato Esempio")
	v.Set("form", "body")
	v.Set("trade", "patronato")
	v.Set("register", "D.M. 1 del 2001")
	return v
}

// Codes of organisations, with right check digits and offices.
const (
	edil      = "00743110157"
	patronato = "00905811006"
)

// town is a portal with browsers.
type town struct{ *portaltest.Site }

func newTown(t *testing.T) *town { return &town{portaltest.New(t)} }

// sent posts a form that must lead somewhere, and returns where.
func sent(b *sitetest.Browser, path string, form url.Values) string {
	b.T.Helper()
	p := b.Post(path, form)
	if p.Status != http.StatusSeeOther {
		b.T.Fatalf("POST %s: %d %s", path, p.Status, p.Find("h1, .summary").Text())
	}
	return p.Location()
}

// act chooses the account of a page of /parties.
func act(b *sitetest.Browser, party string) {
	b.T.Helper()
	sent(b, "/acting", url.Values{"account": {strings.TrimPrefix(party, "/parties/")}})
}

var link = regexp.MustCompile(`http://portal\.example(/\S+)`)

// letter is the path in the last letter to an address.
func (o *town) letter(to string) string {
	o.T.Helper()
	var text string
	err := o.DB.Pool.QueryRow(context.Background(), "SELECT text FROM letters WHERE recipient = $1 ORDER BY id DESC LIMIT 1", to).Scan(&text)
	if err != nil {
		o.T.Fatalf("letter to %s: %v", to, err)
	}
	m := link.FindStringSubmatch(text)
	if m == nil {
		o.T.Fatalf("no link in %q", text)
	}
	return m[1]
}

// join invites somebody to a party, and accepts as they do.
func (o *town) join(giver *sitetest.Browser, party string, who *sitetest.Browser, email string, form url.Values) {
	o.T.Helper()
	form.Set("address", email)
	sent(giver, party+"/invite", form)
	p := who.Open(o.letter(email))
	sent(who, "/invitations", url.Values{"id": {p.Find("input[name=id]").AttrOr("value", "")}, "answer": {"accept"}})
}

// who is how the top of a page says whom it is for.
func who(p *sitetest.Page) string { return strings.TrimSpace(p.Find(".slim .who").Text()) }

func TestACompanyWithAnOperator(t *testing.T) {
	o := newTown(t)
	m, a := o.LoggedIn(mario), o.LoggedIn(anna)
	bad := company(edil)
	bad.Set("vat", "01234567897")
	bad.Del("declared")
	if p := m.Post("/parties/new", bad); p.Status != 422 || p.Find(".summary li").Length() != 2 || p.Find("#vat").AttrOr("aria-invalid", "") != "true" {
		t.Fatalf("wrong data: %d %s", p.Status, p.Find(".summary").Text())
	}
	firm := sent(m, "/parties/new", company(edil))
	if p := a.Post("/parties/new", company(edil)); p.Status != http.StatusConflict {
		t.Errorf("the same company again: %d", p.Status)
	}
	act(m, firm)
	if got := who(m.Open("/applications")); got != "mario.rossi per Edil Rossi S.r.l." {
		t.Errorf("the top says %q", got)
	}
	draft := m.Begin()
	if p := a.Get(draft); p.Status != 404 {
		t.Errorf("a stranger opens the draft: %d", p.Status)
	}
	o.join(m, firm, a, anna, url.Values{"role": {"operator"}})
	if p := a.Get(draft); p.Status != 404 {
		t.Errorf("in her own name an operator opens the draft: %d", p.Status)
	}
	act(a, firm)
	o.bothEdit(m, a, draft)
	act(m, "/parties/1")
	if p := m.Get(draft); p.Status != 404 {
		t.Errorf("back in his own name: %d", p.Status)
	}
	list := m.Open(firm)
	revoke := list.Find("a[href$='/revoke']").First().AttrOr("href", "")
	if p := m.Open(revoke); !strings.Contains(p.Text(), "anna.verdi") {
		t.Fatalf("whom %s revokes: %s", revoke, p.Find("main").Text())
	}
	sent(m, revoke, url.Values{})
	p := a.Get(draft)
	if p.Status != http.StatusForbidden || who(p) != "anna.verdi" {
		t.Errorf("the open session of who was revoked: %d, %q", p.Status, who(p))
	}
	if p = a.Get(draft); p.Status != 404 {
		t.Errorf("and after that: %d", p.Status)
	}
}

// bothEdit: two people save one page of a draft that both have open.
func (o *town) bothEdit(m, a *sitetest.Browser, draft string) {
	o.T.Helper()
	model, _ := o.Models.Newest("B")
	page := draft + "/pages/" + model.Pages[0].ID
	hers, his := a.Open(page), m.Open(page)
	answers := forms.Answers{"employer_kind": "company"}
	if p := a.Post(page, sitetest.Typed(model, hers, answers)); p.Status != http.StatusSeeOther {
		o.T.Fatalf("the first save: %d", p.Status)
	}
	answers["employer_kind"] = "person"
	p := m.Post(page, sitetest.Typed(model, his, answers))
	if p.Status != http.StatusConflict || p.Find(".theirs").Length() == 0 {
		o.T.Errorf("the second save: %d", p.Status)
	}
}

func TestADelegationEndsWhileItIsUsed(t *testing.T) {
	o := newTown(t)
	m, a := o.LoggedIn(mario), o.LoggedIn(anna)
	last := o.Clock.Now().AddDate(0, 0, 1).Format("2006-01-02")
	for until, want := range map[string]int{"2020-01-01": 422, "x": 422} {
		if p := m.Post("/parties/1/invite", url.Values{"address": {anna}, "role": {"manager"}, "until": {until}}); p.Status != want {
			t.Errorf("until %q: %d", until, p.Status)
		}
	}
	if p := m.Post("/parties/1/invite", url.Values{"address": {anna}, "role": {"owner"}}); p.Status != 422 {
		t.Errorf("an owner of a person: %d", p.Status)
	}
	o.join(m, "/parties/1", a, anna, url.Values{"role": {"manager"}, "until": {last}})
	act(a, "/parties/1")
	form := a.Open("/applications/new")
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	now := o.Clock.Now().In(rome)
	end := time.Date(now.Year(), now.Month(), now.Day()+2, 0, 0, 0, 0, rome)
	o.Clock.Advance(end.Add(-time.Second).Sub(o.Clock.Now()))
	b := o.LoggedIn(anna) // sessions do not last that long
	act(b, "/parties/1")
	if p := b.Get("/applications"); p.Status != 200 || who(p) != "anna.verdi per mario.rossi" {
		t.Errorf("in the last second: %d %q", p.Status, who(p))
	}
	o.Clock.Advance(time.Second)
	typed := url.Values{"choice": {form.Find("input[name=choice]").First().AttrOr("value", "")}, "acting": {form.Find("input[name=acting]").AttrOr("value", "")}}
	if p := b.Get("/"); p.Status != 200 || who(p) != "anna.verdi" {
		t.Errorf("a page for everybody, after the end: %d %q", p.Status, who(p))
	}
	if p := b.Post("/applications/new", typed); p.Status != http.StatusForbidden {
		t.Errorf("a form after the end: %d", p.Status)
	}
	if p := b.Post("/applications/new", typed); p.Status != http.StatusConflict {
		t.Errorf("the form again, in her own name: %d", p.Status)
	}
	var n int
	if err := o.DB.Pool.QueryRow(context.Background(), "SELECT count(*) FROM applications").Scan(&n); err != nil || n != 0 {
		t.Errorf("%d applications were begun, %v", n, err)
	}
}

// upload posts the form of a mandate with a file.
func upload(b *sitetest.Browser, fields map[string]string, name string, content []byte) *sitetest.Page {
	b.T.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for k, v := range fields {
		if err := w.WriteField(k, v); err != nil {
			b.T.Fatal(err)
		}
	}
	if name != "" {
		part, err := w.CreatePart(textproto.MIMEHeader{
			"Content-Disposition": {fmt.Sprintf(`form-data; name="document"; filename=%q`, name)}, "Content-Type": {"application/pdf"},
		})
		if err != nil {
			b.T.Fatal(err)
		}
		part.Write(content) // memory
	}
	w.Close()
	req, err := http.NewRequest(http.MethodPost, b.Server.URL+"/mandates/new", &body)
	if err != nil {
		b.T.Fatal(err)
	}
	req.Header.Set("Content-Type", w.FormDataContentType())
	return b.Do(req)
}

// sheet is a PDF with one empty page.
func sheet(extra string) []byte {
	return []byte("%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R" + extra + ">>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj " +
		"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\nxref\n0 1\n0000000000 65535 f \ntrailer<</Root 1 0 R/Size 4>>\nstartxref\n9\n%%EOF\n")
}

// approved registers an intermediary of the browser's account and has staff
// approve it, through the pages.
func (o *town) approved(b *sitetest.Browser, staff *sitetest.Browser) string {
	o.T.Helper()
	party := sent(b, "/parties/new", intermediary(patronato))
	p := staff.Open("/staff/intermediaries")
	form := url.Values{"revision": {p.Find("input[name=revision]").AttrOr("value", "")}, "decision": {"approved"}, "state": {"pending"}}
	sent(staff, p.Find("main form").AttrOr("action", ""), form)
	return party
}

// staff logs a member of staff in.
func (o *town) staff() *sitetest.Browser {
	o.T.Helper()
	a := o.Account("staff@example.it")
	if err := o.DB.GrantRole(context.Background(), a.ID, accounts.Administrator, "test", o.Clock.Now()); err != nil {
		o.T.Fatal(err)
	}
	return o.LoggedIn("staff@example.it")
}

// readyFor makes an application for the company edil, ready to be sealed.
func readyFor(b *sitetest.Browser) string {
	b.T.Helper()
	path := b.Begin()
	answers := sample.ModelB(sample.New(3), sample.Company)
	answers["company_tax_code"], answers["company_vat"] = edil, edil
	b.Fill(path, answers)
	return path
}

func TestAnIntermediaryNeedsAMandate(t *testing.T) {
	o := newTown(t)
	m, a := o.LoggedIn(mario), o.LoggedIn(anna)
	firm := sent(m, "/parties/new", company(edil))
	act(m, firm)
	office := sent(a, "/parties/new", intermediary(patronato))
	act(a, office)
	app := readyFor(a)
	here := func(want string) {
		t.Helper()
		p := a.Get(app + "/seal")
		if want == "" {
			if p.Status != 200 {
				t.Fatalf("seal: %d", p.Status)
			}
			return
		}
		if p.Status != http.StatusSeeOther || p.Location() != app+"/mandate" {
			t.Fatalf("seal: %d %s", p.Status, p.Location())
		}
		if p = a.Get(p.Location()); p.Status != http.StatusConflict || !strings.Contains(p.Find("main").Text(), want) {
			t.Fatalf("what is missing: %d %s", p.Status, p.Find("main").Text())
		}
	}
	here("non è ancora approvato")
	if p := a.Get("/mandates/new"); p.Status != http.StatusForbidden {
		t.Errorf("a mandate before the approval: %d", p.Status)
	}
	staff := o.staff()
	refusal := staff.Open("/staff/intermediaries")
	to, form := refusal.Find("main form").AttrOr("action", ""), url.Values{"revision": {refusal.Find("input[name=revision]").AttrOr("value", "")}, "state": {"pending"}}
	form.Set("decision", "refused")
	if p := staff.Post(to, form); p.Status != 422 {
		t.Errorf("refused without a reason: %d", p.Status)
	}
	form.Set("decision", "approved")
	sent(staff, to, form)
	here("Non c’è un mandato")
	o.askAndGrant(m, a, here)
	o.voided(m, a, app, here)
	if p := a.Get(o.letter("info@edil.example.it")); p.Status != 200 {
		t.Errorf("the letter to the employer leads to %d", p.Status)
	}
}

// askAndGrant: asked through the form, granted from the letter.
func (o *town) askAndGrant(m, a *sitetest.Browser, here func(string)) {
	o.T.Helper()
	ask := map[string]string{"employer": "Edil", "employer_code": "12345678901", "how": "ask", "scope": "all"}
	if p := upload(a, ask, "", nil); p.Status != 422 || p.Find("#employer_code").AttrOr("aria-invalid", "") != "true" {
		o.T.Fatalf("a wrong code: %d", p.Status)
	}
	ask["employer_code"] = edil
	if p := upload(a, ask, "", nil); p.Status != http.StatusSeeOther {
		o.T.Fatalf("asked: %d %s", p.Status, p.Find(".summary").Text())
	}
	here("non ha ancora risposto")
	mandate := m.Open("/mandates").Find("tbody a").AttrOr("href", "")
	sent(m, mandate+"/answer", url.Values{"answer": {"grant"}})
	if p := m.Post(mandate+"/answer", url.Values{"answer": {"grant"}}); p.Status != http.StatusConflict {
		o.T.Errorf("granted twice: %d", p.Status)
	}
	here("")
}

// voided: the mandate ends between two clicks of the seal page, then after the
// seal.
func (o *town) voided(m, a *sitetest.Browser, app string, here func(string)) {
	o.T.Helper()
	revision := url.Values{"revision": {a.Open(app+"/seal").Find("input[name=revision]").AttrOr("value", "")}}
	mandate := m.Open("/mandates").Find("tbody a").First().AttrOr("href", "")
	sent(m, mandate+"/revoke", url.Values{})
	if to := sent(a, app+"/seal", revision); to != app+"/mandate" {
		o.T.Errorf("sealed after the mandate was revoked: %s", to)
	}
	here("è stato revocato")
	declare := map[string]string{"employer": "Edil", "employer_code": edil, "how": "declare", "scope": "1"}
	for name, content := range map[string][]byte{"": nil, "m.pdf": []byte("no PDF"), "script.pdf": sheet("/OpenAction<</S/JavaScript/JS(x)>>"), "big.pdf": make([]byte, 3<<20)} {
		if p := upload(a, declare, name, content); p.Status != 422 && p.Status != 413 {
			o.T.Errorf("document %q: %d", name, p.Status)
		}
	}
	p := upload(a, declare, "../mandato firmato.pdf", sheet(""))
	if p.Status != http.StatusSeeOther {
		o.T.Fatalf("declared: %d %s", p.Status, p.Find(".summary").Text())
	}
	paper := p.Location()
	file := m.Get(paper + "/document")
	if file.Status != 200 || !strings.Contains(file.Header.Get("Content-Disposition"), "attachment") ||
		!strings.Contains(file.Header.Get("Content-Security-Policy"), "sandbox") || file.Body != string(sheet("")) {
		o.T.Errorf("the document: %d %v", file.Status, file.Header)
	}
	revision.Set("revision", a.Open(app+"/seal").Find("input[name=revision]").AttrOr("value", ""))
	if to := sent(a, app+"/seal", revision); to != app {
		o.T.Fatalf("the seal leads to %s", to)
	}
	sent(m, paper+"/revoke", url.Values{})
	if state := o.state(app); state != clickday.Ready {
		o.T.Errorf("after the mandate was revoked the application is %s", state)
	}
	here("è stato revocato")
}

func (o *town) state(app string) (s clickday.ApplicationState) {
	o.T.Helper()
	id := sitetest.AppID(o.T, app)
	err := o.DB.Pool.QueryRow(context.Background(), "SELECT state FROM applications WHERE id = $1", [16]byte(id)).Scan(&s)
	if err != nil {
		o.T.Fatal(err)
	}
	return s
}

// TestAComputerIsPairedForWhomOneActs: the page of consent says for whom, and a
// page that was made for another account pairs nothing.
func TestAComputerIsPairedForWhomOneActs(t *testing.T) {
	o := newTown(t)
	m := o.LoggedIn(mario)
	firm := sent(m, "/parties/new", company(edil))
	act(m, firm)
	request := url.Values{
		"response_type": {"code"}, "client_id": {"miniclient"}, "redirect_uri": {"http://127.0.0.1:4000/callback"}, "state": {"s"},
		"code_challenge": {strings.Repeat("a", 43)}, "code_challenge_method": {"S256"},
	}
	p := m.Open("/oauth/authorize?" + request.Encode())
	if !strings.Contains(p.Find("main").Text(), "sarà collegato all’account di Edil Rossi S.r.l.") {
		t.Errorf("the page says %q", p.Find("main").Text())
	}
	request.Set("acting", p.Find("input[name=acting]").AttrOr("value", ""))
	request.Set("decision", "allow")
	act(m, "/parties/1")
	if p := m.Post("/oauth/authorize", request); p.Status != http.StatusConflict {
		t.Errorf("allowed on a page of another account: %d", p.Status)
	}
	act(m, firm)
	sent(m, "/oauth/authorize", request)
	var account, person int64
	err := o.DB.Pool.QueryRow(context.Background(), "SELECT account_id, person_id FROM authorization_codes").Scan(&account, &person)
	if err != nil || fmt.Sprint("/parties/", account) != firm || person != 1 {
		t.Errorf("the code is for %d by %d, %v", account, person, err)
	}
}
