package desktop

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"puntuale/internal/clickday"
	"puntuale/internal/client"
	"puntuale/internal/client/sending"
	"puntuale/internal/client/store"
	"puntuale/internal/client/timing"
	"puntuale/internal/forms"
)

func TestTheGuide(t *testing.T) {
	v, a := newView(t, "it")
	v.Show(client.Snapshot{KeyFile: true})
	p := v.guide.pair
	p.address.SetText("")
	test.Type(p.address, "https://portale.example")
	test.Type(p.name, "ufficio")
	test.Type(p.passphrase, "frase")
	test.Tap(p.connect)
	a.want(t, "pair https://portale.example|ufficio|frase")
	v.Show(client.Snapshot{KeyFile: true, Activity: client.Pairs, PairURL: "https://portale.example/oauth/authorize?x=1"})
	test.Tap(p.connect) // disabled while the browser is open
	a.want(t)
	if !p.waiting.Visible() || p.form.Visible() || p.link.URL.Path != "/oauth/authorize" {
		t.Fatal("the person does not see what to wait for")
	}
	v.Show(client.Snapshot{Notice: client.Notice{Bad: true, Text: clickday.Text{IT: "negato", EN: "denied"}}})
	if p.secret.Visible() || p.waiting.Visible() || v.notice.text.Text != "negato" || v.notice.text.Importance != widget.DangerImportance {
		t.Fatal("after a refusal")
	}

	v.Show(paired(store.Prepared)) // it worked: the self-test begins by itself
	a.want(t, "test")
	test.Tap(v.guide.next) // not before there is a result
	wantShown(t, v, "Controllo del computer", "[Salta per ora]")
	s := paired(store.Prepared)
	s.Checks = []client.Check{{ID: "disk", Grade: client.Warn, Title: clickday.Text{IT: "Disco", EN: "Disk"}, Finding: clickday.Text{IT: "È lento", EN: "Slow"}, Mend: clickday.Text{IT: "Chiudi altro", EN: "Close the rest"}}}
	v.Show(s)
	wantShown(t, v, "Disco · da guardare", "È lento", "→ Chiudi altro", "[Avanti]")
	test.Tap(v.guide.next)
	test.Tap(v.guide.play.start)
	a.want(t, "rehearse")
	s.Activity = client.Plays
	s.Rehearsal.Step = &client.RehearsalStep{Phase: client.PhaseFiring, Opens: opens, Counts: client.Counts{Total: 1, Armed: 1},
		Progress: &sending.Progress{Stage: sending.StageWaiting, Connections: 1, Wanted: 1, Aim: opens.UnixNano()}}
	v.Show(s)
	wantShown(t, v, "00:01:30", "1 connessioni pronte su 1", "Domande 1 · arrivate 0 · numerate 0 · ricevute 0", "[Annulla]")
	s.Rehearsal.Step = &client.RehearsalStep{Phase: client.PhaseNumbers, Opens: opens, Counts: client.Counts{Total: 1, Sequenced: 1}}
	v.Show(s)
	wantShown(t, v, "0 su 1", "Domande 1 · arrivate 1 · numerate 1 · ricevute 0")
	s.Activity, s.Rehearsal = client.Idle, client.RehearsalView{Report: &client.RehearsalReport{
		Applications: 1, Acknowledged: 1, Numbered: 1, Receipts: 1, Good: true, Verdict: clickday.Text{IT: "Prova riuscita", EN: "Well"}, Folder: "/tmp/prova 1", Code: "PROVA",
		Rows: []client.RehearsalRow{{Worker: "Hoxha Arbër", State: store.Receipted, ProtocolNumber: "PROVA/0000007", Arrived: opens, Lateness: 2 * time.Millisecond}},
		Mend: []clickday.Text{{IT: "Collega il cavo", EN: "Plug in"}},
	}}
	v.Show(s)
	wantShown(t, v, "PROVA – senza valore", "Prova riuscita", "1 su 1", "Hoxha Arbër", "PROVA/0000007 · Ricevuta pronta", "→ Collega il cavo", "[Apri la cartella]", "[Fine]")
	test.Tap(v.guide.play.open)
	a.want(t, "browse file:///tmp/prova%201")
	test.Tap(v.guide.next)
	wantShown(t, v, "[Prepara l’invio]")
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
	v.Show(paired(store.Prepared, store.Prepared))
	wantShown(t, v, "00:01:30", "Apertura 12/02/2027 09:00:00 CET", "+3.00 ms ± 1.00 ms", "selezionate automaticamente", "pronte")
	if got := v.days.tiles[0].figure.Text; got != "2" {
		t.Fatalf("%s ready", got)
	}
	test.Tap(v.days.action)
	a.want(t, "send B-2027")
	s := paired(store.Armed, store.Armed)
	s.Days[0].Running = true
	s.Days[0].Progress = sending.Progress{Stage: sending.StageWaiting, Connections: 2, Wanted: 2, Home: 1, Links: []sending.LinkView{
		{Node: 1, State: sending.LinkWarm}, {Node: 1, State: sending.LinkLost}, {Node: 2, State: sending.LinkWarm, Standby: true},
	}}
	s.Awake.Warnings = []clickday.Text{{IT: "Non chiudere il coperchio", EN: "Leave the lid open"}}
	v.Show(s)
	wantShown(t, v, "[Ferma]", "2 connessioni pronte su 2 · nodo 1", "Pronte 2 · in invio 0", "perse 1", "a un altro nodo: 1", "In attesa dell’apertura", "Non chiudere")
	if n := len(v.days.links.grid.Objects); n != 3 {
		t.Fatalf("%d connections drawn", n)
	}
	test.Tap(v.days.sync) // not while armed
	test.Tap(v.days.action)
	a.want(t, "stop")
	s.Days[0].Progress.Trouble, s.Days[0].Progress.Links = sending.ErrNoNode, nil
	v.Show(s)
	wantShown(t, v, "Nessun nodo di ricezione")
	if n := len(v.days.links.grid.Objects); n != 0 {
		t.Fatalf("%d connections drawn", n)
	}
}

