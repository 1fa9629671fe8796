package desktop

import (
	"fmt"
	"strings"
	"sync/atomic"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"puntuale/internal/client"
	"puntuale/internal/client/portalapi"
)

// Actions is what taps ask for. Every method returns at once; what comes of it
// is in the next snapshots. *client.Desk implements it.
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
	// SetOrder puts these applications first, in this order.
	SetOrder(applications []string)
	// Preview unpacks a sealed application; "" puts it away.
	Preview(application, lang string)
	// SaveReceipts saves every receipt that is ready into a folder, SaveProofs every
	// signed acknowledgement, SaveReport the report of the snapshot.
	SaveReceipts(dir string)
	SaveProofs(dir string)
	SaveReport(dir string)
	// SelfTest looks at what a click day needs, Rehearse plays one, Diagnose makes
	// the report for the help desk.
	SelfTest()
	Rehearse()
	Diagnose(lang string)
	// ShowAccount turns to another account, AddAccount to a new one.
	ShowAccount(key string)
	AddAccount()
	// Set changes the settings.
	Set(s client.Settings)
	// Forget deletes everything on this computer; force: even without an outcome.
	Forget(force bool)
	// Ask sends a request for help, now or when the portal can be reached.
	Ask(t portalapi.Ticket)
	// Browse opens an address, Dismiss takes the message away.
	Browse(address string)
	Dismiss()
}

// The pages of the window.
const (
	pageDay          = "day"
	pageApplications = "applications"
	pageChecks       = "checks"
	pageSettings     = "settings"
	pageHelp         = "help"
)

var pages = []string{pageDay, pageApplications, pageChecks, pageSettings, pageHelp}

// View is the content of the window. All its methods but Listen are called on
// the graphics thread.
type View struct {
	lang    string
	system  string // language of the flags or the locale
	actions Actions
	app     fyne.App
	window  fyne.Window
	theme   *Theme
	drawn   client.Settings // theme and zoom in force
	last    client.Snapshot
	pending atomic.Pointer[client.Snapshot] // not drawn yet

	page     string
	accounts *widget.Select
	choice   *fyne.Container // around accounts; hidden with one of them
	account  *canvas.Text
	nav      map[string]*widget.Button
	notice   *noticeBar
	update   *updateBar
	body     *fyne.Container // shows one of the pages
	unlock   *unlockPage
	guide    *guidePage
	days     *dayPage
	list     *listPage
	checks   *checksPage
	settings *settingsPage
	help     *helpPage
}

// New builds the view in a language ("it" or "en") and puts it into the window.
func New(lang string, actions Actions, app fyne.App, w fyne.Window) (*View, error) {
	t, err := NewTheme()
	if err != nil {
		return nil, err
	}
	app.Settings().SetTheme(t)
	v := &View{lang: lang, system: lang, actions: actions, app: app, window: w, theme: t, page: pageDay}
	w.SetPadded(false) // the band goes from edge to edge
	v.build()
	v.shortcuts()
	return v, nil
}

// build makes everything anew, in the language in force.
func (v *View) build() {
	v.account = canvas.NewText("", white)
	v.accounts = widget.NewSelect(nil, nil)
	v.notice, v.update = newNoticeBar(v), newUpdateBar(v)
	v.unlock, v.guide, v.days, v.list = newUnlockPage(v), newGuidePage(v), newDayPage(v), newListPage(v)
	v.checks, v.settings, v.help = newChecksPage(v), newSettingsPage(v), newHelpPage(v)
	v.body = container.NewStack(layout.NewSpacer()) // until the first snapshot
	top := container.NewVBox(v.band(), v.navigation(), widget.NewSeparator(), v.update.root, v.notice.root)
	v.window.SetTitle(v.say("title"))
	v.window.SetContent(container.NewBorder(top, nil, nil, nil, v.body))
}

// band is the blue head of the window.
func (v *View) band() fyne.CanvasObject {
	name := canvas.NewText(v.say("title"), white)
	name.TextSize, name.TextStyle = v.theme.Size(sizeTitle), fyne.TextStyle{Bold: true}
	v.account.TextSize = v.theme.Size(theme.SizeNameText)
	v.account.Alignment = fyne.TextAlignTrailing
	v.choice = container.New(layout.NewCustomPaddedLayout(3, 3, 6, 6), container.New(minWidth(300), v.accounts))
	v.choice.Hide()
	line := container.NewBorder(nil, nil, container.NewPadded(name), v.choice, container.NewPadded(v.account))
	return container.NewStack(newFill(colorBand, 0), line)
}

