package desktop

import (
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"puntuale/internal/clickday"
	"puntuale/internal/client"
	"puntuale/internal/client/portalapi"
	"puntuale/internal/client/sending"
	"puntuale/internal/client/store"
	"puntuale/internal/client/timing"
	"puntuale/internal/forms"
)

// scene is a state of the window that is worth looking at.
type scene struct {
	name string
	page string
	make func() client.Snapshot
	then func(v *View)
}

func many(n int, state func(i int) store.State) client.Snapshot {
	states := make([]store.State, n)
	for i := range states {
		states[i] = state(i)
	}
	s := paired(states...)
	names := []string{"Amina El Fassi", "Bogdan Ionescu", "Carlos Ferreira", "Dritan Hoxha", "Elena Popović", "Fatou Diop", "Md Shahadat Hossain Chowdhury"}
	firms := []string{"Cascina Aurora S.r.l.", "Rossi Costruzioni S.n.c.", "Azienda agricola Bianchi Giuseppe", "Hotel Miramare S.p.A."}
	for i := range s.Days[0].Rows {
		r := &s.Days[0].Rows[i]
		r.Worker, r.Employer = fmt.Sprintf("%s %d", names[i%len(names)], i+1), firms[i%len(firms)]
		if r.ProtocolNumber != "" {
			r.ProtocolNumber = fmt.Sprintf("B-2027/%07d", 1234+i)
		}
	}
	return s
}

