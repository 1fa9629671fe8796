package desktop

import (
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"puntuale/internal/clickday"
	"puntuale/internal/client"
)

// tight is a column whose lines belong together.
var tight = layout.NewCustomPaddedVBoxLayout(-10)

// dayPage shows one click day: countdown, clock, button, applications.
type dayPage struct {
	v    *View
	root *fyne.Container

	day       *client.DayView // what is shown; nil when there is none
	selected  string          // code of the day that the person has chosen
	chooser   *widget.Select
	countdown *widget.TextSegment
	big       *widget.RichText
	when      *widget.Label
	hint      *widget.Label
	clock     *widget.Label
	reference *widget.Label
	counts    *widget.Label
	action    *widget.Button
	button    *fyne.Container // around action; hidden when there is nothing to do
	sync      *widget.Button
	save      *widget.Button
	empty     *widget.Label
	middle    *fyne.Container
	rows      *rowList
}

func newDayPage(v *View) *dayPage {
	p := &dayPage{v: v, chooser: widget.NewSelect(nil, nil)}
	p.chooser.OnChanged = p.choose
	p.countdown = &widget.TextSegment{Text: " ", Style: widget.RichTextStyle{
		Alignment: fyne.TextAlignCenter, SizeName: sizeCountdown, ColorName: theme.ColorNamePrimary, TextStyle: fyne.TextStyle{Bold: true},
	}}
	p.big = widget.NewRichText(p.countdown)
	p.when, p.hint, p.clock, p.reference, p.counts = centred(), centred(), centred(), centred(), widget.NewLabel("")
	p.when.TextStyle.Bold, p.counts.TextStyle.Bold = true, true
	p.clock.SizeName, p.reference.SizeName = theme.SizeNameCaptionText, theme.SizeNameCaptionText
	p.action = widget.NewButton(v.say("arm"), p.tap)
	p.action.Importance = widget.HighImportance
	p.sync = widget.NewButtonWithIcon(v.say("sync"), theme.ViewRefreshIcon(), v.actions.Sync)
	p.save = widget.NewButtonWithIcon(v.say("save"), theme.DocumentSaveIcon(), v.askFolder)
	p.empty = paragraph(v.say("none"))
	p.rows = newRowList(v)
	tools := container.NewBorder(nil, nil, nil, container.NewHBox(p.sync, p.save), p.chooser)
	p.button = container.NewCenter(container.NewGridWrap(fyne.NewSize(260, 44), p.action))
	p.middle = container.NewVBox(
		container.New(tight, p.big, p.when), p.button, container.New(tight, p.hint, p.clock, p.reference),
		widget.NewSeparator(), container.New(tight, p.counts, p.rows.head),
	)
	p.root = container.NewPadded(container.NewBorder(
		container.NewVBox(tools, p.empty, p.middle), p.rows.detail, nil, nil, p.rows.list,
	))
	return p
}

func centred() *widget.Label {
	l := widget.NewLabel("")
	l.Alignment = fyne.TextAlignCenter
	l.Truncation = fyne.TextTruncateEllipsis
	return l
}

func (p *dayPage) choose(title string) { p.selected, _, _ = strings.Cut(title, "  ") }

// tap arms, or stops what is armed.
func (p *dayPage) tap() {
	switch {
	case p.day == nil:
	case p.day.Running:
		p.v.actions.Stop()
	default:
		p.v.actions.Send(p.day.Code)
	}
}

func (p *dayPage) show(s client.Snapshot) {
	p.offer(s)
	busy := s.Activity != client.Idle
	if s.Activity == client.Syncs {
		p.sync.SetText(p.v.say("syncing"))
	} else if p.sync.Text != p.v.say("sync") {
		p.sync.SetText(p.v.say("sync"))
	}
	running := false
	for i := range s.Days {
		running = running || s.Days[i].Running
	}
	setEnabled(p.sync, !busy && !running)
	setEnabled(p.save, !busy && p.day != nil && p.day.Counts.Receipted > 0)
	setVisible(p.empty, p.day == nil)
	setVisible(p.middle, p.day != nil)
	setVisible(p.rows.list, p.day != nil)
	if p.day != nil {
		p.showDay(s)
	}
}

