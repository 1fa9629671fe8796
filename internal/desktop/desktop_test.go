package desktop

import (
	"errors"
	"fmt"
	"image/color"
	"os/exec"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"puntuale/internal/clickday"
	"puntuale/internal/client"
	"puntuale/internal/client/portalapi"
	"puntuale/internal/client/store"
)

// taps remembers what a view has asked for.
type taps struct{ calls []string }

func (t *taps) add(format string, a ...any)  { t.calls = append(t.calls, fmt.Sprintf(format, a...)) }
func (t *taps) Pair(address, name, p string) { t.add("pair %s|%s|%s", address, name, p) }
func (t *taps) Cancel()                      { t.add("cancel") }
func (t *taps) Unlock(p string)              { t.add("unlock %s", p) }
func (t *taps) Sync()                        { t.add("sync") }
func (t *taps) Send(day string)              { t.add("send %s", day) }
func (t *taps) Stop()                        { t.add("stop") }
func (t *taps) SaveReceipts(dir string)      { t.add("save %s", dir) }
func (t *taps) SaveProofs(dir string)        { t.add("proofs %s", dir) }
func (t *taps) SaveReport(dir string)        { t.add("report %s", dir) }
func (t *taps) SetOrder(apps []string)       { t.add("order %s", strings.Join(apps, " ")) }
func (t *taps) Preview(app, lang string)     { t.add("preview %s %s", app, lang) }
func (t *taps) SelfTest()                    { t.add("test") }
func (t *taps) Rehearse()                    { t.add("rehearse") }
func (t *taps) Diagnose(lang string)         { t.add("diagnose %s", lang) }
func (t *taps) ShowAccount(key string)       { t.add("account %s", key) }
func (t *taps) AddAccount()                  { t.add("add account") }
func (t *taps) Set(s client.Settings)        { t.add("set %+v", s) }
func (t *taps) Forget(force bool)            { t.add("forget %t", force) }
func (t *taps) Ask(k portalapi.Ticket) {
	t.add("ask %s: %s: %s (%s)", k.Kind, k.Subject, k.Text, k.Diagnostics)
}
func (t *taps) Browse(address string) { t.add("browse %s", address) }
func (t *taps) Dismiss()              { t.add("dismiss") }

func (t *taps) want(test *testing.T, calls ...string) {
	test.Helper()
	if strings.Join(t.calls, "\n") != strings.Join(calls, "\n") {
		test.Fatalf("taps %q, want %q", t.calls, calls)
	}
	t.calls = nil
}

func newView(t *testing.T, lang string) (*View, *taps) {
	t.Helper()
	app := test.NewTempApp(t)
	w := test.NewTempWindow(t, widget.NewLabel(""))
	w.Resize(fyne.NewSize(1120, 720))
	a := &taps{}
	v, err := New(lang, a, app, w)
	if err != nil {
		t.Fatal(err)
	}
	return v, a
}

var opens = time.Date(2027, 2, 12, 8, 0, 0, 0, time.UTC)

// paired is a snapshot with one day and rows in these states.
func paired(states ...store.State) client.Snapshot {
	d := client.DayView{
		ID: 1, Code: "B-2027", Title: clickday.Text{IT: "Lavoro subordinato", EN: "Subordinate work"},
		Opens: opens, Closes: opens.Add(time.Hour), Phase: clickday.PhaseBefore,
	}
	for i, s := range states {
		r := client.Row{
			Application: fmt.Sprintf("app-%d", i), Submission: fmt.Sprintf("sub-%d", i), Model: "B",
			Worker: fmt.Sprintf("Worker %d", i), Employer: "Employer", State: s, Node: 1,
		}
		count := map[store.State]*int{
			store.Prepared: &d.Counts.Prepared, store.Armed: &d.Counts.Armed, store.Sending: &d.Counts.Sending,
			store.Acknowledged: &d.Counts.Acknowledged, store.Refused: &d.Counts.Refused,
			store.Sequenced: &d.Counts.Sequenced, store.Receipted: &d.Counts.Receipted,
		}
		*count[s]++
		if s.Arrived() {
			r.Arrived, r.Proof, r.Bound = opens.Add(time.Duration(i)*time.Millisecond+123_456*time.Microsecond), true, 40*time.Microsecond
		}
		if s == store.Sequenced || s == store.Receipted {
			r.ProtocolNumber = "B-2027/0000001"
		}
		if s == store.Refused {
			r.Code, r.Reason = clickday.CodeTooLate, clickday.MeaningOf(clickday.CodeTooLate).Detail
		}
		d.Rows = append(d.Rows, r)
	}
	d.Counts.Total = len(states)
	return client.Snapshot{
		Paired: true, Account: store.Account{Name: "Cascina Aurora"}, Days: []client.DayView{d},
		Clock: client.ClockView{Known: true, Node: 1, Now: opens.Add(-90 * time.Second), Offset: 3 * time.Millisecond, Bound: time.Millisecond},
	}
}

