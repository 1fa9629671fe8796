package postgres_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/clickday"
	"puntuale/internal/postgres"
	"puntuale/internal/postgres/admissiontest"
	"puntuale/internal/postgres/pgtest"
	"puntuale/internal/protocolregister"
)

// archive is a database with numbers of several days.
type archive struct {
	t      *testing.T
	db     *postgres.DB
	office *admissiontest.Office
	next   int64
	made   []protocolregister.Daily // what was rendered, in order
}

func newArchive(t *testing.T) *archive {
	db := pgtest.New(t)
	return &archive{t: t, db: db, office: admissiontest.New(t, db)}
}

// numbered adds numbers of the click day, given at an instant.
func (a *archive) numbered(count int, at time.Time) {
	a.t.Helper()
	for range count {
		a.next++
		account, device := a.office.Account(fmt.Sprintf("a%d@example.it", a.next))
		s := a.office.Seal(account, device)
		id := clickday.SubmissionID{byte(a.next), 1}
		a.office.Exec(`INSERT INTO submissions (id, application_id, seal_version, click_day_id, account_id, model, model_version, device,
				digest, arrived, source, clock, bound, node, journal, sequence, state, number, ledger_index, ingested_at, sequenced_at)
			VALUES ($1, $2, 1, 1, $3, 'B', 1, '', $4, $5, 1, 1, 0, 1, 1, $6::int, 'sequenced', $6::int, $6::int - 1, $7, $7)`,
			id[:], [16]byte(s.Content.Application), account, s.Ticket.Digest[:], at.UnixNano(), a.next, at)
	}
	a.office.Exec("UPDATE click_days SET last_number = $1", a.next)
}

func (a *archive) close(day string, now time.Time) error {
	return a.db.CloseRegister(a.t.Context(), day, now, func(d *protocolregister.Daily) ([]protocolregister.File, error) {
		a.made = append(a.made, *d)
		return []protocolregister.File{{Name: "registro-" + d.Day + ".csv", Content: []byte(fmt.Sprintf("%+v", *d))}}, nil
	})
}

func day(n int, hour int) time.Time {
	return time.Date(2026, 11, n, hour, 0, 0, 0, time.FixedZone("CET", 3600))
}

// TestDailyRegisters closes three days, with everything that can be wrong.
func TestDailyRegisters(t *testing.T) {
	a := newArchive(t)
	a.numbered(3, day(22, 9))
	a.numbered(2, day(23, 10))
	if err := a.close("2026-11-22", day(22, 23)); !errors.Is(err, postgres.ErrDayNotOver) {
		t.Error(err)
	}
	if err := a.close("2026-11-23", day(24, 9)); !errors.Is(err, postgres.ErrDayBefore) {
		t.Error(err)
	}
	if days, err := a.db.UnclosedDays(t.Context(), day(24, 9)); err != nil || fmt.Sprint(days) != "[2026-11-22 2026-11-23]" {
		t.Error(days, err)
	}
	annul := func(n int64, at time.Time) error {
		return a.db.Annul(t.Context(), &protocolregister.Annulment{Register: "B-2026", Number: n, Reason: "doppia", Operator: "M. Rossi", At: at})
	}
	if err := annul(2, day(22, 15)); err != nil {
		t.Fatal(err)
	}
	if err := annul(2, day(22, 16)); !errors.Is(err, postgres.ErrAnnulled) {
		t.Error(err)
	}
	if err := annul(99, day(22, 16)); !errors.Is(err, postgres.ErrNoEntry) {
		t.Error(err)
	}
	for range 2 { // the second time nothing is made
		if err := a.close("2026-11-22", day(23, 9)); err != nil {
			t.Fatal(err)
		}
	}
	if err := annul(1, day(23, 12)); err != nil { // after its register was closed
		t.Fatal(err)
	}
	if err := a.close("2026-11-23", day(24, 9)); err != nil {
		t.Fatal(err)
	}
	if len(a.made) != 2 {
		t.Fatalf("%d registers made", len(a.made))
	}
	first, second := a.made[0], a.made[1]
	if fmt.Sprint(first.Spans) != "[{B-2026 1 3}]" || fmt.Sprint(second.Spans) != "[{B-2026 4 5}]" || len(first.Previous) != 0 || len(second.Previous) != 32 {
		t.Errorf("%v %v", first.Spans, second.Spans)
	}
	if x := first.Entries[1].Annulment; x == nil || x.Reason != "doppia" || first.Entries[0].Annulment != nil || len(first.Annulled) != 0 {
		t.Errorf("%+v", first)
	}
	if len(second.Annulled) != 1 || second.Annulled[0].Number != 1 {
		t.Errorf("%+v", second.Annulled)
	}
	if e := first.Entries[0]; e.Sender != "Anna Verdi" || e.Subject != "Domanda modello B, click day B-2026" || len(e.Digest) != 32 || !e.Presented.Equal(day(22, 9)) {
		t.Errorf("%+v", e)
	}
	files, err := a.db.RegisterFiles(t.Context(), "2026-11-22")
	if err != nil || len(files) != 1 || len(files[0].SHA256) != 32 {
		t.Error(files, err)
	}
	if _, err := a.db.RegisterFiles(t.Context(), "2026-11-24"); !errors.Is(err, postgres.ErrNotClosedYet) {
		t.Error(err)
	}
}

