package desktop

import (
	"fmt"
	"net/url"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"puntuale/internal/client"
)

// noticeBar is the last thing to tell, until it is taken away.
type noticeBar struct {
	v     *View
	root  *fyne.Container
	text  *widget.Label
	away  *widget.Button
	asked bool // whether to delete all the same has been asked for this notice
}

func newNoticeBar(v *View) *noticeBar {
	n := &noticeBar{v: v, text: paragraph("")}
	n.text.TextStyle.Bold = true
	n.away = widget.NewButtonWithIcon("", theme.CancelIcon(), v.actions.Dismiss)
	n.away.Importance = widget.LowImportance
	n.root = container.NewStack(newFill(colorPanel, 0), container.NewBorder(nil, nil, nil, container.NewCenter(n.away), n.text))
	n.root.Hide()
	return n
}

func (n *noticeBar) show(notice client.Notice) {
	text := notice.Text.In(n.v.lang)
	setVisible(n.root, text != "")
	if n.text.Importance = widget.SuccessImportance; notice.Bad {
		n.text.Importance = widget.DangerImportance
	}
	setLabel(n.text, text)
	if notice.Unsettled && !n.asked {
		n.v.confirm("forget", "forget_force", "forget_yes", func() { n.v.actions.Forget(true) })
	}
	n.asked = notice.Unsettled
}

// updateBar says that there is a newer version.
type updateBar struct {
	v    *View
	root *fyne.Container
	text *widget.Label
	link *widget.Hyperlink
}

func newUpdateBar(v *View) *updateBar {
	u := &updateBar{v: v, text: paragraph(""), link: widget.NewHyperlink(v.say("download"), nil)}
	u.root = container.NewStack(newFill(colorPanel, 0), container.NewBorder(nil, nil, nil, u.link, u.text))
	u.root.Hide()
	return u
}

func (u *updateBar) show(n *client.UpdateView) {
	setVisible(u.root, n != nil)
	if n == nil {
		return
	}
	setLabel(u.text, u.v.say("newer", n.Version, n.Notes.In(u.v.lang)))
	address, err := url.Parse(n.Download.URL)
	setVisible(u.link, err == nil && n.Download.URL != "")
	u.link.URL = address
}

// confirm asks before something that cannot be undone.
func (v *View) confirm(title, text, yes string, then func()) {
	d := dialog.NewCustomConfirm(v.say(title), v.say(yes), v.say("cancel"), container.New(minWidth(420), paragraph(v.say(text))), func(ok bool) {
		if ok {
			then()
		}
	}, v.window)
	d.SetConfirmImportance(widget.DangerImportance)
	d.Show()
}

// minWidth gives wrapped text room in a dialog.
type minWidth float32

// Layout implements fyne.Layout.
func (minWidth) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		o.Resize(size)
	}
}

// MinSize implements fyne.Layout.
func (m minWidth) MinSize(objects []fyne.CanvasObject) fyne.Size {
	o := objects[0] // sized first, so that wrapped text knows its height
	if w := float32(m); o.Size().Width < w {
		o.Resize(fyne.NewSize(w, o.MinSize().Height))
	}
	return fyne.NewSize(float32(m), o.MinSize().Height)
}

// askFolder lets the person choose where something goes.
func (v *View) askFolder(then func(dir string)) {
	dialog.ShowFolderOpen(func(dir fyne.ListableURI, err error) {
		if err == nil && dir != nil {
			then(dir.Path())
		}
	}, v.window)
}

// shortcuts are the keys that work everywhere: Ctrl+1 to 5 for the pages, Ctrl+F
// to search, Ctrl+R to fetch.
func (v *View) shortcuts() {
	on := func(key fyne.KeyName, f func()) {
		v.window.Canvas().AddShortcut(shortcut(key), func(fyne.Shortcut) { f() })
	}
	for i, p := range pages {
		on(fyne.KeyName(fmt.Sprint(i+1)), func() { v.turnTo(p) })
	}
	on(fyne.KeyF, func() {
		v.turnTo(pageApplications)
		v.window.Canvas().Focus(v.list.search)
	})
	on(fyne.KeyR, v.actions.Sync)
}

func shortcut(key fyne.KeyName) fyne.Shortcut {
	return &desktop.CustomShortcut{KeyName: key, Modifier: fyne.KeyModifierShortcutDefault}
}