// shown returns every visible text of a window.
func shown(w fyne.Window) string {
	var b strings.Builder
	for _, o := range test.LaidOutObjects(w.Content()) {
		if !o.Visible() {
			continue
		}
		switch o := o.(type) {
		case *widget.Label:
			fmt.Fprintln(&b, o.Text)
		case *widget.RichText:
			fmt.Fprintln(&b, o.String())
		case *widget.Button:
			fmt.Fprintln(&b, "["+o.Text+"]")
		case *canvas.Text:
			fmt.Fprintln(&b, o.Text)
		}
	}
	return b.String()
}

func wantShown(t *testing.T, v *View, texts ...string) {
	t.Helper()
	all := shown(v.window)
	for _, text := range texts {
		if !strings.Contains(all, text) {
			t.Fatalf("no %q on screen:\n%s", text, all)
		}
	}
}

func TestThemeInBothVariants(t *testing.T) {
	th, err := NewTheme()
	if err != nil {
		t.Fatal(err)
	}
	if c := th.Color(theme.ColorNamePrimary, theme.VariantLight); c != (color.NRGBA{0, 0x66, 0xcc, 0xff}) {
		t.Fatalf("primary %v", c)
	}
	for name := range palette {
		for _, variant := range []fyne.ThemeVariant{theme.VariantLight, theme.VariantDark} {
			if th.Color(name, variant) == nil {
				t.Errorf("%s has no colour", name)
			}
		}
	}
	for _, pair := range [][2]fyne.ThemeColorName{
		{theme.ColorNameForeground, theme.ColorNameBackground}, {theme.ColorNameForegroundOnPrimary, theme.ColorNamePrimary},
		{theme.ColorNameSuccess, theme.ColorNameBackground}, {theme.ColorNameError, theme.ColorNameBackground},
		{theme.ColorNameWarning, theme.ColorNameBackground}, {theme.ColorNamePrimary, theme.ColorNameBackground},
		{theme.ColorNamePlaceHolder, theme.ColorNameInputBackground}, {theme.ColorNameForeground, theme.ColorNameButton},
	} {
		for i := range 2 {
			if c := contrast(palette[pair[0]][i], palette[pair[1]][i]); c < 4.5 {
				t.Errorf("%s on %s, variant %d: contrast %.2f, want 4.5 (WCAG AA)", pair[0], pair[1], i, c)
			}
		}
	}
	if th.Font(fyne.TextStyle{Bold: true}).Name() != "TitilliumWeb-SemiBold.ttf" || th.Font(fyne.TextStyle{}).Name() != "TitilliumWeb-Regular.ttf" {
		t.Fatal("not Titillium Web")
	}
}

func TestEveryTextIsInBothLanguages(t *testing.T) {
	for key, text := range texts {
		if text.IT == "" || text.EN == "" || strings.Count(text.IT, "%") != strings.Count(text.EN, "%") {
			t.Errorf("%s: %q and %q", key, text.IT, text.EN)
		}
	}
}

// TestNoDriver keeps the views free of windows systems, so that they and their
// tests need no cgo.
func TestNoDriver(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "puntuale/internal/desktop").Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		t.Fatalf("%s", failed.Stderr)
	}
	for _, bad := range []string{"fyne.io/fyne/v2/app\n", "glfw", "net/http/httptest"} {
		if strings.Contains(string(out), bad) {
			t.Errorf("depends on %s", strings.TrimSpace(bad))
		}
	}
}
