package desktop

import (
	"image/color"
	"slices"

	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"puntuale/internal/client"
	"puntuale/internal/client/sending"
	"puntuale/internal/client/store"
)

// clockPart shows the intake's clock: offset, error, round trip, cross-check.
type clockPart struct {
	v         *View
	root      *fyne.Container
	offset    *widget.Label
	detail    *widget.Label
	reference *widget.Label
}

func newClockPart(v *View) *clockPart {
	c := &clockPart{v: v, offset: sized("", theme.SizeNameSubHeadingText, true), detail: caption(""), reference: caption("")}
	c.root = panel(container.New(tight, caption(v.say("clock_title")), c.offset, c.detail, c.reference))
	return c
}

func (c *clockPart) show(k client.ClockView) {
	v := c.v
	offset, detail, reference := "–", v.say("clock_none"), ""
	if k.Known {
		offset, detail = client.OffsetText(k), v.say("clock", k.Node, millis(k.RoundTrip))
		if k.NodeBound > 0 {
			detail += " · " + v.say("clock_utc", millis(k.NodeBound))
		}
	}
	if r := k.Reference; r != nil {
		reference = v.say("ntp_none")
		if r.Server != "" {
			reference = v.say("ntp", r.Server, client.OffsetText(client.ClockView{Offset: r.Offset, Bound: r.Bound}), r.Agreed, r.Asked)
		}
	}
	setLabel(c.offset, offset)
	setLabel(c.detail, detail)
	setLabel(c.reference, reference)
	setVisible(c.reference, reference != "")
}

// linksPart shows every connection as a small square, with their numbers in words.
type linksPart struct {
	v     *View
	root  *fyne.Container
	grid  *fyne.Container
	words *widget.Label
	rest  *widget.Label
}

func newLinksPart(v *View) *linksPart {
	l := &linksPart{v: v, grid: container.New(layout.NewGridWrapLayout(fyne.NewSquareSize(12))), words: paragraph(""), rest: caption("")}
	l.root = panel(container.New(tight, caption(v.say("links_title")), l.words), container.NewPadded(l.grid), l.rest)
	return l
}

// linkColors say what a connection is doing.
var linkColors = map[sending.LinkState]fyne.ThemeColorName{
	sending.LinkNone: theme.ColorNameSeparator, sending.LinkConnecting: theme.ColorNameWarning, sending.LinkWarm: theme.ColorNameSuccess,
	sending.LinkSending: theme.ColorNamePrimary, sending.LinkLost: theme.ColorNameError,
}

func (l *linksPart) show(d *client.DayView) {
	setVisible(l.root, d.Running)
	if !d.Running {
		return
	}
	links, v := d.Progress.Links, l.v
	n := map[sending.LinkState]int{}
	nodes := map[bool]map[int]bool{false: {}, true: {}}
	standby := 0
	for i, k := range links {
		n[k.State]++
		if k.Standby {
			standby++
		}
		nodes[k.Standby][int(k.Node)] = true
		l.paint(i, theme.Color(linkColors[k.State]))
	}
	if len(l.grid.Objects) > len(links) {
		l.grid.Objects = l.grid.Objects[:len(links)]
		l.grid.Refresh()
	}
	setLabel(l.words, v.say("connections", d.Progress.Connections, d.Progress.Wanted)+" · "+v.say("links_home", d.Progress.Home))
	setLabel(l.rest, v.say("links", n[sending.LinkWarm], n[sending.LinkSending], n[sending.LinkConnecting], n[sending.LinkNone], n[sending.LinkLost], standby))
}

// paint gives a square its colour, and makes it first if need be.
func (l *linksPart) paint(i int, c color.Color) {
	if i == len(l.grid.Objects) {
		r := canvas.NewRectangle(c)
		r.CornerRadius = 2
		l.grid.Add(r)
		return
	}
	if r := l.grid.Objects[i].(*canvas.Rectangle); r.FillColor != c {
		r.FillColor = c
		r.Refresh()
	}
}

// outcomeShares of the width: arrival, worker, outcome, number, proof. On a small
// screen the proof is in the detail alone.
var outcomeShares = columns{{128, 0, 0}, {20, 0.79, 0}, {124, 0.11, 0}, {132, 0.05, 0}, {60, 0.05, 640}}

// outcomeList shows what has arrived or was refused, the newest first.
type outcomeList struct {
	v     *View
	day   time.Time // its opening
	rows  []client.Row
	of    []client.Row // what rows was made of
	list  *widget.List
	head  *fyne.Container
	empty *widget.Label
	body  *fyne.Container
}

func newOutcomeList(v *View) *outcomeList {
	o := &outcomeList{v: v, empty: paragraph(v.say("no_outcome"))}
	o.empty.Alignment = fyne.TextAlignCenter
	o.head = v.heads(outcomeShares, "col_arrived", "col_worker", "col_outcome", "col_number", "col_proof")
	o.list = widget.NewList(func() int { return len(o.rows) }, func() fyne.CanvasObject { return newRow(outcomeShares) }, o.fill)
	o.list.OnSelected = func(i widget.ListItemID) {
		id := o.rows[i].Application
		o.list.UnselectAll()
		v.list.open(id)
	}
	o.body = container.NewStack(o.list, container.NewVBox(o.empty))
	return o
}

func (o *outcomeList) show(d *client.DayView) {
	if same(o.of, d.Rows) {
		return
	}
	o.day, o.of, o.rows = d.Opens, d.Rows, nil
	for i := range d.Rows {
		if r := &d.Rows[i]; r.State.Arrived() || r.State == store.Refused {
			o.rows = append(o.rows, *r)
		}
	}
	slices.SortStableFunc(o.rows, func(a, b client.Row) int { return b.Arrived.Compare(a.Arrived) })
	setVisible(o.empty, len(o.rows) == 0)
	o.list.Refresh()
}

func (o *outcomeList) fill(i widget.ListItemID, obj fyne.CanvasObject) {
	if i >= len(o.rows) {
		return // the list got shorter
	}
	row := &o.rows[i]
	proof := "–"
	if row.Proof {
		proof = o.v.say("signed", row.Node)
	}
	o.v.fillRow(obj, row, 2, o.arrival(row.Arrived), row.Worker, client.OutcomeWord(row).In(o.v.lang), row.ProtocolNumber, proof)
}

// arrival writes an instant to the microsecond, with its date only when that is
// not the one of the opening.
func (o *outcomeList) arrival(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	t = t.In(client.Rome)
	if d := o.day.In(client.Rome); t.YearDay() == d.YearDay() && t.Year() == d.Year() {
		return t.Format("15:04:05.000000")
	}
	return t.Format("02/01 15:04:05.000")
}