func TestOutcomes(t *testing.T) {
	v, a := newView(t, "en")
	s := paired(store.Acknowledged, store.Refused, store.Receipted)
	s.Days[0].Phase = clickday.PhaseOpen
	v.Show(s)
	wantShown(t, v, "Acknowledged", "Refused", "Receipt ready", "09:00:00.123456", "B-2027/0000001", "node 1", "Every application for this day has an outcome")
	if v.days.button.Visible() || v.days.receipts.Disabled() || v.days.proofs.Disabled() {
		t.Fatal("buttons do not follow the outcomes")
	}
	if v.days.outcomes.rows[0].Worker != "Worker 2" || v.days.outcomes.rows[2].State != store.Refused {
		t.Fatal("the newest is not the first")
	}
	v.days.outcomes.list.Select(2) // turns to its detail
	wantShown(t, v, "["+string(clickday.CodeTooLate)+"]", clickday.MeaningOf(clickday.CodeTooLate).Detail.EN)
	a.want(t, "preview app-1 en")
	v.turnTo(pageDay)
	test.Tap(v.days.sync)
	a.want(t, "sync")
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
	s.Clock.Known, s.Clock.Now = false, opens.AddDate(0, 0, -12)
	s.Clock.Reference = &timing.Reference{Asked: 3}
	v.Show(s)
	wantShown(t, v, "Non ancora misurato", "nessun server dell’ora", "12 g 00:00:00")
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
	if v.days.day.Code != "A-2027" {
		t.Fatal("the day with something to send does not come first")
	}
	v.days.chooser.SetSelected("B-2027  Lavoro subordinato")
	if v.days.day.Code != "B-2027" {
		t.Fatal("the choice does nothing")
	}
	v.days.chooser.SetSelected("A-2027  Lavoro subordinato")
	test.Tap(v.days.action)
	a.want(t, "send A-2027")
	v.turnTo(pageApplications)
	wantShown(t, v, "B-2027  Lavoro subordinato", "2 selezionate in automatico", "1 domande")
}

