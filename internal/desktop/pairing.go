package desktop

import (
	"net/url"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"puntuale/internal/client"
)

// pairPage is the first thing a person sees.
type pairPage struct {
	v          *View
	root       *fyne.Container
	address    *widget.Entry
	name       *widget.Entry
	passphrase *widget.Entry
	secret     *fyne.Container // passphrase with its reason; hidden with a keyring
	connect    *widget.Button
	waiting    *fyne.Container // shown while the browser is open
	link       *widget.Hyperlink
}

func newPairPage(v *View) *pairPage {
	p := &pairPage{v: v, address: widget.NewEntry(), name: widget.NewEntry(), passphrase: widget.NewPasswordEntry()}
	p.address.SetText("https://")
	p.name.SetPlaceHolder(v.say("computer_ph"))
	p.secret = container.NewVBox(widget.NewLabel(v.say("passphrase")), p.passphrase, paragraph(v.say("pass_why")))
	p.connect = widget.NewButton(v.say("pair"), p.tap)
	p.connect.Importance = widget.HighImportance
	p.link = widget.NewHyperlink(v.say("pair_url"), nil)
	bar := widget.NewProgressBarInfinite()
	p.waiting = container.NewVBox(
		widget.NewLabel(v.say("pair_wait")), bar, p.link, widget.NewButton(v.say("cancel"), v.actions.Cancel),
	)
	p.waiting.Hide()
	p.address.OnSubmitted = func(string) { p.tap() }
	p.root = container.New(narrow(560), container.NewPadded(container.NewVBox(
		heading(v.say("pair_title")), paragraph(v.say("pair_text")),
		widget.NewLabel(v.say("portal")), p.address,
		widget.NewLabel(v.say("computer")), p.name,
		p.secret, p.connect, p.waiting,
	)))
	return p
}

func (p *pairPage) tap() { p.v.actions.Pair(p.address.Text, p.name.Text, p.passphrase.Text) }

func (p *pairPage) show(s client.Snapshot) {
	busy := s.Activity != client.Idle
	setEnabled(p.connect, !busy)
	setVisible(p.secret, s.KeyFile)
	setVisible(p.waiting, busy)
	setVisible(p.link, s.PairURL != "")
	if u, err := url.Parse(s.PairURL); err == nil {
		p.link.URL = u
	}
}

// unlockPage asks for the passphrase of the key file.
type unlockPage struct {
	root       *fyne.Container
	passphrase *widget.Entry
	unlock     *widget.Button
}

func newUnlockPage(v *View) *unlockPage {
	p := &unlockPage{passphrase: widget.NewPasswordEntry()}
	tap := func() {
		v.actions.Unlock(p.passphrase.Text)
		p.passphrase.SetText("")
	}
	p.unlock = widget.NewButton(v.say("unlock"), tap)
	p.unlock.Importance = widget.HighImportance
	p.passphrase.OnSubmitted = func(string) { tap() }
	p.root = container.New(narrow(560), container.NewPadded(container.NewVBox(
		heading(v.say("unlock_title")), widget.NewLabel(v.say("passphrase")), p.passphrase, p.unlock,
	)))
	return p
}

func (p *unlockPage) show(s client.Snapshot) { setEnabled(p.unlock, s.Activity == client.Idle) }
