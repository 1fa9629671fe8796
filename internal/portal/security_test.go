package portal

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"puntuale/internal/forms/sample"
	"puntuale/internal/portal/site"
)

// allowed is, for every route, what the owner of an application and what
// another account get. Whoever is not logged in is led to the log-in on every
// personal one. Paths are for a sealed application; POST bodies are empty.
var allowed = map[string]struct {
	path         string
	owner, other int
}{
	"GET /{$}":                                  {"/", 200, 200},
	"GET /login":                                {"/login", 303, 303},
	"POST /login":                               {"/login", 422, 422},
	"POST /logout":                              {"/logout", 303, 303},
	"GET /login/code":                           {"/login/code", 303, 303},
	"POST /login/code":                          {"/login/code", 303, 303},
	"GET /conditions":                           {"/conditions", 200, 200},
	"GET /register":                             {"/register", 303, 303},
	"POST /register":                            {"/register", 422, 422},
	"GET /register/sent":                        {"/register/sent", 200, 200},
	"GET /register/resend":                      {"/register/resend", 200, 200},
	"POST /register/resend":                     {"/register/resend", 422, 422},
	"GET /register/confirm":                     {"/register/confirm?token=x", 410, 410},
	"POST /register/confirm":                    {"/register/confirm", 410, 410},
	"GET /password":                             {"/password", 200, 200},
	"POST /password":                            {"/password", 422, 422},
	"GET /password/sent":                        {"/password/sent", 200, 200},
	"GET /password/new":                         {"/password/new?token=x", 410, 410},
	"POST /password/new":                        {"/password/new", 422, 422},
	"GET /account/email/confirm":                {"/account/email/confirm?token=x", 410, 410},
	"POST /account/email/confirm":               {"/account/email/confirm", 410, 410},
	"GET /account/email/undo":                   {"/account/email/undo?token=x", 410, 410},
	"POST /account/email/undo":                  {"/account/email/undo", 410, 410},
	"GET /account/closed":                       {"/account/closed", 200, 200},
	"GET /account":                              {"/account", 200, 200},
	"GET /account/data":                         {"/account/data", 200, 200},
	"POST /account/data":                        {"/account/data", 422, 422},
	"GET /account/password":                     {"/account/password", 200, 200},
	"POST /account/password":                    {"/account/password", 422, 422},
	"GET /account/email":                        {"/account/email", 200, 200},
	"POST /account/email":                       {"/account/email", 422, 422},
	"GET /account/factor":                       {"/account/factor", 200, 200},
	"POST /account/factor":                      {"/account/factor", 422, 422},
	"POST /account/factor/codes":                {"/account/factor/codes", 422, 422},
	"POST /account/factor/off":                  {"/account/factor/off", 422, 422},
	"GET /account/sessions":                     {"/account/sessions", 200, 200},
	"POST /account/sessions/{id}/end":           {"/account/sessions/1/end", 303, 404},
	"POST /account/sessions/others":             {"/account/sessions/others", 303, 303},
	"GET /account/delete":                       {"/account/delete", 200, 200},
	"POST /account/delete":                      {"/account/delete", 422, 422},
	"GET /miniclient":                           {"/miniclient", 200, 200},
	"GET /accessibility":                        {"/accessibility", 200, 200},
	"GET /privacy":                              {"/privacy", 200, 200},
	"GET /verify":                               {"/verify", 200, 200},
	"POST /verify":                              {"/verify", 400, 400},
	"GET /verify/{id}":                          {"/verify/none", 404, 404},
	"GET /lists":                                {"/lists", 200, 200},
	"GET /lists/{day}/{version}":                {"/lists/FLUSSI-2027/1", 404, 404},
	"GET /quotas/{day}/{version}":               {"/quotas/FLUSSI-2027/1", 404, 404},
	"GET /ledger":                               {"/ledger", 200, 200},
	"GET /ledger/{day}":                         {"/ledger/FLUSSI-2027", 200, 200},
	"GET /applications":                         {"/applications", 200, 200},
	"GET /applications/export.csv":              {"/applications/export.csv", 200, 200},
	"GET /applications/receipts.zip":            {"/applications/receipts.zip", 404, 404},
	"GET /applications/{id}/history":            {"{id}/history", 200, 404},
	"GET /archive/{id}":                         {"/archive/{archived}", 200, 404},
	"GET /applications/new":                     {"/applications/new", 200, 200},
	"POST /applications/new":                    {"/applications/new", 422, 422},
	"GET /applications/{id}":                    {"{id}", 200, 404},
	"GET /applications/{id}/pages/{page}":       {"{id}/pages/employer", 409, 404},
	"POST /applications/{id}/pages/{page}":      {"{id}/pages/employer", 409, 404},
	"GET /applications/{id}/preview":            {"{id}/preview", 200, 404},
	"GET /applications/{id}/seal":               {"{id}/seal", 409, 404},
	"POST /applications/{id}/seal":              {"{id}/seal", 400, 404},
	"GET /applications/{id}/reopen":             {"{id}/reopen", 200, 404},
	"POST /applications/{id}/reopen":            {"{id}/reopen", 303, 404},
	"GET /applications/{id}/receipt":            {"{id}/receipt", 404, 404},
	"GET /applications/{id}/segnatura":          {"{id}/segnatura", 404, 404},
	"GET /devices":                              {"/devices", 200, 200},
	"POST /devices/{id}/revoke":                 {"/devices/{device}/revoke", 303, 404},
	"GET /oauth/authorize":                      {"/oauth/authorize", 400, 400},
	"POST /oauth/authorize":                     {"/oauth/authorize", 400, 400},
	"GET /programs":                             {"/programs", 200, 200},
	"POST /programs":                            {"/programs", 422, 422},
	"POST /programs/{id}/revoke":                {"/programs/1/revoke", 404, 404},
	"GET /api/docs":                             {"/api/docs", 200, 200},
	"GET /places":                               {"/places?q=roma", 200, 200},
	"GET /help":                                 {"/help", 200, 200},
	"GET /help/new":                             {"/help/new", 200, 200},
	"POST /help/new":                            {"/help/new", 422, 422},
	"GET /help/tickets":                         {"/help/tickets", 200, 200},
	"GET /help/tickets/{number}":                {"/help/tickets/{ticket}", 200, 404},
	"POST /help/tickets/{number}/reply":         {"/help/tickets/{ticket}/reply", 422, 404},
	"POST /help/tickets/{number}/close":         {"/help/tickets/{ticket}/close", 303, 404},
	"GET /desk":                                 {"/desk", 404, 404},
	"GET /desk/tickets/{id}":                    {"/desk/tickets/1", 404, 404},
	"GET /desk/tickets/{id}/messages/{message}": {"/desk/tickets/1/messages/1", 404, 404},
	"POST /desk/tickets/{id}/write":             {"/desk/tickets/1/write", 404, 404},
	"POST /desk/tickets/{id}/assign":            {"/desk/tickets/1/assign", 404, 404},
	"POST /desk/tickets/{id}/state":             {"/desk/tickets/1/state", 404, 404},
	"GET /desk/call":                            {"/desk/call", 404, 404},
	"POST /desk/call":                           {"/desk/call", 404, 404},
	"GET /desk/caller":                          {"/desk/caller", 404, 404},
	"POST /desk/caller":                         {"/desk/caller", 404, 404},
	"GET /desk/answers":                         {"/desk/answers", 404, 404},
	"POST /desk/answers":                        {"/desk/answers", 404, 404},
	"GET /desk/questions":                       {"/desk/questions", 404, 404},
	"POST /desk/questions":                      {"/desk/questions", 404, 404},
	"GET /staff/audit":                          {"/staff/audit", 404, 404},
	"/":                                         {"/nothing", 404, 404},
}

