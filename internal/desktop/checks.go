package desktop

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"puntuale/internal/client"
)

// testPart is the self-test: what was looked at, what to mend and how.
type testPart struct {
	v     *View
	root  *fyne.Container
	start *widget.Button
	bar   *widget.ProgressBarInfinite
	list  *fyne.Container
	seen  []client.Check
}

func newTestPart(v *View) *testPart {
	t := &testPart{v: v, bar: widget.NewProgressBarInfinite(), list: container.New(layout.NewCustomPaddedVBoxLayout(0))}
	t.start = widget.NewButtonWithIcon(v.say("test"), theme.SearchIcon(), v.actions.SelfTest)
	t.bar.Hide()
	t.root = container.NewVBox(left(t.start), t.bar, t.list)
	return t
}

func (t *testPart) show(s *client.Snapshot) {
	setEnabled(t.start, s.Activity == client.Idle)
	setVisible(t.bar, s.Activity == client.Tests)
	if len(t.seen) == len(s.Checks) && (len(t.seen) == 0 || t.seen[len(t.seen)-1] == s.Checks[len(s.Checks)-1]) {
		return
	}
	t.seen = s.Checks
	t.list.RemoveAll()
	for i := range s.Checks {
		t.list.Add(t.v.checkRow(&s.Checks[i]))
	}
}

// checkRow is one check: mark, title and finding, and below what to do.
func (v *View) checkRow(k *client.Check) fyne.CanvasObject {
	icon, importance := theme.NewSuccessThemedResource(theme.ConfirmIcon()), widget.MediumImportance
	var mark fyne.Resource = icon
	switch k.Grade {
	case client.Warn:
		mark, importance = theme.NewWarningThemedResource(theme.WarningIcon()), widget.WarningImportance
	case client.Bad:
		mark, importance = theme.NewErrorThemedResource(theme.ErrorIcon()), widget.DangerImportance
	}
	title := sized(k.Title.In(v.lang)+" · "+v.say("grade_"+string(k.Grade)), theme.SizeNameText, true)
	title.Importance = importance
	lines := container.New(tight, title, paragraph(k.Finding.In(v.lang)))
	if mend := k.Mend.In(v.lang); mend != "" {
		todo := paragraph("→ " + mend)
		todo.Selectable = true
		lines.Add(todo)
	}
	return container.NewBorder(nil, nil, container.NewVBox(container.NewPadded(widget.NewIcon(mark))), nil, lines)
}

// checksPage has the self-test, the rehearsal and the report for the help desk.
type checksPage struct {
	v      *View
	root   *container.Scroll
	test   *testPart
	play   *playPart
	played *widget.Label // heads the rehearsal
	report *reportPart
}

func newChecksPage(v *View) *checksPage {
	c := &checksPage{v: v, test: newTestPart(v), play: newPlayPart(v), played: heading(v.say("play_title")), report: newReportPart(v)}
	c.root = page(
		heading(v.say("test_title")), paragraph(v.say("test_text")), c.test.root, widget.NewSeparator(),
		c.played, paragraph(v.say("play_text")), c.play.root, widget.NewSeparator(),
		heading(v.say("report_title")), paragraph(v.say("report_text")), c.report.root,
	)
	return c
}

func (c *checksPage) show(s *client.Snapshot) {
	c.test.show(s)
	c.play.show(s)
	c.report.show(s)
}

// reportPart makes the report for the help desk with one tap, and shows all of it.
type reportPart struct {
	v    *View
	root *fyne.Container
	make *widget.Button
	copy *widget.Button
	save *widget.Button
	text *widget.Label
	box  *fyne.Container
}

func newReportPart(v *View) *reportPart {
	r := &reportPart{v: v, text: caption("")}
	r.text.TextStyle.Monospace, r.text.Selectable = true, true
	r.make = widget.NewButtonWithIcon(v.say("report"), theme.DocumentCreateIcon(), func() { v.actions.Diagnose(v.lang) })
	r.copy = widget.NewButtonWithIcon(v.say("copy"), theme.ContentCopyIcon(), func() { v.app.Clipboard().SetContent(r.text.Text) })
	r.save = widget.NewButtonWithIcon(v.say("save_report"), theme.DocumentSaveIcon(), func() { v.askFolder(v.actions.SaveReport) })
	r.box = panel(r.text)
	r.root = container.NewVBox(left(r.make, r.copy, r.save), r.box)
	return r
}

func (r *reportPart) show(s *client.Snapshot) {
	setEnabled(r.make, s.Activity == client.Idle)
	setEnabled(r.copy, s.Report != "")
	setEnabled(r.save, s.Report != "")
	setVisible(r.box, s.Report != "")
	setLabel(r.text, s.Report)
}
