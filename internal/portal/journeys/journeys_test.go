package journeys

import (
	"regexp"
	"strings"
	"testing"

	"puntuale/internal/forms"
	"puntuale/internal/portal"
	"puntuale/internal/portal/pagetest"
	"puntuale/internal/portal/portaltest"
	"puntuale/internal/portal/sitetest"
)

const (
	mario = "mario.rossi@example.it"
	anna  = "anna.verdi@example.it"
)

// journeys are walked one by one, each on a portal of its own.
var journeys = []struct {
	name  string
	walk  func(p *person)
	ready func(t *testing.T, cfg *portal.Config) // settings that the journey needs; nil for none
}{
	{"from the log-in to a sealed application", applications, nil},
	{"from a table to sealed applications", table, nil},
	{"search, history and receipts", search, nil},
	{"acting for a company", delegation, nil},
	{"mandates of an intermediary", mandates, nil},
	{"a question to the help desk", question, nil},
	{"a call at the help desk", call, nil},
	{"password, address and sessions of an account", account, nil},
	{"the second step, and the end of an account", secondStep, nil},
	{"computers, programs and the mini-client", machines, releases},
	{"keyboard alone", keyboard, nil},
	{"the portal at rest", rest, nil},
}

func TestJourneys(t *testing.T) {
	chrome := pagetest.Start(t, "")
	for _, j := range journeys {
		for how, scripts := range map[string]bool{"with scripts": true, "without scripts": false} {
			t.Run(j.name+" "+how, func(t *testing.T) {
				t.Parallel() // a person mostly waits
				s := portaltest.New(t, func(cfg *portal.Config) {
					if j.ready != nil {
						j.ready(t, cfg)
					}
				})
				w := &world{Site: s, t: t, chrome: chrome, scripts: scripts}
				j.walk(w.person())
				w.complaints()
			})
		}
	}
}

// world is a portal with the people who use it.
type world struct {
	*portaltest.Site
	t       *testing.T
	chrome  *pagetest.Chrome
	scripts bool
	people  []*person
}

// person sits at a browser of their own.
type person struct {
	*pagetest.Chrome
	w *world
}

// person is somebody who has not logged in.
func (w *world) person() *person {
	w.t.Helper()
	p := &person{w.chrome.Visitor(w.t, w.Server.URL), w}
	p.Scripts(w.scripts)
	w.people = append(w.people, p)
	return p
}

// complaints fails for what the browsers had to say: scripts that failed, what
// the content policy refused, requests to elsewhere. The computer's own port is
// where pairing ends.
func (w *world) complaints() {
	w.t.Helper()
	for _, p := range w.people {
		for _, c := range p.Complaints() {
			if !strings.HasPrefix(c, "asks http://127.0.0.1:") {
				w.t.Error(c)
			}
		}
	}
}

// says fails unless a person reads this in what a selector finds.
func (p *person) says(selector, want string) {
	p.w.t.Helper()
	if got := p.Text(selector); !strings.Contains(got, want) {
		p.w.t.Errorf("at %s, %s does not say %q: %s", p.At(), selector, want, got)
	}
}

// hides fails if a person reads this.
func (p *person) hides(selector, never string) {
	p.w.t.Helper()
	if got := p.Text(selector); strings.Contains(got, never) {
		p.w.t.Errorf("at %s, %s says %q: %s", p.At(), selector, never, got)
	}
}

// is fails unless the tab is at a path.
func (p *person) is(path string) {
	p.w.t.Helper()
	if at, _, _ := strings.Cut(p.At(), "?"); at != path {
		p.w.t.Errorf("at %s, not at %s: %s", p.At(), path, p.Text("main"))
	}
}

// logIn comes from the first page.
func (p *person) logIn(email string) {
	p.w.t.Helper()
	p.Open("/")
	p.Follow("Accedi")
	p.credentials(email, sitetest.Password)
	p.is("/applications")
}

// credentials fills in the log-in.
func (p *person) credentials(email, password string) {
	p.w.t.Helper()
	p.Fill(map[string]string{"email": email, "password": password})
	p.Leave("the log-in", func() { p.Click("main form button[type=submit]") })
}

// control is one that a form has.
type control struct{ ID, Name, Type, Value string }

const controls = `Array.from(document.querySelectorAll("main input:not([type=hidden]), main select, main textarea")).map((e) =>
	({ID: e.id, Name: e.name, Type: e.type, Value: e.value}))`

// put fills controls of the page by their names: what is chosen by its value,
// everything else by what is typed.
func (p *person) put(values map[string]string) {
	p.w.t.Helper()
	fills, seen := map[string]string{}, map[string]bool{}
	for _, c := range pagetest.Value[[]control](p.Chrome, controls) {
		want, ok := values[c.Name]
		if !ok {
			continue
		}
		if c.Type != "radio" && c.Type != "checkbox" {
			fills[c.ID] = want
		} else if c.Value == want {
			fills[c.ID] = "on"
		} else {
			continue
		}
		seen[c.Name] = true
	}
	for name, value := range values {
		if !seen[name] {
			p.w.t.Fatalf("at %s there is no %q to be %q: %s", p.At(), name, value, p.Text("main"))
		}
	}
	p.Fill(fills)
}

// answer types answers into the page of a form, as far as it asks for them.
func (p *person) answer(m *forms.Model, a forms.Answers) {
	p.w.t.Helper()
	fills := map[string]string{}
	for _, c := range pagetest.Value[[]control](p.Chrome, controls) {
		id := strings.TrimPrefix(c.Name, sitetest.FieldPrefix)
		f, ok := m.Field(id)
		switch {
		case !ok:
		case c.Type == "radio":
			if c.Value == a[id] {
				fills[c.ID] = "on"
			}
		case c.Type == "date":
			fills[c.ID] = a[id]
		default:
			fills[c.ID] = m.Input(f, a[id])
		}
	}
	p.Fill(fills)
}

// complete goes through the pages of a form from where the person is, until it
// is ready.
func (p *person) complete(m *forms.Model, a forms.Answers) {
	p.w.t.Helper()
	for range 5 * len(m.Pages) {
		if !strings.Contains(p.At(), "/pages/") {
			p.says("main", "La domanda è pronta")
			return
		}
		p.answer(m, a)
		p.Follow("Salva e continua")
		if strings.Contains(p.At(), "check=1") {
			p.w.t.Fatalf("at %s: %s", p.At(), p.Text(".summary"))
		}
	}
	p.w.t.Fatalf("the form does not come to an end: %s", p.At())
}

// model is the one that everybody here fills in.
func (w *world) model() *forms.Model {
	m, _ := w.Models.Newest("B")
	return m
}

var link = regexp.MustCompile(`http://portal\.example(/\S+)`)

// letter is the link in the last letter to an address.
func (w *world) letter(to string) string {
	w.t.Helper()
	var text string
	if err := w.DB.Pool.QueryRow(w.t.Context(), "SELECT text FROM letters WHERE recipient = $1 ORDER BY id DESC LIMIT 1", to).Scan(&text); err != nil {
		w.t.Fatalf("letter to %s: %v", to, err)
	}
	m := link.FindStringSubmatch(text)
	if m == nil {
		w.t.Fatalf("no link in %q", text)
	}
	return m[1]
}
