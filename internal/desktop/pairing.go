package desktop

import (
	"net/url"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"puntuale/internal/client"
)

// pairPart is the first thing a person sees.
type pairPart struct {
	v          *View
	root       *fyne.Container
	address    *widget.Entry
	name       *widget.Entry
	passphrase *widget.Entry
	secret     *fyne.Container // passphrase with its reason; hidden with a keyring
	connect    *widget.Button
	form       *fyne.Container
	waiting    *fyne.Container // shown while the browser is open
	link       *widget.Hyperlink
	other      *widget.Button // back to an account that is there already
	otherKey   string
}

func newPairPart(v *View) *pairPart {
	p := &pairPart{v: v, address: widget.NewEntry(), name: widget.NewEntry(), passphrase: widget.NewPasswordEntry()}
	p.address.SetText("https://")
	p.name.SetPlaceHolder(v.say("computer_ph"))
	p.secret = container.NewVBox(widget.NewLabel(v.say("passphrase")), p.passphrase, caption(v.say("pass_why")))
	p.connect = primary(v.say("pair"), p.tap)
	p.link = widget.NewHyperlink(v.say("pair_url"), nil)
	p.waiting = panel(
		paragraph(v.say("pair_wait")), widget.NewProgressBarInfinite(), p.link,
		left(widget.NewButton(v.say("cancel"), v.actions.Cancel)),
	)
	p.waiting.Hide()
	p.address.OnSubmitted = func(string) { p.tap() }
	p.other = widget.NewButton(v.say("pair_back"), func() { v.actions.ShowAccount(p.otherKey) })
	p.form = container.NewVBox(
		widget.NewLabel(v.say("portal")), p.address, caption(v.say("portal_where")),
		widget.NewLabel(v.say("computer")), p.name,
		p.secret, left(p.connect, p.other),
	)
	p.root = container.NewVBox(heading(v.say("pair_title")), paragraph(v.say("pair_text")), p.form, p.waiting)
	return p
}

func (p *pairPart) tap() { p.v.actions.Pair(p.address.Text, p.name.Text, p.passphrase.Text) }

func (p *pairPart) show(s *client.Snapshot) {
	busy := s.Activity == client.Pairs
	setVisible(p.form, !busy)
	setEnabled(p.connect, s.Activity == client.Idle)
	setVisible(p.secret, s.KeyFile)
	setVisible(p.waiting, busy)
	setVisible(p.link, s.PairURL != "")
	if u, err := url.Parse(s.PairURL); err == nil {
		p.link.URL = u
	}
	other := false
	for _, a := range s.Accounts {
		if !a.Current {
			other, p.otherKey = true, a.Key
		}
	}
	setVisible(p.other, other)
}

// unlockPage asks for the passphrase of the key file.
type unlockPage struct {
	root       fyne.CanvasObject
	passphrase *widget.Entry
	unlock     *widget.Button
}

func newUnlockPage(v *View) *unlockPage {
	p := &unlockPage{passphrase: widget.NewPasswordEntry()}
	tap := func() {
		v.actions.Unlock(p.passphrase.Text)
		p.passphrase.SetText("")
	}
	p.unlock = primary(v.say("unlock"), tap)
	p.passphrase.OnSubmitted = func(string) { tap() }
	p.root = page(
		heading(v.say("unlock_title")), paragraph(v.say("unlock_text")),
		widget.NewLabel(v.say("passphrase")), p.passphrase, left(p.unlock),
	)
	return p
}

func (p *unlockPage) show(s *client.Snapshot) { setEnabled(p.unlock, s.Activity == client.Idle) }