// offer fills the chooser and picks the day: the person's, else the first that
// still has something to send, else the first.
func (p *dayPage) offer(s client.Snapshot) {
	var titles []string
	p.day = nil
	var open *client.DayView
	for i := range s.Days {
		d := &s.Days[i]
		titles = append(titles, d.Code+"  "+d.Title.In(p.v.lang))
		if d.Code == p.selected {
			p.day = d
		}
		if open == nil && d.Counts.Open() > 0 {
			open = d
		}
	}
	if p.day == nil && len(s.Days) > 0 {
		if p.day = open; p.day == nil {
			p.day = &s.Days[0]
		}
	}
	setVisible(p.chooser, len(s.Days) > 0)
	if p.day == nil {
		return
	}
	current := p.day.Code + "  " + p.day.Title.In(p.v.lang)
	if strings.Join(titles, "\n") != strings.Join(p.chooser.Options, "\n") {
		p.chooser.SetOptions(titles)
	}
	if p.chooser.Selected != current {
		p.chooser.SetSelected(current)
	}
}

func (p *dayPage) showDay(s client.Snapshot) {
	d := p.day
	big, when := p.phase(s.Clock.Now)
	if p.countdown.Text != big {
		p.countdown.Text = big
		p.big.Refresh()
	}
	setLabel(p.when, when)
	p.showAction()
	setLabel(p.clock, p.clockText(s.Clock))
	p.showReference(s.Clock)
	c := d.Counts
	setLabel(p.counts, p.v.say("counts", c.Total, c.Arrived(), c.Sequenced+c.Receipted, c.Refused))
	p.rows.show(d.Rows)
}

// phase returns the large line and the one below it.
func (p *dayPage) phase(now time.Time) (big, when string) {
	d, v := p.day, p.v
	switch d.Phase {
	case clickday.PhaseSuspended:
		return v.say("is_suspended"), v.say("opens", client.OpeningText(d.Opens))
	case clickday.PhaseOpen:
		return v.say("is_open"), v.say("closes", client.OpeningText(d.Closes))
	case clickday.PhaseAfter:
		return v.say("is_closed"), v.say("closed", client.OpeningText(d.Closes))
	default:
		return client.Countdown(d.Opens.Sub(now), v.lang), v.say("opens", client.OpeningText(d.Opens))
	}
}

func (p *dayPage) showAction() {
	d, v := p.day, p.v
	key, importance, hint := "arm", widget.HighImportance, "not_armed"
	switch {
	case d.Running:
		key, importance, hint = "stop", widget.MediumImportance, "armed"
	case d.Counts.Open() == 0:
		hint = "all_done"
	case d.Phase == clickday.PhaseOpen:
		key, hint = "send_now", "late"
	}
	if p.action.Text != v.say(key) || p.action.Importance != importance {
		p.action.Importance = importance
		p.action.SetText(v.say(key))
	}
	setVisible(p.button, d.Running || d.Counts.Open() > 0)
	text := v.say(hint)
	if d.Running {
		text = client.StageWord(d.Progress.Stage).In(v.lang) + ". " + text
		if t := d.Progress.Trouble; t != nil {
			text = client.Explain(t).In(v.lang)
		}
	}
	setLabel(p.hint, text)
}

func (p *dayPage) clockText(c client.ClockView) string {
	if !c.Known {
		return p.v.say("clock_none")
	}
	text := p.v.say("clock", c.Node, client.OffsetText(c), c.RoundTrip.Round(10*time.Microsecond))
	if p.day.Running {
		text += ", " + p.v.say("connections", p.day.Progress.Connections, p.day.Progress.Wanted)
	}
	return text
}

func (p *dayPage) showReference(c client.ClockView) {
	setVisible(p.reference, c.Reference != nil)
	if r := c.Reference; r != nil {
		text := p.v.say("ntp_none")
		if r.Server != "" {
			text = p.v.say("ntp", r.Server, client.OffsetText(client.ClockView{Offset: r.Offset, Bound: r.Bound}), r.Agreed, r.Asked)
		}
		setLabel(p.reference, text)
	}
}
