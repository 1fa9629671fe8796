package postgres_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/postgres"
	"puntuale/internal/postgres/pgtest"
)

// desk is a database with one click day, one node and a term.
type desk struct {
	*postgres.DB
	term *postgres.Term
	t    *testing.T
	n    int
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{DB: pgtest.New(t), t: t}
	for _, sql := range []string{
		"INSERT INTO click_days (id, code, tie_seed) VALUES (1, 'D1', '\\x01')",
		"INSERT INTO intake_nodes (node, public_key, url) VALUES (1, decode(repeat('01', 32), 'hex'), '')",
		`INSERT INTO accounts (id, kind, email, password_hash, display_name, tax_code, created_at) OVERRIDING SYSTEM VALUE
			VALUES (1, 'person', 'a@example.it', '', '', '', now()), (2, 'company', 'b@example.it', '', '', '', now())`,
	} {
		if _, err := d.Pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	var ok bool
	var err error
	if d.term, ok, err = d.Lead(t.Context()); err != nil || !ok {
		t.Fatal(ok, err)
	}
	t.Cleanup(func() { d.term.Close() })
	return d
}

// take records one submission of an application and numbers it.
func (d *desk) take(account clickday.AccountID, application byte, passport string) (state, reason string) {
	d.t.Helper()
	d.n++
	s := clickday.Submission{
		ID: clickday.SubmissionID{byte(d.n), byte(d.n >> 8)}, Application: clickday.ApplicationID{application}, SealVersion: 1, Day: 1, Account: account, Model: "B",
		ModelVersion: 1, Envelope: []byte{byte(d.n)}, State: clickday.Queued, Passport: passport,
		Stamp: clickday.Stamp{UnixNano: int64(d.n) * 1e6, Source: clickday.StampKernel, Clock: clickday.ClockOK, Node: 1, Journal: 1, Sequence: uint64(d.n)},
	}
	now := time.Unix(1_900_000_000, 0)
	_, err := d.term.Ingest(d.t.Context(), &clickday.Intake{Node: 1, Submissions: []clickday.Submission{s}, Watermark: int64(d.n)*1e6 + 1000}, now)
	if err != nil {
		d.t.Fatal(err)
	}
	if _, err := d.term.Number(d.t.Context(), 10, now); err != nil {
		d.t.Fatal(err)
	}
	err = d.Pool.QueryRow(d.t.Context(), "SELECT state, coalesce(reason, '') FROM submissions WHERE id = $1", s.ID[:]).Scan(&state, &reason)
	if err != nil {
		d.t.Fatal(err)
	}
	return state, reason
}

func TestLimitsOfKindsAndOfAccounts(t *testing.T) {
	d := newDesk(t)
	for i := byte(1); i <= 5; i++ {
		person, _ := d.take(1, i, "")
		company, _ := d.take(2, 10+i, "")
		if (person == "sequenced") != (i <= 3) || company != "sequenced" {
			t.Errorf("application %d: of the person %s, of the company %s", i, person, company)
		}
	}
	one, four := 1, 4
	if err := errors.Join(d.SetAccountLimit(t.Context(), "A@example.it", &four), d.SetKindLimit(t.Context(), accounts.Company, &one)); err != nil {
		t.Fatal(err)
	}
	if state, _ := d.take(1, 6, ""); state != "sequenced" {
		t.Errorf("with a limit of its own: %s", state)
	}
	if state, reason := d.take(1, 7, ""); state != "refused" || reason != string(clickday.CodeAccountLimit) {
		t.Errorf("beyond it: %s %s", state, reason)
	}
	if state, _ := d.take(2, 17, ""); state != "refused" {
		t.Errorf("company beyond the limit of its kind: %s", state)
	}
	if state, _ := d.take(1, 1, ""); state != "repeated" {
		t.Errorf("an application that has its number, beyond the limit: %s", state)
	}
	if err := d.SetAccountLimit(t.Context(), "nobody@example.it", nil); !errors.Is(err, accounts.ErrNotFound) {
		t.Errorf("an account that is not there: %v", err)
	}
}

func TestTheSamePassportIsFlaggedAndRefusesNobody(t *testing.T) {
	d := newDesk(t)
	for _, s := range []struct {
		application byte
		passport    string
	}{{1, "AA1"}, {2, "BB2"}, {3, "AA1"}, {2, "BB2"}, {4, ""}, {5, ""}} {
		if _, reason := d.take(2, s.application, s.passport); reason != "" {
			t.Errorf("application %d refused: %s", s.application, reason)
		}
	}
	got, err := d.SamePassports(t.Context(), 1)
	if err != nil || len(got) != 2 || got[0].Passport != "AA1" || got[1].Passport != "AA1" || got[0].Account == "" ||
		!slices.Equal([]clickday.ApplicationID{got[0].Application, got[1].Application}, []clickday.ApplicationID{{1}, {3}}) {
		t.Fatalf("%+v, %v", got, err)
	}
	other, err := d.PassportElsewhere(t.Context(), clickday.ApplicationID{3})
	if err != nil || !slices.Equal(other, []clickday.ApplicationID{{1}}) {
		t.Fatalf("elsewhere: %v, %v", other, err)
	}
	if other, err = d.PassportElsewhere(t.Context(), clickday.ApplicationID{2}); err != nil || len(other) != 0 {
		t.Fatalf("sent twice: %v, %v", other, err)
	}
}

// TestGranularityIsFixedOnceOrdered and set with the calendar until then.
func TestGranularityIsFixedOnceOrdered(t *testing.T) {
	d := newDesk(t)
	set := func(grain time.Duration) error {
		version := uint64(d.n) + 1
		d.n++
		return d.NextCalendar(t.Context(), 1, "D1", [32]byte{}, time.Unix(1, 0), func([]byte, [32]byte) (uint64, []byte, time.Duration, error) {
			return version, []byte{1}, grain, nil
		})
	}
	if err := errors.Join(set(time.Millisecond), set(time.Second)); err != nil {
		t.Fatal(err)
	}
	d.take(2, 1, "")
	var decided int
	if err := d.Pool.QueryRow(t.Context(), "SELECT count(*) FROM submissions WHERE ledger_index IS NOT NULL").Scan(&decided); err != nil || decided != 0 {
		t.Fatalf("%d decided before the second is over, %v", decided, err)
	}
	d.n += 2000 // milliseconds
	d.take(2, 2, "")
	if err := set(time.Millisecond); !errors.Is(err, accounts.ErrState) {
		t.Fatalf("changed after the first leaf: %v", err)
	}
	if err := set(time.Second); err != nil {
		t.Fatal(err)
	}
}
