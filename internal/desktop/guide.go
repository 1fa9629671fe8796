package desktop

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"puntuale/internal/client"
)

// guideStep is how far the guide of the first run has come.
type guideStep int

const (
	guideNone guideStep = iota
	guidePair
	guideTest
	guidePlay
)

// guidePage leads through the first run: connect, check, rehearse.
type guidePage struct {
	v    *View
	root *container.Scroll
	step guideStep

	marks  [3]*widget.Label
	parts  [3]fyne.CanvasObject
	pair   *pairPart
	test   *testPart
	play   *playPart
	next   *widget.Button
	skip   *widget.Button
	bottom *fyne.Container
}

func newGuidePage(v *View) *guidePage {
	g := &guidePage{v: v, pair: newPairPart(v), test: newTestPart(v), play: newPlayPart(v)}
	steps := container.NewGridWithColumns(3)
	for i, key := range []string{"step_pair", "step_test", "step_play"} {
		g.marks[i] = widget.NewLabel(v.say(key))
		g.marks[i].Alignment, g.marks[i].Truncation = fyne.TextAlignCenter, fyne.TextTruncateEllipsis
		steps.Add(g.marks[i])
	}
	g.parts = [3]fyne.CanvasObject{
		g.pair.root,
		container.NewVBox(heading(v.say("test_title")), paragraph(v.say("test_text")), g.test.root),
		container.NewVBox(heading(v.say("play_title")), paragraph(v.say("play_text")), g.play.root),
	}
	g.next, g.skip = primary(v.say("next"), g.forward), widget.NewButton(v.say("skip"), g.forward)
	g.bottom = container.NewBorder(nil, nil, nil, container.NewHBox(g.skip, g.next))
	g.root = page(
		container.NewStack(newFill(colorPanel, 6), steps),
		g.parts[0], g.parts[1], g.parts[2], g.bottom,
	)
	return g
}

// follow begins the guide where there is no account, and goes on from the
// pairing when there is one.
func (g *guidePage) follow(s client.Snapshot) {
	switch {
	case !s.Paired:
		g.step = guidePair
	case g.step == guidePair && s.Activity == client.Idle && !s.Locked:
		g.step = guideTest
		g.v.actions.SelfTest()
	}
}

// forward goes to the next step; after the last one the guide is over.
func (g *guidePage) forward() {
	if g.step++; g.step > guidePlay {
		g.step = guideNone
		g.v.page = pageDay
	}
	g.v.draw()
	g.root.ScrollToTop()
}

func (g *guidePage) show(s *client.Snapshot) {
	for i := range g.parts {
		now := guideStep(i+1) == g.step
		setVisible(g.parts[i], now)
		want := widget.MediumImportance
		if now {
			want = widget.HighImportance
		}
		if g.marks[i].Importance != want || g.marks[i].TextStyle.Bold != now {
			g.marks[i].Importance, g.marks[i].TextStyle.Bold = want, now
			g.marks[i].Refresh()
		}
	}
	setVisible(g.bottom, g.step > guidePair)
	key, done := "next", len(s.Checks) > 0
	if g.step == guidePlay {
		key, done = "finish", s.Rehearsal.Report != nil
	}
	setButton(g.next, g.v.say(key), widget.HighImportance)
	setVisible(g.skip, !done)
	setEnabled(g.next, done && s.Activity == client.Idle)
	g.pair.show(s)
	g.test.show(s)
	g.play.show(s)
}
