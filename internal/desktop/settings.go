package desktop

import (
	"fmt"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"puntuale/internal/client"
)

// settingsPage is what a person may choose, and the deletion of everything.
type settingsPage struct {
	v       *View
	root    *container.Scroll
	account *fields
	sync    *widget.Button
	add     *widget.Button
	lang    *widget.Select
	theme   *widget.Select
	zoom    *widget.Select
	way     *widget.RadioGroup
	proxy   *widget.Entry
	save    *widget.Button
	forget  *widget.Button
	now     client.Settings // as they are in force
	drawn   bool
}

var (
	langKeys  = []string{"", "it", "en"}
	themeKeys = []string{"", "light", "dark"}
	wayKeys   = []string{"proxy_system", "proxy_direct", "proxy_own"}
)

func newSettingsPage(v *View) *settingsPage {
	p := &settingsPage{v: v, account: newWideFields(), proxy: widget.NewEntry()}
	p.sync = widget.NewButton(v.say("sync"), v.actions.Sync)
	p.add = widget.NewButton(v.say("add_account"), p.addAccount)
	p.lang = p.choice("lang_", langKeys, func(s *client.Settings, key string) { s.Lang = key })
	p.theme = p.choice("theme_", themeKeys, func(s *client.Settings, key string) { s.Theme = key })
	p.zoom = widget.NewSelect(nil, nil)
	for _, z := range client.Zooms {
		p.zoom.Options = append(p.zoom.Options, fmt.Sprintf("%d %%", z))
	}
	p.zoom.OnChanged = func(string) {
		s := p.now
		s.Zoom = client.Zooms[max(0, p.zoom.SelectedIndex())]
		v.actions.Set(s)
	}
	p.proxy.SetPlaceHolder("http://proxy.example:3128")
	p.way = widget.NewRadioGroup([]string{v.say(wayKeys[0]), v.say(wayKeys[1]), v.say(wayKeys[2])}, func(string) { p.showProxy() })
	p.way.Required = true
	p.save = widget.NewButton(v.say("proxy_save"), p.saveProxy)
	p.forget = widget.NewButton(v.say("forget"), func() { v.confirm("forget", "forget_sure", "forget_yes", func() { v.actions.Forget(false) }) })
	p.forget.Importance = widget.DangerImportance
	p.root = page(
		heading(v.say("set_account")), p.account.box, left(p.sync, p.add), caption(v.say("accounts_why")), widget.NewSeparator(),
		heading(v.say("set_look")), p.line("set_lang", p.lang), p.line("set_theme", p.theme), p.line("set_zoom", p.zoom), widget.NewSeparator(),
		heading(v.say("set_proxy")), paragraph(v.say("proxy_why")), p.way, p.proxy, left(p.save), widget.NewSeparator(),
		heading(v.say("set_forget")), paragraph(v.say("forget_why")), left(p.forget),
	)
	return p
}

// line is a setting with its name before it.
func (p *settingsPage) line(key string, o fyne.CanvasObject) fyne.CanvasObject {
	name := widget.NewLabel(p.v.say(key))
	return container.New(columns{{0, 0.38, 0}, {0, 0.5, 0}}, name, o)
}

func (p *settingsPage) choice(prefix string, keys []string, set func(s *client.Settings, key string)) *widget.Select {
	c := widget.NewSelect(nil, nil)
	for _, k := range keys {
		c.Options = append(c.Options, p.v.say(prefix+k))
	}
	c.OnChanged = func(string) {
		s := p.now
		set(&s, keys[max(0, c.SelectedIndex())])
		if s != p.now {
			p.v.actions.Set(s)
		}
	}
	return c
}

func (p *settingsPage) addAccount() {
	p.v.actions.AddAccount()
	p.v.turnTo(pageDay)
}

// showProxy lets an address be written only where it is used.
func (p *settingsPage) showProxy() {
	if p.way.Selected == p.way.Options[2] {
		p.proxy.Enable()
	} else {
		p.proxy.Disable()
	}
}

func (p *settingsPage) saveProxy() {
	s := p.now
	switch slices.Index(p.way.Options, p.way.Selected) {
	case 0:
		s.Proxy = ""
	case 1:
		s.Proxy = "direct"
	default:
		s.Proxy = p.proxy.Text
	}
	p.v.actions.Set(s)
}

func (p *settingsPage) show(s *client.Snapshot) {
	v := p.v
	computer := s.Computer
	if s.KeyFile && s.Paired {
		computer += v.say("keys_in_file")
	}
	p.account.show(
		v.say("a_name"), s.Account.Name, v.say("a_email"), s.Account.Email,
		v.say("a_portal"), s.Portal, v.say("a_computer"), computer, v.say("a_version"), v.version(s),
	)
	idle := s.Activity == client.Idle && !anyRunning(s)
	setEnabled(p.sync, idle && s.Paired && !s.Locked)
	setEnabled(p.add, s.Paired)
	setEnabled(p.save, idle)
	setEnabled(p.forget, idle && (s.Paired || len(s.Accounts) > 1))
	if p.drawn && s.Settings == p.now {
		return
	}
	p.now, p.drawn = s.Settings, true
	p.mark(s.Settings)
}

// mark shows the settings in force, without reporting that as taps.
func (p *settingsPage) mark(s client.Settings) {
	quietly(p.lang, slices.Index(langKeys, s.Lang))
	quietly(p.theme, slices.Index(themeKeys, s.Theme))
	quietly(p.zoom, max(0, slices.Index(client.Zooms, s.Zoom)))
	way := 2
	switch s.Proxy {
	case "":
		way = 0
	case "direct":
		way = 1
	default:
		p.proxy.SetText(s.Proxy)
	}
	p.way.SetSelected(p.way.Options[way])
	p.showProxy()
}

func quietly(s *widget.Select, i int) {
	f := s.OnChanged
	s.OnChanged = nil
	s.SetSelectedIndex(i)
	s.OnChanged = f
}

func (v *View) version(s *client.Snapshot) string {
	if s.Version == "" {
		return v.say("from_sources")
	}
	return s.Version
}