// ticket asks the help desk something and returns the number.
func (b *browser) ticket() string {
	b.T.Helper()
	res := b.Post("/help/new", url.Values{"kind": {"legal"}, "subject": {"Quote"}, "text": {"Quando?"}})
	number, _, _ := strings.Cut(strings.TrimPrefix(res.Location(), "/help/tickets/"), "?")
	if number == "" {
		b.T.Fatalf("ticket: %d", res.Status)
	}
	return number
}

func TestAuthorisationOfEveryRoute(t *testing.T) {
	s := newSite(t)
	owner := s.loggedIn("mario.rossi@example.it")
	app := owner.Sealed(1)
	archived := s.Archived("mario.rossi@example.it")
	pair := s.pair(owner)
	device := s.registered(pair).ID
	ticket := owner.ticket()
	filling := s.filling("mario.rossi@example.it")
	for _, rt := range s.portal.site.Routes() {
		want, ok := allowed[rt.Pattern]
		if !ok {
			t.Errorf("route %q is not in the table", rt.Pattern)
			continue
		}
		method, _, found := strings.Cut(rt.Pattern, " ")
		if !found {
			method = http.MethodGet
		}
		path := strings.NewReplacer(append(filling, "{id}", app, "{device}", device, "{archived}", archived.String(), "{ticket}", ticket)...).Replace(want.path)
		form := url.Values(nil)
		if method == http.MethodPost {
			form = url.Values{}
		}
		anonymous := s.browser().Request(method, path, form)
		if rt.Access != site.Public && (anonymous.Status != http.StatusSeeOther || !strings.HasPrefix(anonymous.Location(), "/login?next=")) {
			t.Errorf("%s as nobody: %d %s", rt.Pattern, anonymous.Status, anonymous.Location())
		}
		// The other account goes first: whatever it did would show at the owner's.
		if got := s.loggedIn("anna.verdi@example.it").Request(method, path, form); got.Status != want.other {
			t.Errorf("%s as another account: %d, want %d", rt.Pattern, got.Status, want.other)
		}
		got := s.loggedIn("mario.rossi@example.it").Request(method, path, form)
		if got.Status != want.owner {
			t.Errorf("%s as the owner: %d, want %d", rt.Pattern, got.Status, want.owner)
		}
		if cc := got.Header.Values("Cache-Control"); rt.Access != site.Public && (len(cc) == 0 || cc[0] != "no-store") {
			t.Errorf("%s: Cache-Control is %q", rt.Pattern, cc)
		}
		if csp := got.Header.Get("Content-Security-Policy"); !contained(csp) {
			t.Errorf("%s: policy is %q", rt.Pattern, csp)
		}
	}
}

