package desktop

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"puntuale/internal/client"
	"puntuale/internal/client/store"
)

// TestColumnsGiveWay: on a small screen a column that is told elsewhere leaves its
// room to the name, and comes back; the columns fill the width and never overlap.
func TestColumnsGiveWay(t *testing.T) {
	test.NewTempApp(t)
	for _, shares := range []columns{listShares, outcomeShares} {
		row := newRow(shares)
		var name [2]float32
		for i, width := range []float32{900, 537, 900} {
			row.Resize(fyne.NewSize(width, 40))
			x, shown := float32(0), 0
			for _, o := range row.Objects {
				if !o.Visible() {
					continue
				}
				if d := o.Position().X - x; d > 0.5 || d < -0.5 {
					t.Errorf("width %g: a column at %g, want %g", width, o.Position().X, x)
				}
				x += o.Size().Width
				shown++
			}
			if want := []int{5, 4, 5}[i]; shown != want || x > width+0.5 || x < width-0.5 {
				t.Errorf("width %g: %d columns over %g, want %d", width, shown, x, want)
			}
			if i < 2 {
				name[i] = row.Objects[1].Size().Width
			}
		}
		if name[1] < 150 {
			t.Errorf("%g for the name on a small screen", name[1])
		}
	}
}

// TestNewColoursKeepWhatWasWritten: the pages are made anew, a message to the help
// desk and a search are not lost.
func TestNewColoursKeepWhatWasWritten(t *testing.T) {
	v, _ := newView(t, "it")
	s := paired(store.Prepared)
	v.Show(s)
	v.turnTo(pageHelp)
	v.help.topic.SetSelectedIndex(2)
	v.help.message.SetText("Non parte")
	v.list.search.SetText("Worker")
	old := v.help
	s.Settings = client.Settings{Theme: "dark", Lang: "en"}
	v.Show(s)
	if v.help == old || v.help.message.Text != "Non parte" || v.help.topic.SelectedIndex() != 2 || v.list.search.Text != "Worker" || v.page != pageHelp {
		t.Fatalf("%q, topic %d, search %q, page %s", v.help.message.Text, v.help.topic.SelectedIndex(), v.list.search.Text, v.page)
	}
}
