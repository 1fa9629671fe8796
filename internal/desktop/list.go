package desktop

import (
	"cmp"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"puntuale/internal/client"
	"puntuale/internal/client/store"
)

// listShares of the width: place, worker, employer, state, number. On a small
// screen the employer is in the detail alone, so that the worker can be read.
var listShares = columns{{54, 0, 0}, {60, 0.46, 0}, {50, 0.42, 640}, {120, 0.08, 0}, {130, 0.04, 0}}

// listFilters say which states each filter lets through; the first lets all.
var listFilters = []struct {
	key   string
	holds func(s store.State) bool
}{
	{"filter_all", func(store.State) bool { return true }},
	{"filter_open", store.State.Unsent},
	{"filter_sending", func(s store.State) bool { return s == store.Sending }},
	{"filter_arrived", store.State.Arrived},
	{"filter_numbered", func(s store.State) bool { return s == store.Sequenced || s == store.Receipted }},
	{"filter_receipted", func(s store.State) bool { return s == store.Receipted }},
	{"filter_refused", func(s store.State) bool { return s == store.Refused }},
}

// listOrders are the orders of the rows within a day; the first is that of sending.
var listOrders = []struct {
	key     string
	compare func(a, b *client.Row) int
}{
	{"order_own", nil},
	{"order_worker", func(a, b *client.Row) int { return strings.Compare(a.Worker, b.Worker) }},
	{"order_employer", func(a, b *client.Row) int { return strings.Compare(a.Employer, b.Employer) }},
	{"order_state", func(a, b *client.Row) int { return strings.Compare(string(a.State), string(b.State)) }},
	{"order_arrived", func(a, b *client.Row) int {
		return cmp.Or(-cmp.Compare(b2i(!a.Arrived.IsZero()), b2i(!b.Arrived.IsZero())), a.Arrived.Compare(b.Arrived))
	}},
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// entry is one line of the list: the head of a day, or an application.
type entry struct {
	day   *client.DayView
	row   *client.Row // nil for a head
	place int         // among those still to be sent, from 1; 0 when it is not
}

// listPage shows every application, grouped by click day, with the detail of one.
type listPage struct {
	v        *View
	root     *fyne.Container
	search   *widget.Entry
	filter   *widget.Select
	order    *widget.Select
	found    *widget.Label
	list     *widget.List
	none     *fyne.Container
	detail   *detailPart
	entries  []entry
	seen     [][]client.Row // rows that the entries were made of
	auto     string         // code of the day that is sent
	selected string         // application whose detail is shown
	days     []client.DayView
}

func newListPage(v *View) *listPage {
	l := &listPage{v: v, search: widget.NewEntry(), found: caption("")}
	l.search.SetPlaceHolder(v.say("search"))
	l.search.ActionItem = widget.NewIcon(theme.SearchIcon())
	l.search.OnChanged = func(string) { l.remake() }
	l.filter = l.choice(len(listFilters), func(i int) string { return listFilters[i].key })
	l.order = l.choice(len(listOrders), func(i int) string { return listOrders[i].key })
	l.list = widget.NewList(func() int { return len(l.entries) }, l.newEntry, l.fill)
	l.list.OnSelected = l.tap
	l.detail = newDetailPart(v)
	l.none = container.New(column(560), container.NewPadded(paragraph(v.say("none"))))
	l.found.Wrapping, l.found.Truncation = fyne.TextWrapOff, fyne.TextTruncateEllipsis
	tools := container.NewBorder(nil, nil, nil, container.NewHBox(container.New(minWidth(130), l.filter), container.New(minWidth(165), l.order)), l.search)
	head := v.heads(listShares, "col_place", "col_worker", "col_employer", "col_state", "col_number")
	table := container.NewBorder(container.NewVBox(tools, l.found, head), nil, nil, nil, container.NewStack(l.list, l.none))
	l.root = container.NewPadded(container.New(sides(0.64), table, l.detail.root))
	return l
}

func (l *listPage) choice(n int, key func(int) string) *widget.Select {
	s := widget.NewSelect(nil, nil)
	for i := range n {
		s.Options = append(s.Options, l.v.say(key(i)))
	}
	s.SetSelectedIndex(0)
	s.OnChanged = func(string) { l.remake() }
	return s
}

// newEntry can be either: a head of a day over the whole width, or a row.
func (l *listPage) newEntry() fyne.CanvasObject {
	day := cell()
	day.TextStyle.Bold, day.Importance = true, widget.HighImportance
	note := cell()
	note.SizeName = theme.SizeNameCaptionText
	head := container.New(columns{{120, 0.35, 0}, {120, 0.65, 0}}, day, note)
	return container.NewStack(container.NewStack(newFill(colorPanel, 0), head), newRow(listShares))
}

func (l *listPage) fill(i widget.ListItemID, obj fyne.CanvasObject) {
	if i >= len(l.entries) {
		return // the list got shorter
	}
	e := &l.entries[i]
	both := obj.(*fyne.Container).Objects
	head, row := both[0].(*fyne.Container), both[1]
	setVisible(head, e.row == nil)
	setVisible(row, e.row != nil)
	if e.row == nil {
		words := head.Objects[1].(*fyne.Container).Objects
		setLabel(words[0].(*widget.Label), e.day.Code+"  "+e.day.Title.In(l.v.lang))
		setLabel(words[1].(*widget.Label), l.dayNote(e.day))
		return
	}
	place := ""
	if e.place > 0 {
		place = l.v.say("n", e.place)
	}
	l.v.fillRow(row, e.row, 3, place, e.row.Worker, e.row.Employer, client.OutcomeWord(e.row).In(l.v.lang), e.row.ProtocolNumber)
}

func (l *listPage) dayNote(d *client.DayView) string {
	note := d.Opens.In(client.Rome).Format("02/01/2006 15:04")
	if d.Code == l.auto && d.Counts.Open() > 0 {
		return l.v.say("auto", d.Counts.Open()) + " · " + note
	}
	return l.v.say("day_note", d.Counts.Total) + " · " + note
}

func (l *listPage) show(s *client.Snapshot) {
	l.days = s.Days
	auto := ""
	if d := chosenDay(s, l.v.days.selected); d != nil {
		auto = d.Code
	}
	fresh := auto != l.auto || len(s.Days) != len(l.seen)
	for i := 0; i < len(s.Days) && !fresh; i++ {
		fresh = !same(s.Days[i].Rows, l.seen[i])
	}
	l.auto = auto
	if fresh {
		l.remake()
	}
	setVisible(l.none, len(s.Days) == 0)
	l.detail.show(l.find(), s)
}

// remake makes the entries out of the days, by search, filter and order.
func (l *listPage) remake() {
	l.entries, l.seen = l.entries[:0], l.seen[:0]
	total, shown := 0, 0
	for i := range l.days {
		d := &l.days[i]
		l.seen = append(l.seen, d.Rows)
		total += len(d.Rows)
		rows := l.choose(d)
		if len(rows) == 0 {
			continue
		}
		shown += len(rows)
		l.entries = append(append(l.entries, entry{day: d}), rows...)
	}
	setLabel(l.found, l.v.say("found", shown, total))
	l.list.Refresh()
	l.reselect()
}

// choose returns the entries of a day that the search and the filter let through.
func (l *listPage) choose(d *client.DayView) []entry {
	wanted := strings.ToLower(strings.TrimSpace(l.search.Text))
	holds := listFilters[max(0, l.filter.SelectedIndex())].holds
	var out []entry
	place := 0
	for i := range d.Rows {
		r := &d.Rows[i]
		e := entry{day: d, row: r}
		if r.State.Unsent() {
			place++
			e.place = place
		}
		if holds(r.State) && (wanted == "" || matches(r, wanted)) {
			out = append(out, e)
		}
	}
	if compare := listOrders[max(0, l.order.SelectedIndex())].compare; compare != nil {
		slices.SortStableFunc(out, func(a, b entry) int { return compare(a.row, b.row) })
	}
	return out
}

func matches(r *client.Row, wanted string) bool {
	for _, text := range []string{r.Worker, r.Employer, r.ProtocolNumber, r.Application, r.Submission} {
		if strings.Contains(strings.ToLower(text), wanted) {
			return true
		}
	}
	return false
}

func (l *listPage) tap(i widget.ListItemID) {
	if l.entries[i].row == nil {
		l.list.Unselect(i)
		return
	}
	if id := l.entries[i].row.Application; id != l.selected {
		l.selected = id
		l.v.actions.Preview(id, l.v.lang)
		l.detail.show(l.find(), &l.v.last)
	}
}

// open turns to this page with one application selected, whatever the search was.
func (l *listPage) open(application string) {
	l.search.SetText("")
	l.filter.SetSelectedIndex(0)
	l.v.turnTo(pageApplications)
	for i := range l.entries {
		if r := l.entries[i].row; r != nil && r.Application == application {
			l.list.Select(i)
			return
		}
	}
}

// reselect keeps the mark on the selected application after the rows have moved.
func (l *listPage) reselect() {
	for i := range l.entries {
		if r := l.entries[i].row; r != nil && r.Application == l.selected {
			l.list.Select(i)
			return
		}
	}
	l.list.UnselectAll()
}

// find returns the selected application; nil without one.
func (l *listPage) find() *entry {
	for i := range l.days {
		place := 0
		for j := range l.days[i].Rows {
			r := &l.days[i].Rows[j]
			if r.State.Unsent() {
				place++
			}
			if r.Application == l.selected {
				e := &entry{day: &l.days[i], row: r}
				if r.State.Unsent() {
					e.place = place
				}
				return e
			}
		}
	}
	return nil
}

// move puts the selected application to another place (from 1) among those of
// its day that are still to be sent.
func (l *listPage) move(e *entry, to int) {
	var unsent []string
	named := to
	for i := range e.day.Rows {
		if r := &e.day.Rows[i]; r.State.Unsent() {
			if unsent = append(unsent, r.Application); r.Rank > 0 {
				named = max(named, len(unsent))
			}
		}
	}
	if to < 1 || to > len(unsent) {
		return
	}
	named = max(named, e.place)
	unsent = slices.Insert(slices.Delete(unsent, e.place-1, e.place), to-1, e.row.Application)
	order := unsent[:named]
	for i := range l.days {
		for j := range l.days[i].Rows {
			if r := &l.days[i].Rows[j]; l.days[i].ID != e.day.ID && r.Rank > 0 && r.State.Unsent() {
				order = append(order, r.Application)
			}
		}
	}
	l.v.actions.SetOrder(order)
}
