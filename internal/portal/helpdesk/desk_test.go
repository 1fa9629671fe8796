package helpdesk_test

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/helpdesk"
	"puntuale/internal/portal/portaltest"
	"puntuale/internal/portal/sitetest"
)

// office is a portal with an assistant at the desk.
type office struct {
	*portaltest.Site
	assistant *sitetest.Browser
}

const desk = "assistente@example.it"

func newOffice(t *testing.T) *office {
	t.Helper()
	s := portaltest.New(t)
	for _, role := range []accounts.Role{accounts.HelpDesk, accounts.Auditor} {
		if err := s.DB.GrantRole(t.Context(), s.Account(desk).ID, role, "prova", s.Clock.Now()); err != nil {
			t.Fatal(err)
		}
	}
	return &office{s, s.LoggedIn(desk)}
}

// letters returns the texts of letters to somebody, in order.
func (o *office) letters(to string) (texts []string) {
	o.T.Helper()
	rows, err := o.DB.Pool.Query(o.T.Context(), "SELECT subject || E'\n' || text FROM letters WHERE recipient = $1 ORDER BY id", to)
	if err != nil {
		o.T.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			o.T.Fatal(err)
		}
		texts = append(texts, text)
	}
	return texts
}

// onDesk opens the newest ticket at the desk and returns its address and page.
func (o *office) onDesk() (string, *sitetest.Page) {
	o.T.Helper()
	href, ok := o.assistant.Open("/desk").Find("tbody th a").First().Attr("href")
	if !ok {
		o.T.Fatal("the queue is empty")
	}
	return href, o.assistant.Open(href)
}

func revision(p *sitetest.Page) string {
	return p.Find("input[name=revision]").First().AttrOr("value", "")
}

var question = url.Values{"kind": {"functional"}, "subject": {"Reddito"}, "text": {"Quale anno\nconta?"}}

func TestFromAQuestionToItsAnswer(t *testing.T) {
	o := newOffice(t)
	mario := o.LoggedIn("mario.rossi@example.it")
	sent := mario.Post("/help/new", question)
	if sent.Status != http.StatusSeeOther {
		t.Fatalf("asking: %d", sent.Status)
	}
	page := mario.Open(sent.Location())
	number := regexp.MustCompile(`A-2027-\d{6}`).FindString(page.Find(".number").Text())
	if number == "" || !strings.Contains(page.Find(".talk").Text(), "Quale anno\nconta?") {
		t.Fatalf("no number, or not what was asked: %s", page.Find("main").Text())
	}
	if l := o.letters("mario.rossi@example.it"); len(l) != 1 || !strings.Contains(l[0], number) || !strings.Contains(l[0], "/help/tickets/"+number) {
		t.Errorf("letters: %q", l)
	}
	path, ticket := o.onDesk()
	if !strings.Contains(ticket.Find("main").Text(), "Quale anno") {
		t.Error("the desk does not see the question")
	}
	note := url.Values{"revision": {revision(ticket)}, "as": {"note"}, "text": {"Sentire l’ufficio legale"}}
	if res := o.assistant.Post(path+"/write", note); res.Status != http.StatusSeeOther {
		t.Fatalf("note: %d", res.Status)
	}
	stale := url.Values{"revision": {revision(ticket)}, "as": {"answer"}, "text": {"Il 2025."}}
	if res := o.assistant.Post(path+"/write", stale); res.Status != http.StatusConflict {
		t.Errorf("an answer to an older state of the ticket: %d", res.Status)
	}
	stale.Set("revision", revision(o.assistant.Open(path)))
	if res := o.assistant.Post(path+"/write", stale); res.Status != http.StatusSeeOther {
		t.Fatalf("answer: %d", res.Status)
	}
	seen := mario.Open("/help/tickets/" + number).Find("main").Text()
	if !strings.Contains(seen, "Il 2025.") || strings.Contains(seen, "ufficio legale") || strings.Contains(seen, desk) || !strings.Contains(seen, "Risposta data") {
		t.Errorf("the applicant sees: %s", seen)
	}
	if l := o.letters("mario.rossi@example.it"); len(l) != 2 || strings.Contains(l[1], "Il 2025.") || !strings.Contains(l[1], number) {
		t.Errorf("letters: %q", l)
	}
	if p := o.assistant.Open(path); p.Find("#to option[selected]").Text() != desk {
		t.Error("who answers does not take care of the ticket")
	}
	mario.Post("/help/tickets/"+number+"/reply", url.Values{"text": {"Grazie"}})
	mario.Post("/help/tickets/"+number+"/close", url.Values{})
	if res := mario.Post("/help/tickets/"+number+"/reply", url.Values{"text": {"Ancora"}}); res.Status != http.StatusConflict {
		t.Errorf("writing to a closed ticket: %d", res.Status)
	}
	mario.Post("/help/tickets/"+number+"/close", url.Values{"again": {"1"}})
	if got := mario.Open("/help/tickets").Find("tbody").Text(); !strings.Contains(got, number) || !strings.Contains(got, "Da gestire") {
		t.Errorf("my questions: %s", got)
	}
}

