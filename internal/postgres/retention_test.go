package postgres_test

import (
	"testing"
	"time"

	"puntuale/internal/postgres/pgtest"
	"puntuale/internal/retention"
)

// TestWhatIsOldGoesAndWhatWasSentStays runs every rule over rows on both sides of
// its limit.
func TestWhatIsOldGoesAndWhatWasSentStays(t *testing.T) {
	db := pgtest.New(t)
	now := time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC)
	old, young := now.AddDate(-11, 0, 0), now.AddDate(0, -2, 0)
	exec := func(sql string, args ...any) {
		t.Helper()
		if _, err := db.Pool.Exec(t.Context(), sql, args...); err != nil {
			t.Fatal(err)
		}
	}
	count := func(sql string) (n int) {
		t.Helper()
		if err := db.Pool.QueryRow(t.Context(), sql).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	exec("INSERT INTO click_days (id, code, tie_seed) VALUES (1, 'D1', '\\x01')")
	for i, at := range []time.Time{old, young} {
		id := i + 1
		exec(`INSERT INTO accounts (id, kind, email, password_hash, display_name, tax_code, created_at, closed_at) OVERRIDING SYSTEM VALUE
			VALUES ($1, 'person', 'a' || $1::bigint || '@example.it', '', 'Anna', 'X', $2, $2)`, id, at)
		for _, kind := range []string{"1", "2"} { // the second one was sent
			exec(`INSERT INTO applications (id, account_id, click_day_id, model, model_version, state, created_at, updated_at)
				VALUES (('00000000-0000-0000-0000-0000000000' || $1::bigint || $2)::uuid, $1, 1, 'B', 1, 'sealed', $3, $3)`, id, kind, at)
			exec(`INSERT INTO seals (application_id, version, document, digest, sealed_at)
				VALUES (('00000000-0000-0000-0000-0000000000' || $1::bigint || $2)::uuid, 1, 'x', 'x', $3)`, id, kind, at)
		}
		exec(`INSERT INTO submissions (id, application_id, seal_version, click_day_id, account_id, model, model_version, device, digest, arrived, source, clock,
			bound, node, journal, sequence, state, ingested_at)
			VALUES (decode(lpad(($1::bigint)::text, 2, '0'), 'hex'), ('00000000-0000-0000-0000-0000000000' || $1::bigint || '2')::uuid, 1, 1, $1, 'B', 1, 'x', 'x', 1, 1, 1, 1, 1, 1, $1, 'queued', $2)`, id, at)
		for _, state := range []string{"closed", "open"} {
			exec(`INSERT INTO tickets (number, kind, channel, state, account_id, name, email, phone, lang, subject, created_at, updated_at)
				VALUES ($2 || $1::bigint, 'legal', 'web', $2, $1, 'A', '', '', 'it', 's', $3, $3)`, id, state, at)
		}
		exec("INSERT INTO audit_log (at, staff_id, action, subject) VALUES ($1, 1, 'ticket.read', 'x')", at)
		exec("INSERT INTO devices (account_id, public_key, name, created_at, revoked_at) VALUES ($1, decode(lpad(($1::bigint)::text, 2, '0'), 'hex'), 'PC', $2, $2)", id, at)
	}
	removed, err := db.Retain(t.Context(), retention.Default(), now)
	if err != nil {
		t.Fatal(err)
	}
	for rule, want := range map[retention.Rule]int64{
		retention.Drafts: 1, retention.Tickets: 1, retention.Looks: 1, retention.Accounts: 1, retention.Computers: 1,
	} {
		if removed[rule] != want {
			t.Errorf("%s: %d rows, want %d", rule, removed[rule], want)
		}
	}
	for sql, want := range map[string]int{
		"SELECT count(*) FROM applications": 3, "SELECT count(*) FROM seals": 3, "SELECT count(*) FROM submissions": 2, "SELECT count(*) FROM tickets": 3,
		"SELECT count(*) FROM audit_log": 1, "SELECT count(*) FROM accounts WHERE email = ''": 1, "SELECT count(*) FROM devices WHERE name = ''": 1,
		"SELECT count(*) FROM retention_runs": 5,
	} {
		if got := count(sql); got != want {
			t.Errorf("%s: %d, want %d", sql, got, want)
		}
	}
	again, err := db.Retain(t.Context(), retention.Default(), now)
	if err != nil {
		t.Fatal(err)
	}
	for rule, n := range again {
		if n != 0 {
			t.Errorf("a second run: %s: %d rows", rule, n)
		}
	}
	if kept, err := db.Retain(t.Context(), retention.Policy{}, now.AddDate(50, 0, 0)); err != nil || len(kept) != 0 {
		t.Errorf("a policy that keeps all: %v, %v", kept, err)
	}
}