func scenes() []scene {
	armed := func() client.Snapshot {
		s := many(300, func(i int) store.State { return store.Armed })
		d := &s.Days[0]
		d.Running = true
		d.Progress = sending.Progress{Day: 1, Stage: sending.StageWaiting, Home: 1, Connections: 61, Wanted: 64, Known: true}
		for i := range 72 {
			l := sending.LinkView{Node: 1, State: sending.LinkWarm, Standby: i >= 64}
			if i == 20 || i == 33 {
				l.State = sending.LinkConnecting
			}
			if i == 41 {
				l.State = sending.LinkLost
			}
			d.Progress.Links = append(d.Progress.Links, l)
		}
		s.Clock.Offset, s.Clock.RoundTrip, s.Clock.NodeBound = 4321*time.Millisecond, 18*time.Millisecond, 400*time.Microsecond
		s.Clock.Reference = &timing.Reference{Server: "ntp1.inrim.it", Offset: 4319 * time.Millisecond, Bound: 12 * time.Millisecond, Agreed: 3, Asked: 4}
		s.Awake = client.AwakeView{Armed: true, Held: true, Warnings: []clickday.Text{{IT: "Non chiudere il coperchio: il computer si sospenderebbe comunque.", EN: "Do not close the lid: the computer would go to sleep all the same."}}}
		return s
	}
	after := func() client.Snapshot {
		s := many(60, func(i int) store.State {
			return []store.State{store.Receipted, store.Receipted, store.Sequenced, store.Acknowledged, store.Receipted, store.Refused}[i%6]
		})
		s.Days[0].Phase = clickday.PhaseOpen
		s.Clock.RoundTrip = 18 * time.Millisecond
		return s
	}
	listed := func() client.Snapshot {
		s := after()
		s.Days[0].Phase = clickday.PhaseAfter
		for i := range s.Days[0].Rows {
			if r := &s.Days[0].Rows[i]; r.State == store.Receipted {
				r.List = &store.Standing{Version: 1, Kind: "provisional", PublishedAt: opens.Add(240 * time.Hour), Place: store.PlaceAdmitted, Rank: int64(480 + i), Demand: 912, Places: 500}
				if r.List.Rank > r.List.Places {
					r.List.Place = store.PlaceWaiting
				}
			}
		}
		return s
	}
	prepared := func() client.Snapshot {
		s := many(40, func(i int) store.State { return store.Prepared })
		o := many(12, func(i int) store.State { return store.Receipted }).Days[0]
		o.ID, o.Code, o.Title = 2, "C-2026", clickday.Text{IT: "Lavoro stagionale", EN: "Seasonal work"}
		o.Phase, o.Opens, o.Closes = clickday.PhaseAfter, opens.Add(-9000*time.Hour), opens.Add(-8999*time.Hour)
		for i := range o.Rows {
			o.Rows[i].Application = fmt.Sprintf("old-%d", i)
		}
		s.Days = append(s.Days, o)
		s.Preview = client.PreviewView{Application: "app-2", Sections: []forms.Section{
			{Title: "Datore di lavoro", Rows: []forms.Row{{Label: "Cognome o ragione sociale", Value: "Azienda agricola Bianchi Giuseppe"}, {Label: "Codice fiscale", Value: "BNCGPP70A01H501X"}, {Label: "Comune della sede", Value: "Latina (LT)"}}},
			{Title: "Lavoratore", Rows: []forms.Row{{Label: "Cognome", Value: "Ferreira"}, {Label: "Nome", Value: "Carlos"}, {Label: "Passaporto", Value: "AB1234567"}}},
		}}
		return s
	}
	checked := func() client.Snapshot {
		s := prepared()
		s.Checks = []client.Check{
			{ID: "portal", Grade: client.Good, Title: clickday.Text{IT: "Portale", EN: "Portal"}, Finding: clickday.Text{IT: "Risponde in 41ms.", EN: "Answers in 41ms."}},
			{ID: "intake-1", Grade: client.Bad, Title: clickday.Text{IT: "Nodo di ricezione 1", EN: "Intake node 1"}, Finding: client.Explain(sending.ErrNoNode), Mend: clickday.Text{IT: "Rimedia e ripeti il controllo; se non basta, prova un’altra rete.", EN: "Mend that and check again; if it does not help, try another network."}},
			{ID: "battery", Grade: client.Warn, Title: clickday.Text{IT: "Alimentazione", EN: "Power"}, Finding: clickday.Text{IT: "Va a batteria, carica al 61 %.", EN: "On battery, charged to 61 %."}, Mend: clickday.Text{IT: "Collega l’alimentatore prima del click day.", EN: "Plug it in before the click day."}},
		}
		s.Rehearsal.Report = &client.RehearsalReport{Opens: opens, Applications: 40, Acknowledged: 40, First: 2 * time.Millisecond, Last: 9 * time.Millisecond, Connections: 40, RoundTrip: 18 * time.Millisecond, Bound: 9 * time.Millisecond, Good: true,
			Numbered: 40, Receipts: 40, NumbersAfter: 1200 * time.Millisecond, ReceiptsAfter: 3400 * time.Millisecond, Code: "PROVA", Folder: "/home/anna/.config/puntuale/rehearsals/2026-11-22-100000",
			Mend: []clickday.Text{{IT: "Alimentazione: Collega l’alimentatore prima del click day.", EN: "Power: Plug it in before the click day."}},
			Rows: []client.RehearsalRow{
				{Worker: "Hoxha Arbër", State: store.Receipted, ProtocolNumber: "PROVA/0000118", Arrived: opens.Add(2 * time.Millisecond), Lateness: 2 * time.Millisecond},
				{Worker: "Ferreira Carlos", State: store.Receipted, ProtocolNumber: "PROVA/0000119", Arrived: opens.Add(9 * time.Millisecond), Lateness: 9 * time.Millisecond},
			},
			Verdict: clickday.Text{IT: "Prova riuscita: nessun invio in anticipo, il primo arrivo 2.0 ms dopo l’apertura, l’ultimo dopo 9.0 ms.", EN: "The rehearsal went well: nothing early, the first arrival 2.0 ms after the opening, the last after 9.0 ms."}}
		s.Settings = client.Settings{}
		s.Report = client.Diagnosis(&s, "it")
		return s
	}
	playing := func(step client.RehearsalStep) func() client.Snapshot {
		return func() client.Snapshot {
			s := prepared()
			s.Activity, s.Rehearsal.Step = client.Plays, &step
			return s
		}
	}
	waits := playing(client.RehearsalStep{
		Phase: client.PhaseFiring, Opens: opens.Add(-42 * time.Second), Counts: client.Counts{Total: 24, Armed: 24},
		Progress: &sending.Progress{Day: 9, Stage: sending.StageWaiting, Home: 1, Connections: 23, Wanted: 24, Known: true},
	})
	collects := playing(client.RehearsalStep{Phase: client.PhaseReceipts, Counts: client.Counts{Total: 24, Sequenced: 7, Receipted: 17}})
	large := func() client.Snapshot {
		s := many(5000, func(i int) store.State {
			return []store.State{store.Receipted, store.Sequenced, store.Acknowledged, store.Sending, store.Refused}[i%5]
		})
		s.Days[0].Phase = clickday.PhaseOpen
		for i := range s.Days[0].Rows {
			if r := &s.Days[0].Rows[i]; i%7 == 3 {
				r.Worker, r.Employer = fmt.Sprintf("Wickramasinghe Arachchige Don Chaminda Pushpakumara %d", i+1), "Consorzio agricolo cooperativo dell’Agro Pontino società cooperativa a responsabilità limitata"
			}
		}
		return s
	}
	return []scene{
		{"guide-playing", pageDay, waits, func(v *View) { v.guide.step = guidePlay }},
		{"checks-playing", pageChecks, collects, func(v *View) { v.toRehearsal() }},
		{"checks-played", pageChecks, checked, func(v *View) { v.toRehearsal() }},
		{"day-5000", pageDay, large, nil},
		{"list-5000", pageApplications, large, func(v *View) { v.list.list.Select(4) }},
		{"list-24", pageApplications, func() client.Snapshot { return many(24, func(int) store.State { return store.Prepared }) }, nil},
		{"help-form", pageHelp, func() client.Snapshot {
			s := prepared()
			s.Portal = "https://portale.example.it"
			return s
		}, func(v *View) {
			v.help.topic.SetSelectedIndex(1)
			v.help.message.SetText("Da questa mattina il controllo dice che il nodo di ricezione 1 non risponde.\nIl proxy è quello dell’ufficio.")
			v.help.root.ScrollToOffset(fyne.NewPos(0, 120))
		}},
		{"pair", pageDay, func() client.Snapshot { return client.Snapshot{KeyFile: true} }, nil},
		{"guide-test", pageDay, checked, func(v *View) { v.guide.step = guideTest }},
		{"guide-play", pageDay, checked, func(v *View) { v.guide.step = guidePlay }},
		{"day-empty", pageDay, func() client.Snapshot { s := paired(); s.Days = nil; return s }, nil},
		{"day-prepared", pageDay, prepared, nil},
		{"day-armed", pageDay, armed, nil},
		{"day-outcomes", pageDay, after, nil},
		{"list", pageApplications, prepared, func(v *View) { v.list.list.Select(3) }},
		{"list-outcome", pageApplications, after, func(v *View) { v.list.list.Select(6) }},
		{"day-listed", pageDay, listed, nil},
		{"list-standing", pageApplications, listed, func(v *View) { v.list.list.Select(25) }},
		{"list-empty", pageApplications, func() client.Snapshot { s := paired(); s.Days = nil; return s }, nil},
		{"checks", pageChecks, checked, nil},
		{"settings", pageSettings, func() client.Snapshot {
			s := prepared()
			s.Portal, s.Computer, s.Account.Email = "https://portale.example.it", "ufficio", "aurora@example.it"
			s.Accounts = []client.AccountView{{Label: "Cascina Aurora", Current: true, Armed: true}, {Key: "account-2", Label: "Patronato Santa Lucia"}}
			return s
		}, nil},
		{"help", pageHelp, func() client.Snapshot {
			s := prepared()
			s.Help = store.Help{Phone: "06 1234 5678", Hours: clickday.Text{IT: "Ogni giorno dalle 8 alle 20", EN: "Every day from 8 to 20"}, Email: "assistenza@example.it"}
			s.Update = &client.UpdateView{Version: "1.4.0", Notes: clickday.Text{IT: "Correzioni minori.", EN: "Minor corrections."}}
			s.Notice = client.Notice{Text: clickday.Text{IT: "Domande aggiornate.", EN: "Applications up to date."}}
			return s
		}, nil},
		{"help-asked", pageHelp, func() client.Snapshot {
			s := prepared()
			s.Portal, s.Help = "https://portale.example.it", store.Help{Phone: "06 1234 5678", Page: "https://portale.example.it/aiuto"}
			ask := store.Ticket{Subject: "Rete, proxy o orologio", Text: "x", Written: opens.Add(-50 * time.Hour).UnixNano(), Number: "2027-000042"}
			waits, refused := ask, ask
			waits.Number, waits.Subject, waits.Written = "", "Numeri e ricevute", opens.Add(-time.Hour).UnixNano()
			refused.Number, refused.Failure = "", client.Explain(portalapi.ErrNoHelpDesk)
			s.Tickets = []store.Ticket{refused, ask, waits}
			return s
		}, nil},
	}
}