// TestFilesForEverybody: what is served beside the pages has no session and no
// cookie, whoever asks, and nothing personal in it.
func TestFilesForEverybody(t *testing.T) {
	s := newSite(t)
	s.withLedger(5)
	visitors := map[string]*browser{"nobody": s.browser(), "an account": s.loggedIn("mario.rossi@example.it")}
	for path, want := range map[string]int{
		"/healthz": 204, "/ledger/keys.json": 200, "/api/v1/config": 200, "/api/v1/calendar": 200, "/ledger/FLUSSI-2027/checkpoint": 200,
		"/ledger/FLUSSI-2027/checkpoint/5": 200, "/ledger/FLUSSI-2027/timestamp": 404, "/ledger/FLUSSI-2027/timestamp/checkpoint": 404,
		"/ledger/FLUSSI-2027/timestamp/5": 404, "/ledger/FLUSSI-2027/tile/entries/000.p/5": 200, "/lists/FLUSSI-2027/1/elenco.csv": 404,
		"/quotas/FLUSSI-2027/1/quote.csv": 404, "/api/v1/nothing": 404,
		// With a session alone, without the token of a mini-client:
		"/api/v1/sync": 401, "/api/v1/outcomes": 401, "/api/v1/devices": 401, "/api/v1/applications/x/receipt": 401, "/api/v1/rehearsals/x/outcomes": 401, "/api/v1/rehearsals/x/applications/x/receipt": 401,
	} {
		for who, b := range visitors {
			p := b.Get(path)
			if p.Status != want || p.Header.Get("Set-Cookie") != "" || !strings.Contains(p.Header.Get("Content-Security-Policy"), "default-src 'self'") {
				t.Errorf("%s as %s: %d, want %d; %v", path, who, p.Status, want, p.Header)
			}
			if strings.Contains(p.Body, "mario.rossi") {
				t.Errorf("%s as %s names an account", path, who)
			}
		}
	}
}