func TestSearchFilterAndOrder(t *testing.T) {
	v, a := newView(t, "it")
	v.Show(paired(store.Prepared, store.Prepared, store.Refused, store.Receipted))
	v.turnTo(pageApplications)
	test.Type(v.list.search, "worker 1")
	wantShown(t, v, "1 domande su 4", "Worker 1")
	v.list.search.SetText("")
	v.list.filter.SetSelected("Respinte")
	wantShown(t, v, "1 domande su 4", "Worker 2", "Respinta")
	v.list.filter.SetSelectedIndex(0)
	v.list.order.SetSelected("Per arrivo")
	if v.list.entries[1].row.Worker != "Worker 3" {
		t.Fatal("what has arrived does not come first")
	}
	v.list.order.SetSelectedIndex(0)
	v.list.list.Select(2)
	wantShown(t, v, "Posto 2 di 2 nell’ordine di invio")
	a.want(t, "preview app-1 it")
	test.Tap(v.list.detail.down) // it is the last one
	test.Tap(v.list.detail.first)
	a.want(t, "order app-1 app-0")
	s := paired(store.Prepared, store.Prepared)
	s.Preview = client.PreviewView{Application: "app-1", Sections: []forms.Section{{Title: "Lavoratore", Rows: []forms.Row{{Label: "Passaporto", Value: "AB123"}}}}}
	v.Show(s)
	wantShown(t, v, "Passaporto", "AB123")
	s.Days[0].Running = true
	v.Show(s)
	test.Tap(v.list.detail.first) // not while armed
	a.want(t)
}

func TestALongListDrawsOnlyWhatIsSeen(t *testing.T) {
	v, _ := newView(t, "it")
	states := make([]store.State, 5000)
	for i := range states {
		states[i] = store.Prepared
	}
	v.Show(paired(states...))
	v.turnTo(pageApplications)
	v.list.list.ScrollToBottom()
	all := shown(v.window)
	if n := strings.Count(all, "Worker "); n == 0 || n > 60 || !strings.Contains(all, "Worker 4999") {
		t.Fatalf("%d rows drawn", n)
	}
}

func TestReportAndTicket(t *testing.T) {
	v, a := newView(t, "it")
	s := paired(store.Prepared)
	s.Portal = "https://portale.example"
	v.Show(s)
	v.turnTo(pageChecks)
	test.Tap(v.checks.report.make)
	a.want(t, "diagnose it")
	s.Report = "node 1, warm"
	v.Show(s)
	wantShown(t, v, "node 1, warm")
	test.Tap(v.checks.report.copy)
	if v.app.Clipboard().Content() != s.Report {
		t.Fatal("not copied")
	}
	v.turnTo(pageHelp)
	wantShown(t, v, "Il portale non indica un numero", "Apri la pagina dell’assistenza")
	test.Tap(v.help.send) // nothing written yet
	v.help.topic.SetSelectedIndex(1)
	test.Type(v.help.message, "Non si collega")
	test.Tap(v.help.attach)
	test.Tap(v.help.other)
	a.want(t, "browse https://portale.example")
	if c := v.app.Clipboard().Content(); !strings.Contains(c, "Non si collega") || !strings.Contains(c, s.Report) {
		t.Fatalf("clipboard %q", c)
	}
	s.Help = store.Help{Phone: "06 12345", Email: "aiuto@example.it"}
	v.Show(s)
	wantShown(t, v, "06 12345", "Scrivi un’e-mail")
	test.Tap(v.help.other)
	if len(a.calls) != 1 || !strings.HasPrefix(a.calls[0], "browse mailto:aiuto@example.it?subject=Puntuale:%20Rete") {
		t.Fatalf("%q", a.calls)
	}
	a.calls = nil
	test.Tap(v.help.send)
	a.want(t, "ask technical: Rete, proxy o orologio: Non si collega (node 1, warm)")
	test.Tap(v.help.send) // it is on its way
	a.want(t)
	wantTickets(t, v, s)
}

// wantTickets: what became of requests is told, and the form empties only when one
// was taken.
func wantTickets(t *testing.T, v *View, s client.Snapshot) {
	t.Helper()
	ask := store.Ticket{Subject: "Rete", Text: "Non si collega", Written: 1_800_000_000_000_000_000}
	refused, waits, taken := ask, ask, ask
	refused.Failure = clickday.Text{IT: "Il portale non riceve richieste.", EN: "No."}
	taken.Number = "2027-000042"
	s.Tickets = []store.Ticket{refused}
	v.Show(s)
	wantShown(t, v, "non inviata. Il portale non riceve richieste.")
	if v.help.message.Text != ask.Text || v.help.send.Disabled() {
		t.Fatal("the text of a refused request is gone")
	}
	s.Tickets = []store.Ticket{refused, waits}
	v.Show(s)
	wantShown(t, v, "parte appena il portale è raggiungibile")
	if v.help.message.Text != "" || !v.help.send.Disabled() {
		t.Fatal("the form still has what waits on disk")
	}
	s.Tickets = []store.Ticket{refused, taken}
	v.Show(s)
	wantShown(t, v, "15/01/2027 09:00  Rete  –  richiesta n. 2027-000042")
}

