package desktop

import (
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"puntuale/internal/client"
)

// playSteps are the phases that are shown, in order, by the key of their text.
var playSteps = []struct {
	key    string
	phases []client.RehearsalPhase
}{
	{"play_step_checks", []client.RehearsalPhase{client.PhaseChecks}},
	{"play_step_tickets", []client.RehearsalPhase{client.PhaseTickets}},
	{"play_step_firing", []client.RehearsalPhase{client.PhaseFiring}},
	{"play_step_numbers", []client.RehearsalPhase{client.PhaseNumbers, client.PhaseReceipts}},
	{"play_step_report", []client.RehearsalPhase{client.PhaseReport}},
}

// playRows is how many applications of a rehearsal are shown; all are in the report.
const playRows = 20

// playPart is the rehearsal: what it is doing, then how it went.
type playPart struct {
	v       *View
	root    *fyne.Container
	start   *widget.Button
	cancel  *widget.Button
	running *fyne.Container
	left    *widget.Label
	stage   *widget.Label
	counts  *widget.Label
	marks   []*widget.Icon
	words   []*widget.Label

	band    *fyne.Container // that nothing has value
	verdict *widget.Label
	result  *fields
	mend    *fyne.Container
	rows    *fields
	open    *widget.Button
	done    *fyne.Container
	seen    *client.RehearsalReport
	lang    string
}

func newPlayPart(v *View) *playPart {
	p := &playPart{v: v, left: sized("", sizeFigure, true), stage: paragraph(""), counts: paragraph(""), verdict: sized("", theme.SizeNameText, true), result: newWideFields(), rows: newWideFields()}
	p.left.Importance = widget.HighImportance
	p.start = widget.NewButtonWithIcon(v.say("play"), theme.MediaPlayIcon(), v.actions.Rehearse)
	p.cancel = widget.NewButton(v.say("cancel"), v.actions.Cancel)
	steps := container.New(layout.NewCustomPaddedVBoxLayout(-8))
	for _, s := range playSteps {
		icon, word := widget.NewIcon(theme.RadioButtonIcon()), widget.NewLabel(v.say(s.key))
		p.marks, p.words = append(p.marks, icon), append(p.words, word)
		steps.Add(container.NewHBox(icon, word))
	}
	p.running = panel(container.New(tight, p.left, p.stage, p.counts), container.NewPadded(steps), left(p.cancel))
	note := sized(v.say("play_band"), theme.SizeNameText, true)
	note.Importance, note.Alignment = widget.WarningImportance, fyne.TextAlignCenter
	p.band = panel(note)
	p.mend = container.New(layout.NewCustomPaddedVBoxLayout(-6))
	p.open = widget.NewButtonWithIcon(v.say("play_open"), theme.FolderOpenIcon(), p.browse)
	p.done = container.NewVBox(p.band, p.verdict, p.result.box, p.mend, p.rows.box, left(p.open))
	p.root = container.NewVBox(left(p.start), p.running, p.done)
	return p
}

// toRehearsal turns to the page of checks where the rehearsal is.
func (v *View) toRehearsal() {
	v.turnTo(pageChecks)
	v.checks.root.ScrollToOffset(fyne.NewPos(0, v.checks.played.Position().Y))
}

// browse opens the folder of the last report.
func (p *playPart) browse() {
	if p.seen == nil || p.seen.Folder == "" {
		return
	}
	path := filepath.ToSlash(p.seen.Folder)
	if !strings.HasPrefix(path, "/") { // C:/…
		path = "/" + path
	}
	p.v.actions.Browse((&url.URL{Scheme: "file", Path: path}).String())
}

func (p *playPart) show(s *client.Snapshot) {
	v, r := p.v, s.Rehearsal.Report
	running := s.Activity == client.Plays
	key := "play"
	if s.Rehearsal.Unfinished {
		key = "play_resume"
	}
	p.start.SetText(v.say(key))
	setEnabled(p.start, s.Activity == client.Idle && s.Paired && !anyRunning(s))
	setVisible(p.running, running)
	setVisible(p.done, !running && r != nil)
	if running {
		p.showStep(s)
	} else if r != nil {
		p.showReport(r)
	}
}