func TestWritesFromOtherSitesAreRefused(t *testing.T) {
	s := newSite(t)
	b := s.loggedIn("mario.rossi@example.it")
	app := b.Sealed(1)
	for pattern, want := range allowed {
		if !strings.HasPrefix(pattern, "POST ") {
			continue
		}
		path := strings.NewReplacer("{id}", app, "{draft}", app, "{device}", "1").Replace(want.path)
		for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}} {
			if res := b.Post(path, url.Values{}, header...); res.Status != http.StatusForbidden {
				t.Errorf("%s with %v: %d", pattern, header, res.Status)
			}
		}
	}
	if got := b.Open(app).Find("main .badge-state").First().Text(); got != "Sigillata" {
		t.Errorf("a refused request changed the state to %q", got)
	}
	if res := b.Post("/logout", url.Values{}, "Sec-Fetch-Site", "same-origin", "Origin", s.Server.URL); res.Status != http.StatusSeeOther {
		t.Errorf("our own page is refused: %d", res.Status)
	}
}

func TestLogIn(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	wrong := b.Post("/login", url.Values{"email": {"mario.rossi@example.it"}, "password": {"sbagliata"}})
	unknown := b.Post("/login", url.Values{"email": {"nessuno.rossi@example.it"}, "password": {"sbagliata"}})
	same := func(p *page, email string) string { return strings.ReplaceAll(p.Body, email, "") }
	if wrong.Status != 422 || same(wrong, "mario.rossi@example.it") != same(unknown, "nessuno.rossi@example.it") || unknown.Status != 422 {
		t.Error("the answer tells whether the account exists")
	}
	ok := b.Post("/login", url.Values{"email": {" Mario.Rossi@Example.it "}, "password": {password}, "next": {"/devices"}})
	if ok.Status != http.StatusSeeOther || ok.Location() != "/devices" {
		t.Fatalf("log-in: %d to %q", ok.Status, ok.Location())
	}
	cookie := ok.Header.Get("Set-Cookie")
	for _, want := range []string{"HttpOnly", "SameSite=Lax"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("cookie %q lacks %s", cookie, want)
		}
	}
	again := b.Post("/login", url.Values{"email": {"mario.rossi@example.it"}, "password": {password}})
	if again.Header.Get("Set-Cookie") == cookie {
		t.Error("the session keeps its id over a log-in")
	}
	old := s.browser()
	if p := old.Get("/applications", "Cookie", strings.SplitN(cookie, ";", 2)[0]); p.Status != http.StatusSeeOther {
		t.Errorf("the id from before the log-in still opens the private area: %d", p.Status)
	}
	token := strings.SplitN(again.Header.Get("Set-Cookie"), ";", 2)[0]
	b.Post("/logout", url.Values{})
	if p := old.Get("/applications", "Cookie", token); p.Status != http.StatusSeeOther {
		t.Errorf("the session outlives the log-out: %d", p.Status)
	}
}

