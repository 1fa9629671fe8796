package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/client/store"
	"puntuale/internal/wire"
)

func rehearsing(t *testing.T, opensIn time.Duration, applications int) *bench {
	t.Helper()
	b := setup(t, opensIn)
	b.srv.OpenRehearsals()
	b.srv.Add(applications)
	b.pair(t)
	b.sync(t)
	return b
}

func (b *bench) rehearse(t *testing.T, r Rehearsal) RehearsalReport {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	report, err := b.Rehearse(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// TestRehearsalDownToTheReceipts: copies are sent, numbered and receipted, and a
// report in both languages and as JSON lies beside receipts and proofs; the
// applications themselves stay as they are, and a second run has new numbers.
func TestRehearsalDownToTheReceipts(t *testing.T) {
	b := rehearsing(t, 5*time.Hour, 4)
	before := b.store.All()
	var phases []RehearsalPhase
	out := filepath.Join(t.TempDir(), "out")
	r := b.rehearse(t, Rehearsal{In: 3 * time.Second, Out: out, Tell: func(s RehearsalStep) {
		if len(phases) == 0 || phases[len(phases)-1] != s.Phase {
			phases = append(phases, s.Phase)
		}
	}})
	if r.Applications != 4 || r.Acknowledged != 4 || r.Numbered != 4 || r.Receipts != 4 || r.Early != 0 || r.First < 0 || r.Code != "PROVA" ||
		r.Samples || r.Resumed || r.Connections != 4 || len(r.Rows) != 4 || r.NumbersAfter <= 0 || r.ReceiptsAfter < r.NumbersAfter {
		t.Fatalf("%+v", r)
	}
	if got := []RehearsalPhase{PhaseChecks, PhaseTickets, PhaseFiring, PhaseNumbers}; len(phases) < 5 || !equal(phases[:4], got) {
		t.Errorf("phases %v", phases)
	}
	for _, row := range r.Rows {
		if !strings.HasPrefix(row.ProtocolNumber, "PROVA/") || row.Lateness != row.Arrived.Sub(r.Opens) {
			t.Errorf("%+v", row)
		}
		if pdf, err := os.ReadFile(row.Receipt); err != nil || !bytes.Contains(pdf, []byte("PROVA "+row.Application)) {
			t.Errorf("receipt: %v", err)
		}
		if _, err := os.Stat(filepath.Join(out, "prova-"+row.Application+".json")); err != nil {
			t.Errorf("proof: %v", err)
		}
	}
	var kept RehearsalReport
	data, err := os.ReadFile(filepath.Join(out, reportJSON))
	if err != nil || json.Unmarshal(data, &kept) != nil || kept.Receipts != 4 || kept.Verdict != r.Verdict {
		t.Fatalf("report: %v %s", err, data)
	}
	for name, want := range map[string]string{reportIT: "PROVA GENERALE – senza valore", reportEN: "REHEARSAL – no value"} {
		if text, err := os.ReadFile(filepath.Join(out, name)); err != nil || !bytes.Contains(text, []byte(want)) || bytes.Contains(text, []byte("%!")) {
			t.Errorf("%s: %v %s", name, err, text)
		}
	}
	if after := b.store.All(); !sameRecords(before, after) {
		t.Error("the rehearsal has changed applications")
	}
	if again := b.rehearse(t, Rehearsal{In: 2 * time.Second, Applications: 1}); again.Rows[0].ProtocolNumber == r.Rows[0].ProtocolNumber || again.Applications != 1 {
		t.Errorf("again: %+v", again.Rows)
	}
	if _, err := os.Stat(filepath.Join(b.dir, rehearsalDir)); !errors.Is(err, os.ErrNotExist) {
		t.Error("the records of a rehearsal are left")
	}
}

func equal[T comparable](a, b []T) bool {
	for i := range b {
		if i >= len(a) || a[i] != b[i] {
			return false
		}
	}
	return true
}

func sameRecords(a, b []store.Record) bool {
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err1 == nil && err2 == nil && bytes.Equal(x, y)
}

// TestRehearsalOfNobody: an account without sealed applications plays samples.
func TestRehearsalOfNobody(t *testing.T) {
	b := rehearsing(t, 5*time.Hour, 0)
	if r := b.rehearse(t, Rehearsal{In: 2 * time.Second}); !r.Samples || r.Receipts != 1 {
		t.Fatalf("%+v", r)
	}
}

// TestRehearsalGoesOnAfterAKill: what is on disk at the worst moments is taken up
// by the next process, with the same envelopes and the same run.
func TestRehearsalGoesOnAfterAKill(t *testing.T) {
	for _, phase := range []RehearsalPhase{PhaseFiring, PhaseNumbers} {
		t.Run(string(phase), func(t *testing.T) {
			b := rehearsing(t, 5*time.Hour, 3)
			b.srv.HoldRehearsals(true)
			killed := filepath.Join(t.TempDir(), "killed")
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			taken := false
			_, err := b.Rehearse(ctx, Rehearsal{In: 2 * time.Second, Tell: func(s RehearsalStep) {
				if s.Phase == phase && !taken { // a copy of the disk is what a kill leaves
					taken = true
					if err := os.CopyFS(killed, os.DirFS(filepath.Join(b.dir, rehearsalDir))); err != nil {
						t.Error(err)
					}
					cancel()
				}
			}})
			if !errors.Is(err, context.Canceled) || b.Unfinished() {
				t.Fatalf("%v, unfinished: %v", err, b.Unfinished())
			}
			if err := os.CopyFS(filepath.Join(b.dir, rehearsalDir), os.DirFS(killed)); err != nil {
				t.Fatal(err)
			}
			b.srv.HoldRehearsals(false)
			b.reopen(t)
			if !b.Unfinished() {
				t.Fatal("nothing to take up")
			}
			r := b.rehearse(t, Rehearsal{})
			if !r.Resumed || r.Receipts != 3 || r.Early != 0 || b.srv.Runs() != 1 || len(b.srv.Stored()) != 3 {
				t.Fatalf("%+v; %d runs, %d stored", r, b.srv.Runs(), len(b.srv.Stored()))
			}
			if b.Unfinished() {
				t.Error("it would be taken up again")
			}
		})
	}
}

// TestNoRehearsalNearAnOpening: refused by the signed calendar, with the time
// from which it is possible again, before the portal is even asked; and by the
// portal, where it knows more.
func TestNoRehearsalNearAnOpening(t *testing.T) {
	b := rehearsing(t, 30*time.Minute, 1)
	_, err := b.Rehearse(t.Context(), Rehearsal{In: time.Second})
	var frozen *FrozenError
	if !errors.As(err, &frozen) || b.srv.Runs() != 0 {
		t.Fatalf("%v, %d runs", err, b.srv.Runs())
	}
	opens := b.calendars.Current().Days[0].OpensAt()
	text := Explain(err)
	if !frozen.Until.Equal(opens.Add(clickday.RehearsalFrozenAfter)) || !strings.Contains(text.IT, OpeningText(frozen.Until)) || !strings.Contains(text.EN, OpeningText(frozen.Until)) {
		t.Fatalf("%v: %+v", frozen.Until, text)
	}
	b.srv.Day(func(d *clickday.Day) { d.Opens, d.Closes = d.Opens+10*3600e9, d.Closes+10*3600e9 })
	b.srv.FreezeRehearsals()
	if _, err = b.Rehearse(t.Context(), Rehearsal{In: time.Second}); Explain(err).IT != "Un’apertura è vicina." {
		t.Fatalf("%v", err)
	}
}

// TestAMovedOpeningStopsARehearsal: a real opening that comes near while one waits
// ends it with a word that says so, before anything is sent; while numbers are
// waited for, the report says it.
func TestAMovedOpeningStopsARehearsal(t *testing.T) {
	b := rehearsing(t, 5*time.Hour, 2)
	var moved sync.Once
	_, err := b.Rehearse(t.Context(), Rehearsal{In: 12 * time.Second, Tell: func(s RehearsalStep) {
		if s.Phase == PhaseFiring {
			moved.Do(func() { b.opensIn(40 * time.Minute) })
		}
	}})
	var frozen *FrozenError
	if !errors.As(err, &frozen) || !frozen.Stopped || len(b.srv.Stored()) != 0 || b.Unfinished() {
		t.Fatalf("%v, %d stored, unfinished: %v", err, len(b.srv.Stored()), b.Unfinished())
	}
	if text := Explain(err); !strings.HasPrefix(text.IT, "Prova fermata") || !strings.HasPrefix(text.EN, "Rehearsal stopped") || !strings.Contains(text.EN, OpeningText(frozen.Until)) {
		t.Errorf("%+v", text)
	}
	b.want(t, store.Prepared)
	b.opensIn(5 * time.Hour)
	b.srv.HoldRehearsals(true)
	var again sync.Once
	r := b.rehearse(t, Rehearsal{In: 2 * time.Second, Wait: time.Hour, Tell: func(s RehearsalStep) {
		if s.Phase == PhaseNumbers {
			again.Do(func() { b.opensIn(40 * time.Minute) })
		}
	}})
	if r.Good || r.Acknowledged != 2 || len(r.Trouble) != 1 || !strings.HasPrefix(r.Trouble[0].IT, "Prova fermata") {
		t.Fatalf("%+v", r)
	}
}

// opensIn moves the real opening.
func (b *bench) opensIn(d time.Duration) {
	at := b.Clock.Now().Add(d).UnixNano()
	b.srv.Day(func(day *clickday.Day) { day.Opens, day.Closes = at, at+3600e9 })
}

// TestOldReportsGo: the newest twenty stay, and whatever else lies there.
func TestOldReportsGo(t *testing.T) {
	b := setup(t, time.Hour)
	dir := filepath.Join(b.dir, rehearsalsDir)
	name := func(i int) string { return opensOn(i).Format(reportLayout) }
	for i := range 24 {
		if err := os.MkdirAll(filepath.Join(dir, name(i)), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "mine"), 0o755), os.WriteFile(filepath.Join(dir, "2020-01-01-000000"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	b.pruneReports(name(1)) // just written, however old its name
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	left := map[string]bool{}
	for _, e := range entries {
		left[e.Name()] = true
	}
	if len(left) != reportsKept+2 || !left["mine"] || !left["2020-01-01-000000"] || !left[name(1)] || left[name(0)] || left[name(4)] || !left[name(5)] || !left[name(23)] {
		t.Fatalf("%d left: %v", len(left), left)
	}
}

func opensOn(i int) time.Time { return time.Date(2026, 11, 1+i, 10, 0, 0, 0, time.UTC) }

// TestRehearsalWithoutHelp: no network is an error that says so; numbers that do
// not come, and a portal that goes away, stand in a report.
func TestRehearsalWithoutHelp(t *testing.T) {
	b := rehearsing(t, 5*time.Hour, 2)
	b.srv.HoldRehearsals(true)
	r := b.rehearse(t, Rehearsal{In: 2 * time.Second, Wait: time.Millisecond})
	if r.Good || r.Acknowledged != 2 || r.Receipts != 0 || r.ReceiptsAfter != 0 || !strings.Contains(r.Verdict.IT, "0 ricevute su 2") || len(r.Mend) == 0 {
		t.Fatalf("%+v", r)
	}
	gone := false
	r = b.rehearse(t, Rehearsal{In: 2 * time.Second, Wait: time.Millisecond, Tell: func(s RehearsalStep) {
		if s.Phase == PhaseFiring && !gone {
			gone = true
			b.srv.Portal.Close()
		}
	}})
	if r.Good || r.Acknowledged != 2 || len(r.Trouble) == 0 {
		t.Fatalf("portal away: %+v", r)
	}
	if _, err := b.Rehearse(t.Context(), Rehearsal{In: time.Second}); err == nil {
		t.Fatal("a rehearsal without a portal")
	}
	b.srv.Intake.Close()
	if _, err := b.Rehearse(t.Context(), Rehearsal{In: time.Second}); err == nil || Explain(err).IT == "" {
		t.Fatalf("no network: %v", err)
	}
}

// TestOpeningOfARehearsal: a whole minute that is half a minute ahead at least.
func TestOpeningOfARehearsal(t *testing.T) {
	b := setup(t, time.Hour)
	at := time.Unix(0, b.opening(0))
	if left := at.Sub(b.Clock.Now()); at.Second() != 0 || at.Nanosecond() != 0 || left < rehearsalAhead-time.Second || left > 91*time.Second {
		t.Errorf("%s, in %s", at, left)
	}
}

// TestReportJudges: what is wrong comes first, and what to do about it.
func TestReportJudges(t *testing.T) {
	r := RehearsalReport{Applications: 2, Acknowledged: 2, Receipts: 2, Checks: []Check{
		{ID: "sleep", Grade: Warn, Title: clickday.Text{IT: "Sospensione", EN: "Sleep"}, Mend: clickday.Text{IT: "spegnila", EN: "turn it off"}},
	}}
	if r.judge(); !r.Good || len(r.Mend) != 1 || r.Mend[0].EN != "Sleep: turn it off" {
		t.Errorf("%+v", r)
	}
	r.Early = 1
	if r.judge(); r.Good || !strings.Contains(r.Verdict.EN, "before the opening") {
		t.Errorf("%+v", r.Verdict)
	}
	r.Early, r.RoundTrip = 0, time.Second
	if r.judge(); len(r.Mend) != 2 || !strings.Contains(r.Mend[1].EN, "cable") {
		t.Errorf("%+v", r.Mend)
	}
	r.Acknowledged = 1
	if r.judge(); r.Good || !strings.Contains(r.Verdict.EN, "1 arrivals of 2") {
		t.Errorf("%+v", r.Verdict)
	}
	r.trouble(&wire.Error{Code: clickday.CodeTooLate})
	r.trouble(&wire.Error{Code: clickday.CodeTooLate})
	if len(r.Trouble) != 1 {
		t.Errorf("%+v", r.Trouble)
	}
}