// showStep shows what is being done, the countdown while it waits, and how many
// have come how far.
func (p *playPart) showStep(s *client.Snapshot) {
	v, step := p.v, s.Rehearsal.Step
	if step == nil {
		step = &client.RehearsalStep{Phase: client.PhaseChecks}
	}
	text, stage := "…", v.say("play_prepares")
	if pr := step.Progress; pr != nil && step.Phase == client.PhaseFiring {
		stage = client.StageWord(pr.Stage).In(v.lang) + " · " + v.say("connections", pr.Connections, pr.Wanted)
	}
	if step.Phase == client.PhaseFiring && !step.Opens.IsZero() {
		text = client.Countdown(step.Opens.Sub(s.Clock.Now), v.lang)
	}
	c := step.Counts
	if c.Arrived() > 0 {
		text, stage = v.say("of", c.Receipted, c.Total), v.say("play_waits")
	}
	setLabel(p.left, text)
	setLabel(p.stage, stage)
	setLabel(p.counts, v.say("play_counts", c.Total, c.Arrived(), c.Sequenced+c.Receipted, c.Receipted))
	setVisible(p.counts, c.Total > 0)
	p.showSteps(step.Phase)
}

func (p *playPart) showSteps(now client.RehearsalPhase) {
	past := true
	for i, s := range playSteps {
		here := false
		for _, phase := range s.phases {
			here = here || phase == now
		}
		past = past && !here
		icon := theme.RadioButtonIcon()
		switch {
		case here:
			icon = theme.NewPrimaryThemedResource(theme.MediaPlayIcon())
		case past:
			icon = theme.NewSuccessThemedResource(theme.ConfirmIcon())
		}
		if p.marks[i].Resource == nil || p.marks[i].Resource.Name() != icon.Name() {
			p.marks[i].SetResource(icon)
		}
		if p.words[i].TextStyle.Bold != here {
			p.words[i].TextStyle.Bold = here
			p.words[i].Refresh()
		}
	}
}

// showReport shows how the last one went.
func (p *playPart) showReport(r *client.RehearsalReport) {
	v := p.v
	if p.seen == r && p.lang == v.lang {
		return
	}
	p.seen, p.lang = r, v.lang
	if p.verdict.Importance = widget.SuccessImportance; !r.Good {
		p.verdict.Importance = widget.DangerImportance
	}
	setLabel(p.verdict, r.Verdict.In(v.lang))
	setVisible(p.open, r.Folder != "")
	p.result.show(
		v.say("play_when"), r.Code+" · "+client.OpeningText(r.Opens),
		v.say("play_what"), v.say(map[bool]string{true: "play_samples", false: "play_copies"}[r.Samples], r.Applications),
		v.say("play_resumed"), map[bool]string{true: v.say("play_resumed_text")}[r.Resumed],
		v.say("play_arrivals"), v.say("of", r.Acknowledged, r.Applications),
		v.say("play_early"), v.say("n", r.Early),
		v.say("play_first"), millis(r.First),
		v.say("play_last"), millis(r.Last),
		v.say("play_numbers"), v.say("of", r.Numbered, r.Applications)+p.within(r.NumbersAfter),
		v.say("play_receipts"), v.say("of", r.Receipts, r.Applications)+p.within(r.ReceiptsAfter),
		v.say("play_links"), v.say("n", r.Connections),
		v.say("play_clock"), client.OffsetText(client.ClockView{Offset: r.Offset, Bound: r.Bound}),
		v.say("play_trip"), millis(r.RoundTrip),
		v.say("play_folder"), r.Folder,
	)
	p.mend.RemoveAll()
	p.mend.Add(subheading(v.say("play_mend")))
	for _, t := range r.Mend {
		p.mend.Add(paragraph("→ " + t.In(v.lang)))
	}
	if len(r.Mend) == 0 {
		p.mend.Add(paragraph(v.say("play_mend_none")))
	}
	p.showRows(r)
}

func (p *playPart) showRows(r *client.RehearsalReport) {
	var pairs []string
	for i := range r.Rows[:min(len(r.Rows), playRows)] {
		row := &r.Rows[i]
		text := client.StateWord(row.State).In(p.v.lang)
		if row.ProtocolNumber != "" {
			text = row.ProtocolNumber + " · " + text
		}
		if !row.Arrived.IsZero() {
			text += "\n" + client.ClockText(row.Arrived) + " (+" + millis(row.Lateness) + ")"
		}
		if row.Code != "" {
			text += "\n" + row.Reason.In(p.v.lang)
		}
		pairs = append(pairs, row.Worker, text)
	}
	if more := len(r.Rows) - playRows; more > 0 {
		pairs = append(pairs, "…", p.v.say("play_more", more))
	}
	p.rows.show(pairs...)
}

// within says how long after the opening the last of them was here.
func (p *playPart) within(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return p.v.say("play_within", d.Seconds())
}