// TestGapsAreRefused: a number that has gone missing is never passed over.
func TestGapsAreRefused(t *testing.T) {
	a := newArchive(t)
	a.numbered(3, day(22, 9))
	a.office.Exec("UPDATE submissions SET number = NULL, state = 'queued', ledger_index = NULL WHERE number = 2")
	if err := a.close("2026-11-22", day(23, 9)); !errors.Is(err, postgres.ErrRegisterGap) || !strings.Contains(err.Error(), "B-2026/0000003") {
		t.Error(err)
	}
}

// TestRegisteredForGood: not even the owner of the tables changes what is registered.
func TestRegisteredForGood(t *testing.T) {
	a := newArchive(t)
	a.numbered(1, day(22, 9))
	a.emergency("x")
	if err := errors.Join(a.close("2026-11-22", day(23, 9)), a.db.Annul(t.Context(), &protocolregister.Annulment{Register: "B-2026", Number: 1, At: day(23, 9)})); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"protocol_entries", "emergency_entries", "annulments", "daily_registers", "daily_register_spans", "daily_register_files", "segnature"} {
		for _, sql := range []string{"DELETE FROM " + table, "TRUNCATE " + table + " CASCADE"} {
			if _, err := a.db.Pool.Exec(t.Context(), sql); err == nil || !strings.Contains(err.Error(), "never changed") {
				t.Errorf("%s: %v", sql, err)
			}
		}
	}
}

func entries(subjects ...string) (list []protocolregister.EmergencyEntry) {
	for _, s := range subjects {
		list = append(list, protocolregister.EmergencyEntry{ReceivedAt: day(22, 9), Sender: "Anna Verdi", Subject: s, Operator: "M. Rossi"})
	}
	return list
}

// emergency is one whole emergency, closed and reconciled.
func (a *archive) emergency(subjects ...string) {
	a.t.Helper()
	ctx := a.t.Context()
	_, err1 := a.db.AddEmergency(ctx, entries("too early"), day(22, 9))
	if !errors.Is(err1, protocolregister.ErrEmergencyClosed) {
		a.t.Error(err1)
	}
	err := a.db.OpenEmergency(ctx, "M. Rossi", "rete guasta", day(22, 9))
	if err == nil && !errors.Is(a.db.OpenEmergency(ctx, "M. Rossi", "rete guasta", day(22, 9)), protocolregister.ErrEmergencyOpen) {
		a.t.Error("opened twice")
	}
	for i, want := range []int{len(subjects), 0} { // the import is doubled
		n, err2 := a.db.AddEmergency(ctx, entries(subjects...), day(22, 10))
		if err2 != nil || n != want {
			a.t.Error(i, n, err2)
		}
	}
	if n, err2 := a.db.Reconcile(ctx, 10, day(22, 11)); n != 0 || err2 != nil {
		a.t.Error("reconciled while open", n, err2)
	}
	if err = errors.Join(err, a.db.CloseEmergency(ctx, "M. Rossi", day(22, 12))); err != nil {
		a.t.Fatal(err)
	}
	for n := 1; n > 0; {
		if n, err = a.db.Reconcile(ctx, 2, day(22, 13)); err != nil {
			a.t.Fatal(err)
		}
	}
}

