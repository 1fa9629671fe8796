package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/forms"
	"puntuale/internal/keys"
	"puntuale/internal/lists"
	"puntuale/internal/pades"
	"puntuale/internal/postgres"
	"puntuale/internal/postgres/listtest"
	"puntuale/internal/postgres/pgtest"
	"puntuale/internal/quota"
	"puntuale/internal/ranking"
	"puntuale/internal/trust"
	"puntuale/internal/verdict"
)

// afterwards is long after the close of the day.
var afterwards = listtest.Opens.Add(24 * time.Hour)

// bureau publishes lists of one day.
type bureau struct {
	t     *testing.T
	db    *postgres.DB
	day   *clickday.Day
	clock *clock.Fake
	press lists.Press
}

var testSeal = sync.OnceValues(func() (*pades.Seal, error) {
	dir, err := tempDir()
	if err != nil {
		return nil, err
	}
	if err := keys.InitSeal(clock.NewFake(listtest.Opens.Add(-time.Hour)), dir, "Ministero di prova"); err != nil {
		return nil, err
	}
	return pades.Load(filepath.Join(dir, keys.SealKeyFile), filepath.Join(dir, keys.SealCertFile))
})

func newBureau(t *testing.T) *bureau {
	t.Helper()
	models, err := forms.Load()
	if err != nil {
		t.Fatal(err)
	}
	seal, err := testSeal()
	if err != nil {
		t.Fatal(err)
	}
	signer, err := pgtest.LedgerSigner().ListSigner()
	if err != nil {
		t.Fatal(err)
	}
	b := &bureau{t: t, db: pgtest.New(t), day: listtest.Day(), clock: clock.NewFake(afterwards)}
	listtest.Put(t, b.db, b.day)
	b.press = lists.Press{
		Store: b.db, Models: models, Signer: signer, Seal: seal, Body: seal.Subject(), PublicURL: "https://portale.example.it", Clock: b.clock, Workers: 2,
	}
	return b
}

