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
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"puntuale/internal/clickday"
	"puntuale/internal/client"
	"puntuale/internal/client/sending"
	"puntuale/internal/client/store"
	"puntuale/internal/client/timing"
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
	th, err := NewTheme()
	if err != nil {
		t.Fatal(err)
	}
	app.Settings().SetTheme(th)
	w := test.NewTempWindow(t, widget.NewLabel(""))
	w.Resize(fyne.NewSize(1000, 720))
	a := &taps{}
	return New(lang, a, w), a
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
			r.Arrived = opens.Add(123_456 * time.Microsecond)
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

func TestPairing(t *testing.T) {
	v, a := newView(t, "it")
	v.Show(client.Snapshot{KeyFile: true})
	p := v.pair
	p.address.SetText("")
	test.Type(p.address, "https://portale.example")
	test.Type(p.name, "ufficio")
	test.Type(p.passphrase, "frase")
	test.Tap(p.connect)
	a.want(t, "pair https://portale.example|ufficio|frase")
	v.Show(client.Snapshot{KeyFile: true, Activity: client.Pairs, PairURL: "https://portale.example/oauth/authorize?x=1"})
	test.Tap(p.connect) // disabled while the browser is open
	a.want(t)
	if !p.waiting.Visible() || p.link.URL.Path != "/oauth/authorize" {
		t.Fatal("the person does not see what to wait for")
	}
	v.Show(client.Snapshot{Notice: client.Notice{Bad: true, Text: clickday.Text{IT: "negato", EN: "denied"}}})
	if p.secret.Visible() || p.waiting.Visible() || v.notice.Text != "negato" || v.notice.Importance != widget.DangerImportance {
		t.Fatal("after a refusal")
	}
}

func TestUnlock(t *testing.T) {
	v, a := newView(t, "en")
	s := paired(store.Prepared)
	s.Locked = true
	v.Show(s)
	test.Type(v.unlock.passphrase, "open sesame")
	test.Tap(v.unlock.unlock)
	a.want(t, "unlock open sesame")
	if v.unlock.passphrase.Text != "" {
		t.Fatal("the passphrase stays on screen")
	}
	s.Locked = false
	v.Show(s)
	wantShown(t, v, "[Arm the sending]")
}

func TestArmAndStop(t *testing.T) {
	v, a := newView(t, "it")
	s := paired(store.Prepared, store.Prepared)
	v.Show(s)
	wantShown(t, v, "00:01:30", "Apertura 12/02/2027 09:00:00 CET", "+3.00 ms ± 1.00 ms", "Domande 2", "Preparata", "Worker 1")
	test.Tap(v.days.action)
	a.want(t, "send B-2027")
	s = paired(store.Armed, store.Armed)
	s.Days[0].Running = true
	s.Days[0].Progress = sending.Progress{Stage: sending.StageWaiting, Connections: 2, Wanted: 2}
	v.Show(s)
	wantShown(t, v, "[Ferma]", "connessioni 2 di 2", "In attesa dell’apertura", "Pronta all’invio")
	test.Tap(v.days.sync) // not while armed
	test.Tap(v.days.action)
	a.want(t, "stop")
	s.Days[0].Progress.Trouble = sending.ErrNoNode
	v.Show(s)
	wantShown(t, v, "Nessun nodo di ricezione")
}

func TestOutcomes(t *testing.T) {
	v, a := newView(t, "en")
	s := paired(store.Acknowledged, store.Refused, store.Receipted)
	s.Days[0].Phase = clickday.PhaseOpen
	v.Show(s)
	wantShown(t, v, "Acknowledged", "Refused", "Receipt ready", "12/02 09:00:00.123456", "B-2027/0000001",
		"Applications 3  ·  arrived 2  ·  numbered 1  ·  refused 1", "Every application has an outcome")
	if v.days.button.Visible() {
		t.Fatal("a button with nothing to send")
	}
	v.days.rows.list.Select(1)
	wantShown(t, v, "["+string(clickday.CodeTooLate)+"]", clickday.MeaningOf(clickday.CodeTooLate).Detail.EN)
	test.Tap(v.days.sync)
	a.want(t, "sync")
	if v.days.save.Disabled() {
		t.Fatal("a receipt is ready and cannot be saved")
	}
}

func TestPhases(t *testing.T) {
	v, _ := newView(t, "it")
	for phase, want := range map[clickday.Phase]string{
		clickday.PhaseOpen: "[Invia ora]", clickday.PhaseAfter: "Chiuso", clickday.PhaseSuspended: "Sospeso",
	} {
		s := paired(store.Prepared)
		s.Days[0].Phase = phase
		v.Show(s)
		wantShown(t, v, want)
	}
	s := paired(store.Prepared)
	s.Clock.Known = false
	s.Clock.Reference = &timing.Reference{Asked: 3}
	v.Show(s)
	wantShown(t, v, "non ancora misurato", "nessun server dell’ora")
	s.Days = nil
	v.Show(s)
	wantShown(t, v, "Nessuna domanda sigillata")
}

func TestSeveralDays(t *testing.T) {
	v, a := newView(t, "it")
	s := paired(store.Receipted)
	other := paired(store.Prepared, store.Prepared).Days[0]
	other.ID, other.Code = 2, "A-2027"
	s.Days = append(s.Days, other)
	v.Show(s)
	wantShown(t, v, "Domande 2") // the day with something to send comes first
	v.days.chooser.SetSelected("B-2027  Lavoro subordinato")
	v.Show(s)
	wantShown(t, v, "Domande 1")
	v.days.chooser.SetSelected("A-2027  Lavoro subordinato")
	v.Show(s)
	test.Tap(v.days.action)
	a.want(t, "send A-2027")
}

func TestALongListDrawsOnlyWhatIsSeen(t *testing.T) {
	v, _ := newView(t, "it")
	states := make([]store.State, 5000)
	for i := range states {
		states[i] = store.Prepared
	}
	v.Show(paired(states...))
	if n := strings.Count(shown(v.window), "Worker "); n == 0 || n > 60 {
		t.Fatalf("%d rows drawn", n)
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
