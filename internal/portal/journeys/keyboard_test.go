package journeys

import (
	"fmt"
	"strings"
	"time"

	"puntuale/internal/forms"
	"puntuale/internal/forms/sample"
	"puntuale/internal/portal/pagetest"
	"puntuale/internal/portal/sitetest"
)

// focus is what has the focus, and whether a person sees that it has.
type focus struct {
	ID, Name, Type, Value, Text, Href string
	Checked, Seen                     bool
}

const focused = `(() => { const e = document.activeElement, s = getComputedStyle(e), box = e.getBoundingClientRect(), l = e.labels && e.labels[0] && getComputedStyle(e.labels[0], "::after");
	const ring = (s) => s && (s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0 || s.boxShadow !== "none" && !s.boxShadow.includes("inset"));
	return {ID: e.id, Name: e.name || "", Type: e.type || e.localName, Value: e.value || "", Text: e.textContent.trim(), Href: e.getAttribute("href") || "", Checked: !!e.checked,
		Seen: box.width > 1 && box.height > 1 && !!(ring(s) || ring(l) || e.labels && e.labels[0] && ring(getComputedStyle(e.labels[0])))}; })()`

func (p *person) focus() focus { return pagetest.Value[focus](p.Chrome, focused) }

// tabTo presses Tab until the focus is where it is wanted. Wherever it comes by,
// it must be seen.
func (p *person) tabTo(what string, found func(f focus) bool) focus {
	p.w.t.Helper()
	for range 150 {
		p.Press(pagetest.Tab)
		f := p.focus()
		if f.Type != "body" && !f.Seen {
			p.w.t.Errorf("at %s nobody sees the focus on %+v", p.At(), f)
		}
		if found(f) {
			return f
		}
	}
	p.w.t.Fatalf("at %s the keyboard does not come to %s", p.At(), what)
	return focus{}
}

func called(text string) func(focus) bool {
	return func(f focus) bool { return f.Text == text || strings.HasPrefix(f.Text, text+" ") }
}

// enter presses Enter on what leads to another page.
func (p *person) enter(text string) {
	p.w.t.Helper()
	p.tabTo(text, called(text))
	p.Leave(text, func() { p.Press(pagetest.Enter) })
}

// keyboard: from the first page to a page of the form that is filled in, without
// a mouse.
func keyboard(p *person) {
	p.Open("/login")
	p.Press(pagetest.Tab)
	if f := p.focus(); f.Text != "Vai al contenuto" || !f.Seen {
		p.w.t.Errorf("the first Tab leads to %+v", f)
	}
	p.Press(pagetest.Enter)
	p.Until(`document.activeElement.id === "main"`)
	p.Press(pagetest.Tab)
	if f := p.focus(); f.ID != "email" {
		p.w.t.Errorf("after the skip link, Tab leads to %+v", f)
	}
	p.Press(mario)
	p.Press(pagetest.Tab)
	p.Press(sitetest.Password)
	p.Leave("Enter in the password", func() { p.Press(pagetest.Enter) })
	p.is("/applications")
	p.tabTo("English", func(f focus) bool { return f.Text == "ENG" })
	p.Leave("English", func() { p.Press(pagetest.Enter) })
	p.says("h1", "My applications")
	p.tabTo("Italian", func(f focus) bool { return f.Text == "ITA" })
	p.Leave("Italian", func() { p.Press(pagetest.Enter) })
	p.enter("Nuova domanda")
	p.tabTo("the model", func(f focus) bool { return f.Name == "choice" })
	p.Press(pagetest.Space)
	p.enter("Comincia")
	p.enter("Salva ed esci")
	p.enter("Contratto")
	p.types(p.w.model(), sample.ModelB(sample.New(2), sample.Person))
	p.Leave("Enter on the button", func() { p.Press(pagetest.Enter) })
	p.is(strings.Replace(p.path(), "/pages/contract", "/pages/workplace", 1))
	p.hides("main", "Ci sono dati da correggere")
}

func (p *person) path() string {
	path, _, _ := strings.Cut(p.At(), "?")
	return path
}

// types answers the questions of a page with keys, in the order in which Tab
// leads to them, and ends on the button.
func (p *person) types(m *forms.Model, a forms.Answers) {
	p.w.t.Helper()
	p.tabTo("the button", func(f focus) bool {
		id := strings.TrimPrefix(f.Name, sitetest.FieldPrefix)
		field, asked := m.Field(id)
		switch {
		case f.Name == "go":
			return true
		case !asked:
		case f.Type == "radio" || f.Type == "select-one":
			p.chooses(f, a[id])
		default:
			p.Press(m.Input(field, a[id]))
		}
		return false
	})
}

// chooses presses the arrow until the answer is chosen.
func (p *person) chooses(f focus, want string) {
	p.w.t.Helper()
	if f.Type == "radio" {
		p.Press(pagetest.Space)
	}
	for range 60 {
		if now := p.focus(); now.Value == want {
			return
		}
		p.Press(pagetest.ArrowDown)
	}
	p.w.t.Fatalf("the arrow does not come to %q of %s", want, f.Name)
}

// rest: the portal at rest says until when; with scripts it counts.
func rest(p *person) {
	p.logIn(mario)
	p.w.Clock.Set(p.w.Opens.Add(-20 * time.Minute))
	p.Open("/applications") // before, it is announced
	p.says(".note.warn", "dalle 08:50 alle 09:30")
	p.w.Clock.Set(p.w.Opens.Add(-5 * time.Minute))
	p.Follow("Elenchi e quote")
	p.says("h1", "Il portale riposa per il click day")
	p.says("main", "12/01/2027, ore 09:00")
	p.says("main", "tornano alle 09:30")
	const shown = `document.querySelector("[data-countdown]").innerText.trim()`
	if p.w.scripts {
		p.Until(`/^00:0[0-5]:[0-5][0-9]$/.test(` + shown + `)`)
		was := pagetest.Value[string](p.Chrome, shown)
		p.Until(fmt.Sprintf("%s !== %q", shown, was))
	} else if got := pagetest.Value[bool](p.Chrome, `document.querySelector("[data-countdown]").getClientRects().length > 0`); got {
		p.w.t.Error("a countdown that does not count is shown")
	}
	p.Follow("le tue domande e ricevute") // what the day needs is there
	p.is("/applications")
}
