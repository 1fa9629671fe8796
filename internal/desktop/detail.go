package desktop

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"puntuale/internal/client"
)

// detailPart is everything there is about one application.
type detailPart struct {
	v       *View
	root    *fyne.Container
	empty   *widget.Label
	scroll  *container.Scroll
	worker  *widget.Label
	state   *widget.Label
	facts   *fields
	order   *fyne.Container
	first   *widget.Button
	up      *widget.Button
	down    *widget.Button
	place   *widget.Label
	content *fyne.Container
	of      *entry
	drawn   string // application and language whose content is shown
}

func newDetailPart(v *View) *detailPart {
	d := &detailPart{v: v, worker: heading(""), state: sized("", theme.SizeNameText, true), facts: newFields(), place: paragraph(""), content: container.NewVBox()}
	d.empty = paragraph(v.say("detail_none"))
	d.empty.Alignment = fyne.TextAlignCenter
	d.first = widget.NewButtonWithIcon(v.say("move_first"), theme.MoveUpIcon(), func() { v.list.move(d.of, 1) })
	d.up = widget.NewButton(v.say("move_up"), func() { v.list.move(d.of, d.of.place-1) })
	d.down = widget.NewButton(v.say("move_down"), func() { v.list.move(d.of, d.of.place+1) })
	d.order = container.NewVBox(d.place, left(d.first, d.up, d.down))
	d.scroll = container.NewVScroll(container.NewVBox(
		container.New(tight, d.worker, d.state), d.order, d.facts.box, widget.NewSeparator(), subheading(v.say("content")), d.content,
	))
	d.root = container.NewStack(newFill(colorPanel, 6), container.NewPadded(container.NewStack(container.NewCenter(container.New(minWidth(240), d.empty)), d.scroll)))
	return d
}

func (d *detailPart) show(e *entry, s *client.Snapshot) {
	d.of = e
	setVisible(d.empty, e == nil)
	setVisible(d.scroll, e != nil)
	if e == nil {
		return
	}
	r, v := e.row, d.v
	setLabel(d.worker, r.Worker)
	if im := rowImportance(r); d.state.Importance != im {
		d.state.Importance = im
		d.state.Refresh()
	}
	setLabel(d.state, client.OutcomeWord(r).In(v.lang))
	d.showOrder(e, s)
	d.facts.show(d.pairs(e)...)
	d.showContent(s.Preview)
}

// pairs are the facts, with their names.
func (d *detailPart) pairs(e *entry) []string {
	r, v := e.row, d.v
	out := []string{
		v.say("f_number"), r.ProtocolNumber,
		v.say("f_list"), client.StandingText(r.List).In(v.lang),
		v.say("f_reason"), reason(r, v.lang),
		v.say("f_employer"), r.Employer,
		v.say("f_day"), e.day.Code + "  " + e.day.Title.In(v.lang),
	}
	if !r.Arrived.IsZero() {
		at := client.ClockText(r.Arrived)
		if r.Bound > 0 {
			at += v.say("f_bound", millis(r.Bound))
		}
		out = append(out, v.say("f_arrived"), at)
	}
	if r.Proof {
		out = append(out, v.say("f_proof"), v.say("proof", r.Node))
	}
	return append(out,
		v.say("f_receipt"), r.ReceiptFile,
		v.say("f_application"), r.Application,
		v.say("f_envelope"), r.Submission,
	)
}

func reason(r *client.Row, lang string) string {
	if r.Code == "" {
		return ""
	}
	return r.Reason.In(lang) + " [" + string(r.Code) + "]"
}

// showOrder offers another place while the application is still to be sent.
func (d *detailPart) showOrder(e *entry, s *client.Snapshot) {
	setVisible(d.order, e.place > 0)
	if e.place == 0 {
		return
	}
	unsent := e.day.Counts.Prepared + e.day.Counts.Armed
	setLabel(d.place, d.v.say("place", e.place, unsent))
	free := !anyRunning(s) && s.Activity == client.Idle
	setEnabled(d.first, free && e.place > 1)
	setEnabled(d.up, free && e.place > 1)
	setEnabled(d.down, free && e.place < unsent)
}

// showContent writes out the sealed document once it is unpacked.
func (d *detailPart) showContent(p client.PreviewView) {
	key := d.of.row.Application + d.v.lang
	if p.Application != d.of.row.Application {
		key = "" // of another one: not there yet
	}
	if key == d.drawn {
		return
	}
	d.drawn = key
	d.content.RemoveAll()
	if key == "" {
		return
	}
	if problem := p.Problem.In(d.v.lang); problem != "" {
		d.content.Add(paragraph(problem))
	}
	for _, section := range p.Sections {
		f := newFields()
		var pairs []string
		for _, row := range section.Rows {
			pairs = append(pairs, row.Label, row.Value)
		}
		f.show(pairs...)
		d.content.Add(sized(section.Title, theme.SizeNameText, true))
		d.content.Add(f.box)
	}
}
