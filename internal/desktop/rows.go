package desktop

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"puntuale/internal/client"
	"puntuale/internal/client/store"
)

// shares of the width: worker, employer, state, arrival, number.
var shares = columns{0.22, 0.23, 0.20, 0.19, 0.16}

// rowList is the list of a day's applications with the detail of one of them.
type rowList struct {
	v        *View
	rows     []client.Row
	list     *widget.List
	head     *fyne.Container
	detail   *fyne.Container
	text     *widget.Label
	selected string // application whose detail is shown
}

func newRowList(v *View) *rowList {
	r := &rowList{v: v, text: paragraph("")}
	r.list = widget.NewList(func() int { return len(r.rows) }, newRow, r.fill)
	r.list.OnSelected = func(i widget.ListItemID) {
		r.selected = r.rows[i].Application
		r.showDetail()
	}
	r.head = container.New(shares)
	for _, key := range []string{"col_worker", "col_employer", "col_state", "col_arrived", "col_number"} {
		l := widget.NewLabel(v.say(key))
		l.SizeName = theme.SizeNameCaptionText
		r.head.Add(l)
	}
	r.detail = container.NewVBox(widget.NewSeparator(), r.text)
	r.detail.Hide()
	return r
}

// newRow is one empty row.
func newRow() fyne.CanvasObject {
	worker := cell()
	worker.TextStyle.Bold = true
	return container.New(shares, worker, cell(), cell(), cell(), cell())
}

func cell() *widget.Label {
	l := widget.NewLabel("")
	l.Truncation = fyne.TextTruncateEllipsis
	return l
}

func (r *rowList) fill(i widget.ListItemID, o fyne.CanvasObject) {
	if i >= len(r.rows) {
		return // the list got shorter
	}
	row := r.rows[i]
	cells := o.(*fyne.Container).Objects
	setLabel(cells[0].(*widget.Label), row.Worker)
	setLabel(cells[1].(*widget.Label), row.Employer)
	state := cells[2].(*widget.Label)
	if im := importance(row.State); state.Importance != im {
		state.Importance = im
		state.Refresh()
	}
	setLabel(state, client.StateWord(row.State).In(r.v.lang))
	setLabel(cells[3].(*widget.Label), arrival(row.Arrived))
	setLabel(cells[4].(*widget.Label), row.ProtocolNumber)
}

func importance(s store.State) widget.Importance {
	switch {
	case s.Arrived():
		return widget.SuccessImportance
	case s == store.Refused:
		return widget.DangerImportance
	case s == store.Sending:
		return widget.WarningImportance
	case s == store.Armed:
		return widget.HighImportance
	default:
		return widget.MediumImportance
	}
}

func arrival(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(client.Rome).Format("02/01 15:04:05.000000")
}

// show redraws the list when any visible word of it may have changed.
func (r *rowList) show(rows []client.Row) {
	if sameRows(r.rows, rows) {
		return
	}
	r.rows = rows
	r.list.Refresh()
	r.showDetail()
}

func sameRows(a, b []client.Row) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// showDetail writes everything there is about the selected application.
func (r *rowList) showDetail() {
	for i := range r.rows {
		if r.rows[i].Application == r.selected {
			setLabel(r.text, r.detailText(&r.rows[i]))
			setVisible(r.detail, true)
			return
		}
	}
	setVisible(r.detail, false)
}

func (r *rowList) detailText(row *client.Row) string {
	v := r.v
	text := v.say("detail", row.Worker, row.Model, row.Application, row.Submission)
	if !row.Arrived.IsZero() {
		text += "\n" + v.say("detail_at", client.ClockText(row.Arrived), row.Node)
		if row.Bound > 0 {
			text += v.say("detail_bound", row.Bound)
		}
	}
	if row.Code != "" {
		text += "\n[" + string(row.Code) + "] " + row.Reason.In(v.lang)
	}
	if row.ReceiptFile != "" {
		text += "\n" + v.say("detail_file", row.ReceiptFile)
	}
	return text
}