// TestAQuestionAboutAnApplicationIsInItsHistory, unless the application is
// somebody else's.
func TestAQuestionAboutAnApplicationIsInItsHistory(t *testing.T) {
	o := newOffice(t)
	mario, anna := o.LoggedIn("mario.rossi@example.it"), o.LoggedIn("anna.verdi@example.it")
	app := mario.Begin()
	ask := mario.Open(app+"/history").Find(`a[href^="/help/new?about="]`).AttrOr("href", "")
	form := maps.Clone(question)
	form.Set("about", mario.Open(ask).Find("input[name=about]").AttrOr("value", ""))
	anna.Post("/help/new", form)
	if got := mario.Open(app + "/history").Find("ol.timeline").Text(); strings.Contains(got, "A-2027-") {
		t.Errorf("a question of somebody else is in the history: %s", got)
	}
	path, ticket := o.onDesk()
	o.assistant.Post(path+"/state", url.Values{"revision": {revision(ticket)}, "state": {"closed"}})
	number := regexp.MustCompile(`A-2027-\d{6}`).FindString(mario.Post("/help/new", form).Location())
	path, ticket = o.onDesk()
	if got := ticket.Find("main").Text(); !strings.Contains(got, form.Get("about")) {
		t.Errorf("the desk is not told of the application: %s", got)
	}
	o.assistant.Post(path+"/write", url.Values{"revision": {revision(ticket)}, "as": {"note"}, "text": {"per noi"}})
	o.assistant.Post(path+"/write", url.Values{"revision": {revision(o.assistant.Open(path))}, "as": {"answer"}, "text": {"Il 2025."}})
	if n := mario.Open(app + "/history").Find(`ol.timeline a[href="/help/tickets/` + number + `"]`).Length(); n != 2 {
		t.Errorf("the history tells %d times of the help desk, want the question and the answer", n)
	}
	if href := mario.Open("/help/tickets/"+number).Find(`a[href$="/history"]`).AttrOr("href", ""); href != app+"/history" {
		t.Errorf("the conversation leads back to %q", href)
	}
}

func TestATicketIsForItsOwnerAlone(t *testing.T) {
	o := newOffice(t)
	mario, anna := o.LoggedIn("mario.rossi@example.it"), o.LoggedIn("anna.verdi@example.it")
	number := regexp.MustCompile(`A-2027-\d{6}`).FindString(mario.Post("/help/new", question).Location())
	for _, b := range []*sitetest.Browser{anna, o.Browser()} {
		for _, path := range []string{"/reply", "/close"} {
			if res := b.Post("/help/tickets/"+number+path, url.Values{"text": {"x"}, "t": {"x"}}); res.Status != http.StatusNotFound {
				t.Errorf("%s: %d", path, res.Status)
			}
		}
	}
	if p := anna.Get("/help/tickets/" + number); p.Status != http.StatusNotFound {
		t.Errorf("another account: %d", p.Status)
	}
	if p := o.Browser().Get("/help/tickets/" + number); !strings.HasPrefix(p.Location(), "/login") {
		t.Errorf("nobody: %d", p.Status)
	}
	if p := o.Browser().Get("/help/tickets/" + number + "?t=AAAA"); p.Status != http.StatusNotFound {
		t.Errorf("a wrong token: %d", p.Status)
	}
	for _, path := range []string{"/desk", "/desk/tickets/1", "/desk/call", "/desk/caller", "/desk/answers", "/desk/questions", "/staff/audit"} {
		if p := mario.Get(path); p.Status != http.StatusNotFound {
			t.Errorf("%s for an applicant: %d", path, p.Status)
		}
	}
}