func TestGuessingIsSlowedDown(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	for _, email := range []string{"mario.rossi@example.it", "nessuno@example.it"} {
		var last *page
		for range 7 {
			last = b.Post("/login", url.Values{"email": {email}, "password": {"sbagliata"}})
		}
		if last.Status != http.StatusTooManyRequests || last.Header.Get("Retry-After") == "" {
			t.Errorf("seventh attempt with %s: %d", email, last.Status)
		}
	}
	right := url.Values{"email": {"mario.rossi@example.it"}, "password": {password}}
	if p := b.Post("/login", right); p.Status != http.StatusTooManyRequests {
		t.Errorf("the right password passes while blocked: %d", p.Status)
	}
	if p := b.Post("/login", url.Values{"email": {"anna.verdi@example.it"}, "password": {password}}); p.Status != http.StatusSeeOther {
		t.Errorf("another account is blocked too: %d", p.Status)
	}
	s.Clock.Advance(time.Minute)
	if p := b.Post("/login", right); p.Status != http.StatusSeeOther {
		t.Errorf("after the wait: %d", p.Status)
	}
	if p := b.Post("/login", url.Values{"email": {"a\x00b"}, "password": {"\xff"}}); p.Status != 422 {
		t.Errorf("garbage: %d", p.Status)
	}
}

func TestAnswersAreNeverMarkup(t *testing.T) {
	s := newSite(t)
	b := s.loggedIn("mario.rossi@example.it")
	path := b.Begin()
	b.Fill(path, sample.ModelB(sample.New(1), sample.Person))
	here := path + "/pages/worker"
	form := url.Values{"go": {"next"}, "revision": {b.Open(here).Find("input[name=revision]").AttrOr("value", "")}}
	for _, field := range []string{"worker_surname", "worker_birth_date", "worker_sex", "worker_state", "worker_passport", "worker_city"} {
		form.Set(fieldPrefix+field, evil+"\x00\xff")
	}
	b.Post(here, form)
	for _, p := range []string{"/applications", path, path + "/preview", here, here + "?check=1", here + "?lang=" + url.QueryEscape(evil)} {
		page := b.Open(p)
		if page.Find(`script:not([src^="/static/"]), img, [onerror]`).Length() > 0 {
			t.Errorf("%s carries foreign markup", p)
		}
	}
	if got := b.Open(here).Find(`[id="f.worker_surname"]`).AttrOr("value", ""); !strings.Contains(got, "<script>") {
		t.Errorf("what was typed is not shown again: %q", got)
	}
}

func TestLanguage(t *testing.T) {
	b := newSite(t).browser()
	lang := func(p *page) string { return p.Find("html").AttrOr("lang", "") }
	steps := []struct{ path, accept, want string }{
		{"/", "", "it"}, {"/", "fr", "it"}, {"/", "en-GB,en;q=0.9", "en"}, {"/", "it;q=0.5,en;q=0.9", "en"},
		{"/?lang=xx", "", "it"}, {"/?lang=en", "it", "en"}, {"/login", "it", "en"}, {"/login?lang=it", "en", "it"}, {"/", "en", "it"},
	}
	for _, s := range steps {
		if got := lang(b.Get(s.path, "Accept-Language", s.accept)); got != s.want {
			t.Errorf("%s with %q: %s, want %s", s.path, s.accept, got, s.want)
		}
	}
}

func TestFilesAreCachedForEverAndCompressed(t *testing.T) {
	b := newSite(t).browser()
	href := b.Open("/").Find("link[rel=stylesheet]").First().AttrOr("href", "")
	res := b.Get(href, "Accept-Encoding", "gzip")
	if res.Header.Get("Content-Encoding") != "gzip" || !strings.Contains(res.Header.Get("Cache-Control"), "immutable") || len(res.Body) > 120_000 {
		t.Errorf("%s: %v, %d bytes", href, res.Header, len(res.Body))
	}
	plain := b.Get(href, "Accept-Encoding", "identity")
	if plain.Header.Get("Content-Encoding") != "" || len(plain.Body) < 500_000 {
		t.Errorf("plain: %v, %d bytes", plain.Header, len(plain.Body))
	}
	if res := b.Get("/static/0/" + href[strings.LastIndexByte(href, '/')+1:]); res.Status != 200 || strings.Contains(res.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("an address of an older version: %d %v", res.Status, res.Header)
	}
	if res := b.Get("/static/0/../../portal.go"); res.Status != http.StatusNotFound && res.Status/100 != 3 {
		t.Errorf("a path out of the files: %d", res.Status)
	}
}
