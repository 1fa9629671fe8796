package desktop

import (
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"puntuale/internal/clickday"
	"puntuale/internal/client"
)

// dayPage is the click day: countdown, clock, connections, numbers, outcomes.
type dayPage struct {
	v    *View
	root *fyne.Container

	day       *client.DayView // what is shown; nil when there is none
	selected  string          // code of the day that the person has chosen
	chooser   *widget.Select
	countdown *widget.Label
	when      *widget.Label
	hint      *widget.Label
	warnings  *widget.Label
	worries   *fyne.Container // around warnings
	action    *widget.Button
	button    *fyne.Container // around action; hidden when there is nothing to do
	sync      *widget.Button
	rehearse  *widget.Button // leads to the rehearsal
	receipts  *widget.Button
	proofs    *widget.Button
	empty     *fyne.Container
	full      *fyne.Container
	clock     *clockPart
	links     *linksPart
	tiles     [6]*tile
	outcomes  *outcomeList
}

// tileWords are the numbers on the page of a click day, in order.
var tileWords = [6]string{"n_ready", "n_sending", "n_acknowledged", "n_numbered", "n_receipts", "n_refused"}

func newDayPage(v *View) *dayPage {
	p := &dayPage{v: v, chooser: widget.NewSelect(nil, nil), clock: newClockPart(v), links: newLinksPart(v), outcomes: newOutcomeList(v)}
	p.chooser.OnChanged = p.choose
	p.countdown = sized(" ", sizeCountdown, true)
	p.countdown.Importance, p.countdown.Wrapping, p.countdown.Alignment = widget.HighImportance, fyne.TextWrapOff, fyne.TextAlignCenter
	p.when, p.hint, p.warnings = sized("", theme.SizeNameText, true), paragraph(""), paragraph("")
	p.when.Alignment, p.hint.Alignment = fyne.TextAlignCenter, fyne.TextAlignCenter
	p.warnings.Importance = widget.WarningImportance
	p.worries = panel(p.warnings)
	p.action = primary(v.say("arm"), p.tap)
	p.button = container.NewCenter(container.NewGridWrap(fyne.NewSize(250, 44), p.action))
	p.sync = widget.NewButtonWithIcon(v.say("sync"), theme.ViewRefreshIcon(), v.actions.Sync)
	p.rehearse = widget.NewButtonWithIcon(v.say("play_go"), theme.MediaPlayIcon(), v.toRehearsal)
	p.receipts = widget.NewButtonWithIcon(v.say("save"), theme.DocumentSaveIcon(), func() { v.askFolder(v.actions.SaveReceipts) })
	p.proofs = widget.NewButton(v.say("save_proofs"), func() { v.askFolder(v.actions.SaveProofs) })
	p.empty = container.New(column(640), container.NewPadded(container.NewVBox(heading(v.say("none_title")), paragraph(v.say("none")))))
	p.full = container.New(sides(0.35), p.left(), p.right())
	tools := container.NewPadded(container.NewBorder(nil, nil, nil, container.NewHBox(p.rehearse, p.sync), p.chooser))
	p.root = container.NewBorder(tools, nil, nil, nil, container.NewStack(p.empty, container.NewPadded(p.full)))
	return p
}

// left is what is known before: time, clock, connections.
func (p *dayPage) left() fyne.CanvasObject {
	return container.NewVScroll(container.NewVBox(
		panel(
			container.New(tight, p.countdown, p.when),
			p.button, p.hint,
		),
		p.links.root, p.clock.root, p.worries,
	))
}

// right is what comes of it.
func (p *dayPage) right() fyne.CanvasObject {
	grid := container.NewGridWithColumns(len(p.tiles))
	for i, word := range tileWords {
		p.tiles[i] = newTile(p.v.say(word))
		grid.Add(p.tiles[i].root)
	}
	bottom := container.NewHBox(p.receipts, p.proofs)
	return container.NewBorder(container.NewVBox(grid, p.outcomes.head), bottom, nil, nil, p.outcomes.body)
}

func (p *dayPage) choose(title string) {
	if code, _, _ := strings.Cut(title, "  "); code != p.selected {
		p.selected = code
		p.v.draw()
	}
}

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