func TestWhoHasNoAccountReadsOnThroughTheirLink(t *testing.T) {
	o := newOffice(t)
	b := o.Browser()
	empty := b.Post("/help/new", url.Values{"kind": {"x"}})
	if empty.Status != http.StatusUnprocessableEntity || empty.Find(".summary li").Length() != 5 || empty.Find("[aria-invalid]").Length() != 5 {
		t.Errorf("an empty form: %d, %s", empty.Status, empty.Find(".summary").Text())
	}
	form := url.Values{"name": {"Ada <b>"}, "email": {"ada@example.org"}}
	for k, v := range question {
		form[k] = v
	}
	sent := b.Post("/help/new", form)
	link := regexp.MustCompile(`/help/tickets/\S+`).FindString(strings.Join(o.letters("ada@example.org"), ""))
	if sent.Status != http.StatusSeeOther || link == "" {
		t.Fatalf("%d, %q", sent.Status, o.letters("ada@example.org"))
	}
	p := o.Browser().Open(link)
	if !strings.Contains(p.Find(".talk").Text(), "Ada <b>") || p.Header.Get("Cache-Control") != "no-store" || p.Header.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("%v %s", p.Header, p.Find(".talk").Text())
	}
	token := p.Find("input[name=t]").First().AttrOr("value", "")
	if res := b.Post(p.Find("main form").First().AttrOr("action", ""), url.Values{"t": {token}, "text": {"Ancora io"}}); res.Status != http.StatusSeeOther {
		t.Errorf("reply: %d", res.Status)
	}
	var last int
	for range 7 {
		last = b.Post("/help/new", form).Status
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("the eighth question in a row: %d", last)
	}
}

func TestACallIsWrittenDownAndTheLookRecorded(t *testing.T) {
	o := newOffice(t)
	mario := o.LoggedIn("mario.rossi@example.it")
	mario.Sealed(1)
	call := url.Values{"kind": {"technical"}, "subject": {"Non si apre"}, "text": {"Windows 11"}, "name": {"Piero"}, "phone": {"06 1234"}}
	res := o.assistant.Post("/desk/call", call)
	if res.Status != http.StatusSeeOther {
		t.Fatalf("call: %d", res.Status)
	}
	text := o.assistant.Open(res.Location()).Find("main").Text()
	if !strings.Contains(text, "06 1234") || !strings.Contains(text, "va data per telefono") {
		t.Error(text)
	}
	found := o.assistant.Post("/desk/caller", url.Values{"key": {"MARIO.rossi@example.it"}})
	seen := found.Find("main").Text()
	if !strings.Contains(seen, "FLUSSI-2027") || !strings.Contains(seen, "Sigillata") || strings.Contains(found.Body, "RSSMRA80A01H501U") {
		t.Errorf("the assistant sees: %s", seen)
	}
	if none := o.assistant.Post("/desk/caller", url.Values{"key": {"mario"}}); !strings.Contains(none.Find(".note").Text(), "Nessuno") {
		t.Errorf("a part of an address finds: %s", none.Find("main").Text())
	}
	log := o.assistant.Open("/staff/audit").Find("tbody").Text()
	for _, want := range []string{"caller.search", "ticket.read"} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %s: %s", want, log)
		}
	}
}