// TestEveryPageFitsASmallScreen draws every page in both languages, light and
// dark, at the size of a 1280×800 screen and of the same at 150 %, keeps the
// pictures as artefacts, and wants that nothing asks for more room than there is.
func TestEveryPageFitsASmallScreen(t *testing.T) {
	for _, look := range []struct {
		lang, variant string
		scale         float32
	}{{"it", "light", 1}, {"en", "dark", 1}, {"it", "dark", 1.5}, {"en", "light", 1.5}} {
		for _, sc := range scenes() {
			name := fmt.Sprintf("%s-%s-%s-%.0f", sc.name, look.lang, look.variant, look.scale*100)
			t.Run(name, func(t *testing.T) { picture(t, sc, look.lang, look.variant, look.scale, name) })
		}
	}
}

func picture(t *testing.T, sc scene, lang, variant string, scale float32, name string) {
	v, _ := newView(t, lang)
	c := v.window.Canvas().(test.WindowlessCanvas)
	c.SetScale(scale)
	size := fyne.NewSize(1280/scale, 800/scale)
	v.window.Resize(size)
	s := sc.make()
	s.Settings.Theme = variant
	v.Show(s)
	v.turnTo(sc.page)
	if sc.then != nil {
		sc.then(v)
		v.Show(s)
	}
	for range 2 { // as a real window does for every frame: wrapped text changes heights
		v.window.Resize(size.AddWidthHeight(1, 1))
		v.window.Resize(size)
	}
	if m := v.window.Content().MinSize(); m.Width > size.Width || m.Height > size.Height {
		t.Errorf("wants %v, there is %v", m, size)
	}
	f, err := os.Create(filepath.Join(t.ArtifactDir(), name+".png"))
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(f, c.Capture()); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
