package desktop

import (
	"fmt"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"puntuale/internal/client"
	"puntuale/internal/client/store"
)

// heads are the names of columns.
func (v *View) heads(shares columns, keys ...string) *fyne.Container {
	head := container.New(shares)
	for _, key := range keys {
		l := cell()
		l.Text, l.SizeName = v.say(key), theme.SizeNameCaptionText
		head.Add(l)
	}
	return head
}

// newRow is one empty row.
func newRow(shares columns) *fyne.Container {
	row := container.New(shares)
	for range shares {
		row.Add(cell())
	}
	return row
}

func cell() *widget.Label {
	l := widget.NewLabel("")
	l.Truncation = fyne.TextTruncateEllipsis
	return l
}

// fillRow writes texts into a row; the one at the place of the state has its colour.
func (v *View) fillRow(obj fyne.CanvasObject, r *client.Row, place int, texts ...string) {
	cells := obj.(*fyne.Container).Objects
	state := cells[place].(*widget.Label)
	if im := rowImportance(r); state.Importance != im {
		state.Importance = im
		state.Refresh()
	}
	for i, t := range texts {
		setLabel(cells[i].(*widget.Label), t)
	}
}

// rowImportance is that of the outcome: what has arrived, but has no place in the
// quota at the moment, is not good news.
func rowImportance(r *client.Row) widget.Importance {
	if r.List != nil && r.List.Place == store.PlaceWaiting {
		return widget.WarningImportance
	}
	return importance(r.State)
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

// same reports whether two lists are the same one: the core makes a new one for
// every change and never writes into an old one.
func same(a, b []client.Row) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

// millis writes a duration in milliseconds, as offsets are written.
func millis(d time.Duration) string {
	return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond))
}