func TestTheLibraryAndTheQuestionsAskedOften(t *testing.T) {
	o := newOffice(t)
	answer := url.Values{"kind": {"legal"}, "title": {"Quote"}, "text_it": {"Vedi il decreto."}, "text_en": {"See the decree."}}
	if res := o.assistant.Post("/desk/answers", answer); res.Status != http.StatusSeeOther {
		t.Fatalf("answer: %d", res.Status)
	}
	if res := o.assistant.Post("/desk/answers", url.Values{"kind": {"legal"}, "title": {"x"}}); res.Status != http.StatusUnprocessableEntity {
		t.Errorf("an answer without texts: %d", res.Status)
	}
	o.LoggedIn("mario.rossi@example.it").Post("/help/new", question)
	path, ticket := o.onDesk()
	id := ticket.Find("#answer option").First().AttrOr("value", "")
	if got := o.assistant.Open(path + "?answer=" + id).Find("textarea").Text(); got != "Vedi il decreto." {
		t.Errorf("the prepared answer is %q", got)
	}
	o.assistant.Post("/desk/answers", url.Values{"id": {id}, "delete": {"1"}})
	if n := o.assistant.Open("/desk/answers").Find("tbody tr").Length(); n != 0 {
		t.Errorf("%d answers after the only one was deleted", n)
	}
	faq := url.Values{"kind": {"legal"}, "question_it": {"E le badanti?"}, "answer_it": {"C’è il modello apposito."}, "question_en": {"And carers?"}, "answer_en": {"There is a model."}, "position": {"5"}}
	o.assistant.Post("/desk/questions", faq)
	search := func(q string) string {
		return o.Browser().Open("/help?lang=it&q=" + url.QueryEscape(q)).Find(".faq").Text()
	}
	if strings.Contains(search("badante"), "badanti") {
		t.Error("a question that is not public is shown")
	}
	edit := o.assistant.Open("/desk/questions").Find(`a:contains("E le badanti?")`).AttrOr("href", "")
	faq.Set("id", o.assistant.Open(edit).Find("input[name=id]").AttrOr("value", ""))
	faq.Set("public", "1")
	o.assistant.Post("/desk/questions", faq)
	if got := search("badante"); !strings.Contains(got, "E le badanti?") {
		t.Errorf("the search for another form of the word finds %q", got)
	}
	for _, hostile := range []string{"' OR 1=1 --", `"unclosed`, "a & | ! (", strings.Repeat("x", 10_000), "\x00\xff"} {
		search(hostile) // an error would be a 500, which fails the test
	}
}

// TestAnAccountThatRepeatsItselfIsStopped: questions by the form and messages in a
// conversation are bounded for a day, and go on after it.
func TestAnAccountThatRepeatsItselfIsStopped(t *testing.T) {
	o := newOffice(t)
	mario := o.LoggedIn("mario.rossi@example.it")
	number := regexp.MustCompile(`A-2027-\d{6}`).FindString(mario.Post("/help/new", question).Location())
	for i := 2; i <= helpdesk.MaxADay; i++ {
		if res := mario.Post("/help/new", question); res.Status != http.StatusSeeOther {
			t.Fatalf("question %d: %d", i, res.Status)
		}
	}
	if res := mario.Post("/help/new", question); res.Status != http.StatusTooManyRequests {
		t.Errorf("one question more: %d", res.Status)
	}
	reply := func() int {
		return mario.Post("/help/tickets/"+number+"/reply", url.Values{"text": {"Ancora"}}).Status
	}
	for i := 2; i <= helpdesk.MaxADay; i++ { // the question was the first
		if status := reply(); status != http.StatusSeeOther {
			t.Fatalf("message %d: %d", i, status)
		}
	}
	if status := reply(); status != http.StatusTooManyRequests {
		t.Errorf("one message more: %d", status)
	}
	o.Clock.Advance(25 * time.Hour)
	if status := reply(); status != http.StatusSeeOther {
		t.Errorf("a day later: %d", status)
	}
	if res := o.LoggedIn("anna.verdi@example.it").Post("/help/new", question); res.Status != http.StatusSeeOther {
		t.Errorf("another account: %d", res.Status)
	}
}