func TestSettings(t *testing.T) {
	v, a := newView(t, "it")
	s := paired(store.Prepared)
	s.Accounts = []client.AccountView{{Label: "Cascina Aurora", Current: true}, {Key: "account-2", Label: "Patronato", Armed: true}}
	v.Show(s)
	v.turnTo(pageSettings)
	v.settings.lang.SetSelected("English")
	a.want(t, fmt.Sprintf("set %+v", client.Settings{Lang: "en"}))
	s.Settings.Lang, s.Settings.Zoom = "en", 125
	v.Show(s)
	wantShown(t, v, "Delete the data from this computer", "[Delete everything…]")
	if got := v.theme.Size(sizeFigure); got != 26*1.25 {
		t.Fatalf("size %v at 125 %%", got)
	}
	v.settings.way.SetSelected("This proxy")
	v.settings.proxy.SetText("http://proxy:3128")
	test.Tap(v.settings.save)
	a.want(t, fmt.Sprintf("set %+v", client.Settings{Lang: "en", Zoom: 125, Proxy: "http://proxy:3128"}))
	v.accounts.SetSelected("2  Patronato · armed")
	a.want(t, "account account-2")
	test.Tap(v.settings.add)
	a.want(t, "add account")
}

func TestForgetAsksTwiceWhereAnOutcomeIsMissing(t *testing.T) {
	v, a := newView(t, "it")
	s := paired(store.Acknowledged)
	v.Show(s)
	v.turnTo(pageSettings)
	test.Tap(v.settings.forget)
	tapDialog(t, v, "Cancella")
	a.want(t, "forget false")
	s.Notice = client.Notice{Bad: true, Unsettled: true, Text: client.Explain(client.ErrUnsettled)}
	v.Show(s)
	v.Show(s) // asks once
	tapDialog(t, v, "Cancella")
	a.want(t, "forget true")
	if v.window.Canvas().Overlays().Top() != nil {
		t.Fatal("it asks again")
	}
	test.Tap(v.notice.away)
	a.want(t, "dismiss")
}

// tapDialog taps a button of the dialog on top.
func tapDialog(t *testing.T, v *View, text string) {
	t.Helper()
	top := v.window.Canvas().Overlays().Top()
	if top == nil {
		t.Fatal("no dialog")
	}
	for _, o := range test.LaidOutObjects(top) {
		if b, ok := o.(*widget.Button); ok && b.Text == text {
			test.Tap(b)
			return
		}
	}
	t.Fatalf("no %q in the dialog", text)
}

func TestUpdateAndKeys(t *testing.T) {
	v, a := newView(t, "en")
	s := paired(store.Prepared)
	s.Update = &client.UpdateView{Version: "2.0.0"}
	s.Update.Download.URL = "https://portal.example/puntuale.msi"
	v.Show(s)
	wantShown(t, v, "Version 2.0.0 is available")
	if v.update.link.URL.Path != "/puntuale.msi" {
		t.Fatal("no way to the download")
	}
	press := func(k fyne.KeyName) {
		t.Helper()
		v.window.Canvas().(interface{ TypedShortcut(fyne.Shortcut) }).TypedShortcut(shortcut(k))
	}
	press(fyne.Key5)
	if v.page != pageHelp {
		t.Fatal("Ctrl+5")
	}
	press(fyne.KeyF)
	if v.page != pageApplications || v.window.Canvas().Focused() != v.list.search {
		t.Fatal("Ctrl+F")
	}
	press(fyne.KeyR)
	a.want(t, "sync")
}

func TestAThemeOfTheirOwn(t *testing.T) {
	v, _ := newView(t, "it")
	s := paired(store.Prepared)
	s.Settings.Theme = "dark"
	v.Show(s)
	if got := v.app.Settings().Theme().Color(colorBand, 1); got != palette[colorBand][1] {
		t.Fatalf("band %v", got)
	}
	s.Settings.Theme = "light"
	v.Show(s)
	if got := v.app.Settings().Theme().Color(colorBand, 0); got != palette[colorBand][0] {
		t.Fatalf("band %v", got)
	}
}
