package desktop

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/widget"

	"puntuale/internal/client"
)

// Actions is what taps ask for. Every method returns at once; what comes of it
// is in the next snapshots. *client.Session implements it.
type Actions interface {
	// Pair opens the browser and connects this computer; name and passphrase may be empty.
	Pair(address, name, passphrase string)
	// Cancel ends the pairing or whatever else is under way besides sending.
	Cancel()
	// Unlock gives the passphrase of the key file.
	Unlock(passphrase string)
	// Sync fetches the sealed applications.
	Sync()
	// Send arms a click day by its code; it is sent at the opening.
	Send(dayCode string)
	// Stop takes that back for what has not been sent.
	Stop()
	// SaveReceipts saves every receipt that is ready into a folder.
	SaveReceipts(dir string)
}

// View is the content of the window. All its methods but Listen are called on
// the graphics thread.
type View struct {
	lang    string
	actions Actions
	window  fyne.Window // for dialogs

	root    *fyne.Container
	account *canvas.Text
	notice  *widget.Label
	body    *fyne.Container // shows one of the pages
	pair    *pairPage
	unlock  *unlockPage
	days    *dayPage
}

// New builds the view in a language ("it" or "en") and puts it into the window.
func New(lang string, a Actions, w fyne.Window) *View {
	v := &View{lang: lang, actions: a, window: w}
	v.account = canvas.NewText("", white)
	v.notice = widget.NewLabel("")
	v.notice.Wrapping = fyne.TextWrapWord
	v.notice.Hide()
	v.pair, v.unlock, v.days = newPairPage(v), newUnlockPage(v), newDayPage(v)
	v.body = container.NewStack(v.pair.root)
	v.root = container.NewBorder(container.NewVBox(v.band(), v.notice), nil, nil, nil, v.body)
	w.SetPadded(false) // the band goes from edge to edge
	w.SetTitle(v.say("title"))
	w.SetContent(v.root)
	return v
}

// band is the blue head of the window.
func (v *View) band() fyne.CanvasObject {
	name := canvas.NewText(v.say("title"), white)
	name.TextSize, name.TextStyle = 24, fyne.TextStyle{Bold: true}
	line := container.NewBorder(nil, nil, name, v.account)
	return container.NewStack(newBandColor(), container.NewPadded(container.NewPadded(line)))
}

// Listen takes a snapshot from any goroutine. It is the one border between the
// core and the graphics thread.
func (v *View) Listen(s client.Snapshot) { fyne.Do(func() { v.Show(s) }) }

// Show draws a snapshot.
func (v *View) Show(s client.Snapshot) {
	setText(v.account, s.Account.Name)
	v.showNotice(s.Notice)
	switch {
	case !s.Paired:
		v.pair.show(s)
		v.turnTo(v.pair.root)
	case s.Locked:
		v.unlock.show(s)
		v.turnTo(v.unlock.root)
	default:
		v.days.show(s)
		v.turnTo(v.days.root)
	}
}

func (v *View) turnTo(page fyne.CanvasObject) {
	if v.body.Objects[0] != page {
		v.body.Objects[0] = page
		v.body.Refresh()
	}
}

func (v *View) showNotice(n client.Notice) {
	text := n.Text.In(v.lang)
	if text == "" {
		v.notice.Hide()
		return
	}
	v.notice.Importance = widget.SuccessImportance
	if n.Bad {
		v.notice.Importance = widget.DangerImportance
	}
	setLabel(v.notice, text)
	v.notice.Show()
}

// askFolder lets the person choose where receipts go.
func (v *View) askFolder() {
	dialog.ShowFolderOpen(func(dir fyne.ListableURI, err error) {
		if err == nil && dir != nil {
			v.actions.SaveReceipts(dir.Path())
		}
	}, v.window)
}

// setText and setLabel redraw only what has changed: snapshots come five times
// a second.
func setText(t *canvas.Text, s string) {
	if t.Text != s {
		t.Text = s
		t.Refresh()
	}
}

func setLabel(l *widget.Label, s string) {
	if l.Text != s {
		l.SetText(s)
	}
}

func setEnabled(b *widget.Button, on bool) {
	switch {
	case on && b.Disabled():
		b.Enable()
	case !on && !b.Disabled():
		b.Disable()
	}
}

func setVisible(o fyne.CanvasObject, on bool) {
	switch {
	case on && !o.Visible():
		o.Show()
	case !on && o.Visible():
		o.Hide()
	}
}