// TestEmergencyRegister: numbers of its own, ordinary ones later, both ways.
func TestEmergencyRegister(t *testing.T) {
	a := newArchive(t)
	a.emergency("uno", "due", "tre")
	a.emergency("uno") // of another emergency: another entry, and the numbers go on
	lines, err := a.db.EmergencyLines(t.Context(), "RE.2026")
	if err != nil || len(lines) != 4 {
		t.Fatal(lines, err)
	}
	for i, l := range lines {
		if l.Number != int64(i+1) || l.Ordinary != fmt.Sprintf("PG.2026/%07d", i+1) {
			t.Errorf("%+v", l)
		}
	}
	if err := a.close("2026-11-22", day(23, 9)); err != nil {
		t.Fatal(err)
	}
	e := a.made[0].Entries
	if len(e) != 4 || e[3].Emergency != "RE.2026/0000004" || !e[0].Presented.Equal(day(22, 9)) || !e[0].Registered.Equal(day(22, 13)) {
		t.Errorf("%+v", e)
	}
	bad := entries("uno", "")
	if err := a.db.OpenEmergency(t.Context(), "M", "x", day(23, 9)); err != nil {
		t.Fatal(err)
	}
	if n, err := a.db.AddEmergency(t.Context(), bad, day(23, 9)); err == nil || n != 0 {
		t.Error("half a list was taken", n, err)
	}
	if lines, err := a.db.EmergencyLines(t.Context(), "RE.2026"); err != nil || len(lines) != 4 {
		t.Error(lines, err)
	}
}

// TestReconciliationsAtOnce: several that run at the same time, some of them cut
// off in the middle, give one number to each entry.
func TestReconciliationsAtOnce(t *testing.T) {
	a := newArchive(t)
	ctx := t.Context()
	var subjects []string
	for i := range 40 {
		subjects = append(subjects, fmt.Sprint("carta ", i))
	}
	if err := a.db.OpenEmergency(ctx, "M", "x", day(22, 9)); err != nil {
		t.Fatal(err)
	}
	if _, err := a.db.AddEmergency(ctx, entries(subjects...), day(22, 9)); err != nil {
		t.Fatal(err)
	}
	if err := a.db.CloseEmergency(ctx, "M", day(22, 10)); err != nil {
		t.Fatal(err)
	}
	// Cut off before its commit: nothing of it stays.
	cut := a.db.InTx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO protocol_registers (code) VALUES ('PG.2026'); INSERT INTO protocol_entries
			SELECT 'PG.2026', number, received_at, now(), sender, subject, digest, register, number FROM emergency_entries`)
		return errors.Join(err, errors.New("killed"))
	})
	if cut == nil {
		t.Fatal("not cut")
	}
	done := make(chan error, 4)
	for range 4 {
		go func() {
			for {
				n, err := a.db.Reconcile(ctx, 3, day(22, 11))
				if err != nil || n == 0 {
					done <- err
					return
				}
			}
		}()
	}
	for range 4 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	var count, last, counter int64
	err := a.db.Pool.QueryRow(ctx, `SELECT count(*), max(number), (SELECT last_number FROM protocol_registers) FROM protocol_entries`).Scan(&count, &last, &counter)
	if err != nil || count != 40 || last != 40 || counter != 40 {
		t.Error(count, last, counter, err)
	}
}