func (p *dayPage) show(s *client.Snapshot) {
	p.offer(s)
	busy, running := s.Activity != client.Idle, anyRunning(s)
	key := "sync"
	if s.Activity == client.Syncs {
		key = "syncing"
	}
	setButton(p.sync, p.v.say(key), widget.MediumImportance)
	setEnabled(p.sync, !busy && !running)
	setEnabled(p.rehearse, !running)
	setVisible(p.empty, p.day == nil)
	setVisible(p.full, p.day != nil)
	if p.day != nil {
		p.showDay(s, busy)
	}
}

func anyRunning(s *client.Snapshot) bool {
	for i := range s.Days {
		if s.Days[i].Running {
			return true
		}
	}
	return false
}

// chosenDay is the person's, else the first that still has something to send,
// else the first; nil without any.
func chosenDay(s *client.Snapshot, code string) *client.DayView {
	var open *client.DayView
	for i := range s.Days {
		d := &s.Days[i]
		if d.Code == code {
			return d
		}
		if open == nil && d.Counts.Open() > 0 {
			open = d
		}
	}
	if open == nil && len(s.Days) > 0 {
		open = &s.Days[0]
	}
	return open
}

// offer fills the chooser and picks the day.
func (p *dayPage) offer(s *client.Snapshot) {
	title := func(d *client.DayView) string { return d.Code + "  " + d.Title.In(p.v.lang) }
	p.day = chosenDay(s, p.selected)
	setVisible(p.chooser, p.day != nil)
	if p.day == nil {
		return
	}
	var titles []string
	for i := range s.Days {
		titles = append(titles, title(&s.Days[i]))
	}
	p.chooser.OnChanged = nil
	if strings.Join(titles, "\n") != strings.Join(p.chooser.Options, "\n") {
		p.chooser.SetOptions(titles)
	}
	if now := title(p.day); p.chooser.Selected != now {
		p.chooser.SetSelected(now)
	}
	p.chooser.OnChanged = p.choose
}

func (p *dayPage) showDay(s *client.Snapshot, busy bool) {
	d := p.day
	big, when := p.phase(s.Clock.Now)
	p.enlarge(big)
	setLabel(p.when, when)
	p.showAction()
	p.showWarnings(s)
	p.clock.show(s.Clock)
	p.links.show(d)
	c := d.Counts
	numbers := [6]int{c.Prepared + c.Armed, c.Sending, c.Arrived(), c.Sequenced + c.Receipted, c.Receipted, c.Refused}
	colors := [6]widget.Importance{widget.HighImportance, widget.WarningImportance, widget.SuccessImportance, widget.SuccessImportance, widget.SuccessImportance, widget.DangerImportance}
	for i, t := range p.tiles {
		if numbers[i] == 0 {
			colors[i] = widget.MediumImportance
		}
		t.show(p.v.say("n", numbers[i]), colors[i])
	}
	p.outcomes.show(d)
	setEnabled(p.receipts, !busy && c.Receipted > 0)
	setEnabled(p.proofs, !busy && c.Arrived() > 0)
}

// enlarge writes the large line, a little smaller when it is long.
func (p *dayPage) enlarge(text string) {
	size := sizeCountdown
	if len(text) > len("00:00:00.0") {
		size = sizeLong
	}
	if p.countdown.SizeName != size {
		p.countdown.SizeName = size
		p.countdown.Refresh()
	}
	setLabel(p.countdown, text)
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
	key, importance, hint := "arm", widget.HighImportance, v.say("not_armed")
	switch {
	case d.Running:
		key, importance, hint = "stop", widget.MediumImportance, client.StageWord(d.Progress.Stage).In(v.lang)+". "+v.say("armed")
		if t := d.Progress.Trouble; t != nil {
			hint = client.Explain(t).In(v.lang)
		}
	case d.Counts.Open() == 0:
		hint = v.say("all_done")
	case d.Phase == clickday.PhaseOpen:
		key, hint = "send_now", v.say("late")
	}
	setButton(p.action, v.say(key), importance)
	setVisible(p.button, d.Running || d.Counts.Open() > 0)
	setLabel(p.hint, hint)
}

// showWarnings says what can still go wrong with this computer.
func (p *dayPage) showWarnings(s *client.Snapshot) {
	var lines []string
	if a := client.ClockAdvice(s.Clock).In(p.v.lang); a != "" {
		lines = append(lines, p.v.say("pc_clock")+" "+a)
	}
	for _, w := range s.Awake.Warnings {
		lines = append(lines, w.In(p.v.lang))
	}
	setVisible(p.worries, len(lines) > 0)
	setLabel(p.warnings, strings.Join(lines, "\n"))
}