// quotas publishes places.
func (b *bureau) quotas(rule, csv, reason string) (*lists.Quotas, error) {
	b.t.Helper()
	r, err := quota.ParseRule(rule)
	if err != nil {
		b.t.Fatal(err)
	}
	table, err := quota.ReadTable(strings.NewReader("nationality,sector,province,places\n"+csv), nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return lists.SetQuotas(context.Background(), b.db, b.day, &lists.Quotas{
		Rule: r, Table: table, Document: []byte("# Regole\n"), Operator: "Ufficio quote", Reason: reason,
	}, b.clock.Now())
}

func (b *bureau) publish(kind ranking.Kind, reason string) (*lists.Published, bool, error) {
	return b.press.Publish(context.Background(), &lists.Order{Day: b.day, Kind: kind, Reason: reason, Operator: "Ufficio elenchi"})
}

func (b *bureau) mustPublish(kind ranking.Kind, reason string) *lists.Published {
	b.t.Helper()
	l, fresh, err := b.publish(kind, reason)
	if err != nil || !fresh {
		b.t.Fatalf("publish: fresh %v, %v", fresh, err)
	}
	return l
}

// someDay sends 40 applications, one of them twice, one refused and one late.
func (b *bureau) someDay() (account clickday.AccountID) {
	b.t.Helper()
	account = listtest.Account(b.t, b.db, "patronato@example.it")
	states, places := []string{"Z100", "Z330", "Z249"}, []string{"F205", "F839"} // Albania, Morocco, Bangladesh; Milan, Naples
	var sent []listtest.Sent
	for i := range 40 {
		sent = append(sent, listtest.Sent{
			Answers: listtest.Answers(uint64(i), states[i%3], "food", places[i%2]), Account: account,
			Arrived: listtest.Opens.Add(time.Duration(i) * 700 * time.Microsecond),
		})
	}
	sent[11].Refused = "bad_signature"
	apps := listtest.Send(b.t, b.db, b.day, 0, sent)
	again := listtest.Sent{Application: apps[3], Account: account, Arrived: listtest.Opens.Add(time.Second)}
	listtest.Send(b.t, b.db, b.day, 100, []listtest.Sent{again})
	listtest.Number(b.t, b.db, listtest.Opens.Add(time.Minute))
	late := listtest.Sent{Answers: listtest.Answers(200, "Z100", "food", "F205"), Account: account, Arrived: listtest.Opens.Add(time.Millisecond)}
	listtest.Send(b.t, b.db, b.day, 200, []listtest.Sent{late})
	return account
}

// finish closes the day.
func (b *bureau) finish() {
	b.t.Helper()
	listtest.Number(b.t, b.db, afterwards.Add(-time.Minute))
	listtest.Reveal(b.t, b.db, b.day, afterwards)
}

func (b *bureau) file(l *lists.Published, name string) []byte {
	b.t.Helper()
	var out bytes.Buffer
	err := b.db.ReadListFile(context.Background(), l.DayCode, l.Version, name, func(p []byte) error { _, err := out.Write(p); return err })
	if err != nil {
		b.t.Fatal(err)
	}
	return out.Bytes()
}

// verify recomputes a CSV with the keys that the installation publishes.
func (b *bureau) verify(csv []byte) *verdict.Report {
	b.t.Helper()
	report, err := ranking.Verify(bytes.NewReader(csv), &ranking.Options{
		Keys: &trust.Keys{Ledger: []string{pgtest.LedgerSigner().Verifier().String()}}, Calendar: &clickday.Calendar{Version: 1, Days: []clickday.Day{*b.day}},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return report
}

const placesOfSomeDay = "AL,any,MI,5\nAL,any,NA,20\nMA,any,any,4\nany,any,any,30\n"

func TestAFinalListIsRecomputed(t *testing.T) {
	b := newBureau(t)
	b.clock.Set(listtest.Opens.Add(-time.Minute))
	if _, err := b.quotas("chronological reallocate=province", placesOfSomeDay, ""); err != nil {
		t.Fatal(err)
	}
	b.clock.Set(afterwards)
	account := b.someDay()
	b.finish()
	l := b.mustPublish(ranking.Final, "")
	s := l.Summary
	if s.Leaves != 42 || s.Numbered != 40 || s.Repeated != 1 || s.Refused != 1 || s.Late != 1 || !s.Decided || s.NoRace {
		t.Errorf("%+v", s)
	}
	csv := b.file(l, lists.CSVName)
	report := b.verify(csv)
	if len(report.Findings) > 0 {
		t.Errorf("%+v", report.Findings)
	}
	for _, c := range report.Checks {
		if c.ID == "places" && c.State != verdict.Proven {
			t.Errorf("%+v", c)
		}
	}
	changed := bytes.Replace(csv, []byte("AL|any|MI,admitted"), []byte("AL|any|MI,waiting"), 1)
	if report := b.verify(changed); len(report.Findings) == 0 {
		t.Error("a place that was taken away was not noticed")
	}
	b.checkFiles(l)
	b.checkStandings(l, account, csv)
}

// checkFiles holds what is stored against what was said about it.
func (b *bureau) checkFiles(l *lists.Published) {
	b.t.Helper()
	stored, err := b.db.List(context.Background(), l.DayCode, l.Version)
	if err != nil {
		b.t.Fatal(err)
	}
	slices.SortFunc(l.Files, func(x, y lists.File) int { return strings.Compare(x.Name, y.Name) })
	if fmt.Sprintf("%+v", stored) != fmt.Sprintf("%+v", l) {
		b.t.Errorf("stored  %+v\npublished %+v", stored, l)
	}
	if len(l.Files) != 3 {
		b.t.Errorf("files %+v", l.Files)
	}
	for _, f := range l.Files {
		data := b.file(l, f.Name)
		if int64(len(data)) != f.Size || f.SHA256 != sum(data) {
			b.t.Errorf("%s: %d bytes", f.Name, len(data))
		}
	}
}

// checkStandings: what the applicant sees is what the list says.
func (b *bureau) checkStandings(l *lists.Published, account clickday.AccountID, csv []byte) {
	b.t.Helper()
	standings, err := b.db.Standings(context.Background(), account)
	if err != nil || len(standings) != 40 {
		b.t.Fatalf("%d standings, %v", len(standings), err)
	}
	r, err := ranking.NewReader(bytes.NewReader(csv))
	if err != nil {
		b.t.Fatal(err)
	}
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			b.t.Fatal(err)
		}
		cells := strings.Split(string(row.Line), ",")
		if cells[0] != "numbered" {
			continue
		}
		id, err := clickday.ParseSubmissionID(cells[8])
		if err != nil {
			b.t.Fatal(err)
		}
		s := standings[id]
		if string(s.Group) != row.Group || s.Admitted != (row.Place == ranking.Admitted) || s.Version != l.Version || s.Kind != l.Kind ||
			s.Rank < 1 || s.Rank > s.Count.Demand || s.Count.Group != s.Group {
			b.t.Errorf("row %s %s %s, standing %+v", cells[1], row.Group, row.Place, s)
		}
	}
}

func TestWhenAListIsFinal(t *testing.T) {
	b := newBureau(t)
	if _, _, err := b.publish(ranking.Provisional, ""); !errors.Is(err, lists.ErrNotReady) {
		t.Errorf("before any decision: %v", err)
	}
	b.someDay()
	b.clock.Set(listtest.Opens.Add(2 * time.Minute))
	first := b.mustPublish(ranking.Provisional, "")
	wait := func(why, want string) {
		t.Helper()
		if _, _, err := b.publish(ranking.Final, ""); !errors.Is(err, lists.ErrNotReady) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", why, err)
		}
	}
	wait("while the day is open", "not closed")
	b.clock.Set(afterwards)
	wait("before the node's promise", "node")
	exec(t, b.db, "UPDATE intake_nodes SET watermark = $1", afterwards.UnixNano())
	wait("with a submission undecided", "no place in the ledger")
	listtest.Number(t, b.db, afterwards)
	wait("before the seed", "seed")
	listtest.Reveal(t, b.db, b.day, afterwards)
	final := b.mustPublish(ranking.Final, "")
	if first.Size != 41 || final.Size != 42 || final.Version != 2 {
		t.Errorf("sizes %d and %d, version %d", first.Size, final.Size, final.Version)
	}
	if _, _, err := b.publish(ranking.Provisional, ""); err == nil {
		t.Error("a provisional list was published after the final one")
	}
	if again, fresh, err := b.publish(ranking.Final, ""); err != nil || fresh || again.Version != 2 {
		t.Errorf("the same order again: version %d, fresh %v, %v", again.Version, fresh, err)
	}
	if _, err := b.quotas("chronological", "any,any,any,3\n", ""); !errors.Is(err, lists.ErrReason) {
		t.Errorf("quotas after the opening without a reason: %v", err)
	}
	if _, err := b.quotas("chronological", "any,any,any,3\n", "DPCM integrativo"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.publish(ranking.Final, ""); !errors.Is(err, lists.ErrReason) {
		t.Errorf("a corrected final list without a reason: %v", err)
	}
	if l := b.mustPublish(ranking.Final, "Posti integrativi"); l.Version != 3 || l.Quotas != 1 || l.Reason == "" {
		t.Errorf("%+v", l)
	}
	if again, fresh, err := b.publish(ranking.Final, "Posti integrativi"); err != nil || fresh || again.Version != 3 {
		t.Errorf("the same correction again: %v", err)
	}
}

func TestADrawWaitsForItsSeed(t *testing.T) {
	b := newBureau(t)
	b.clock.Set(listtest.Opens.Add(-time.Minute))
	if _, err := b.quotas("draw-all", "any,any,any,10\n", ""); err != nil {
		t.Fatal(err)
	}
	account := b.someDay()
	b.clock.Set(listtest.Opens.Add(2 * time.Minute))
	l := b.mustPublish(ranking.Provisional, "")
	if l.Summary.Decided || l.Summary.Groups[0].Demand != 39 || strings.Contains(string(b.file(l, lists.CSVName)), "admitted") {
		t.Errorf("%+v", l.Summary)
	}
	if report := b.verify(b.file(l, lists.CSVName)); len(report.Findings) > 0 {
		t.Errorf("%+v", report.Findings)
	}
	standings, err := b.db.Standings(context.Background(), account)
	if err != nil || len(standings) != 39 {
		t.Fatalf("%d, %v", len(standings), err)
	}
	for id, s := range standings {
		if s.Decided || s.Rank != 0 || s.Count.Places != 10 {
			t.Errorf("%s: %+v", id, s)
		}
	}
	b.clock.Set(afterwards)
	b.finish()
	l = b.mustPublish(ranking.Final, "")
	if report := b.verify(b.file(l, lists.CSVName)); len(report.Findings) > 0 || !l.Summary.Decided {
		t.Errorf("%+v", report.Findings)
	}
}

func TestNoRaceIsSaidInTheList(t *testing.T) {
	b := newBureau(t)
	b.clock.Set(listtest.Opens.Add(-time.Minute))
	if _, err := b.quotas("chronological", "any,any,any,100\n", ""); err != nil {
		t.Fatal(err)
	}
	b.someDay()
	b.clock.Set(listtest.Opens.Add(2 * time.Minute))
	l := b.mustPublish(ranking.Provisional, "")
	csv := b.file(l, lists.CSVName)
	if !l.Summary.NoRace || l.Rule != "chronological no-race" || bytes.Contains(csv, []byte(",waiting\n")) {
		t.Errorf("%s %+v", l.Rule, l.Summary)
	}
	if report := b.verify(csv); len(report.Findings) > 0 {
		t.Errorf("%+v", report.Findings)
	}
}