func (v *View) navigation() fyne.CanvasObject {
	icons := map[string]fyne.Resource{
		pageDay: theme.HistoryIcon(), pageApplications: theme.ListIcon(), pageChecks: theme.ConfirmIcon(),
		pageSettings: theme.SettingsIcon(), pageHelp: theme.HelpIcon(),
	}
	v.nav = map[string]*widget.Button{}
	bar := container.NewHBox()
	for _, p := range pages {
		b := widget.NewButtonWithIcon(v.say("nav_"+p), icons[p], func() { v.turnTo(p) })
		b.Importance = widget.LowImportance
		v.nav[p] = b
		bar.Add(b)
	}
	return container.NewPadded(bar)
}

// Listen takes a snapshot from any goroutine. It is the one border between the
// core and the graphics thread; a slow window draws the newest and skips the rest.
func (v *View) Listen(s client.Snapshot) {
	if v.pending.Swap(&s) == nil {
		fyne.Do(func() { v.Show(*v.pending.Swap(nil)) })
	}
}

// Show draws a snapshot.
func (v *View) Show(s client.Snapshot) {
	v.last = s
	v.obey(s.Settings)
	v.showAccounts(s)
	v.notice.show(s.Notice)
	v.update.show(s.Update)
	v.guide.follow(s)
	v.draw()
}

// obey takes over language, variant and size of text.
func (v *View) obey(s client.Settings) {
	lang := v.system
	if s.Lang != "" {
		lang = s.Lang
	}
	looks := s.Theme != v.drawn.Theme || s.Zoom != v.drawn.Zoom
	if looks {
		v.theme = v.theme.with(s.Theme, s.Zoom)
		v.app.Settings().SetTheme(v.theme)
	}
	if lang != v.lang || looks { // icons of pages that are not shown would keep their colours
		v.lang = lang
		v.rebuild()
	}
	v.drawn = s
}

// rebuild makes everything anew, but keeps what the person has written.
func (v *View) rebuild() {
	step, search, help := v.guide.step, v.list.search.Text, v.help
	v.build()
	v.guide.step = step
	v.list.search.SetText(search)
	if i := help.topic.SelectedIndex(); i >= 0 {
		v.help.topic.SetSelectedIndex(i)
	}
	v.help.message.SetText(help.message.Text)
	v.help.attach.Checked = help.attach.Checked
	v.help.attach.Refresh()
}

// turnTo goes to another page.
func (v *View) turnTo(p string) {
	v.page = p
	v.draw()
}

// draw shows the page in force with the last snapshot. Only that page is drawn.
func (v *View) draw() {
	for p, b := range v.nav {
		want := widget.LowImportance
		if p == v.page {
			want = widget.HighImportance
		}
		if b.Importance != want {
			b.Importance = want
			b.Refresh()
		}
	}
	root := v.current()
	if v.body.Objects[0] != root {
		v.body.Objects[0] = root
		v.body.Refresh()
	}
}

// current draws the page in force and returns it.
func (v *View) current() fyne.CanvasObject {
	s := &v.last
	switch {
	case v.page == pageSettings:
		v.settings.show(s)
		return v.settings.root
	case v.page == pageHelp:
		v.help.show(s)
		return v.help.root
	case s.Paired && s.Locked:
		v.unlock.show(s)
		return v.unlock.root
	case v.guide.step != guideNone:
		v.guide.show(s)
		return v.guide.root
	case v.page == pageApplications:
		v.list.show(s)
		return v.list.root
	case v.page == pageChecks:
		v.checks.show(s)
		return v.checks.root
	default:
		v.days.show(s)
		return v.days.root
	}
}

// showAccounts names the account, or offers several.
func (v *View) showAccounts(s client.Snapshot) {
	setText(v.account, s.Account.Name)
	setVisible(v.account, len(s.Accounts) < 2)
	setVisible(v.choice, len(s.Accounts) > 1)
	if len(s.Accounts) < 2 {
		return
	}
	labels, keys, current := make([]string, len(s.Accounts)), map[string]string{}, ""
	for i, a := range s.Accounts {
		labels[i] = fmt.Sprintf("%d  %s", i+1, a.Label)
		if a.Armed {
			labels[i] += " · " + v.say("is_armed")
		}
		if keys[labels[i]] = a.Key; a.Current {
			current = labels[i]
		}
	}
	v.accounts.OnChanged = nil
	if strings.Join(labels, "\n") != strings.Join(v.accounts.Options, "\n") {
		v.accounts.SetOptions(labels)
	}
	if v.accounts.Selected != current {
		v.accounts.SetSelected(current)
	}
	v.accounts.OnChanged = func(label string) { v.actions.ShowAccount(keys[label]) }
}

// setText and its likes redraw only what has changed: snapshots come five times
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

func setButton(b *widget.Button, text string, importance widget.Importance) {
	if b.Text != text || b.Importance != importance {
		b.Importance = importance
		b.SetText(text)
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
