// Package listtest puts decided click days into the database of a test or a benchmark: sealed
// applications, their submissions, numbers and leaves, as the worker would have
// left them. Nothing of it is signed by a client or received by a node.
package listtest

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/clickday"
	"puntuale/internal/forms"
	"puntuale/internal/forms/sample"
	"puntuale/internal/postgres"
)

// T is what is told of a failure, which must not return: testing.TB, or a program
// that measures.
type T interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// Seed is the tie seed of Day.
var Seed = []byte("thirty-two bytes of a tie seed..")

// Opens is when Day opens.
var Opens = time.Date(2027, 1, 12, 8, 0, 0, 0, time.UTC)

// Day returns a click day with number 7 for model B that lasts ten hours.
func Day() *clickday.Day {
	return &clickday.Day{
		ID: 7, Code: "FLUSSI-2027", TitleIT: "Decreto flussi 2027, lavoro non stagionale", TitleEN: "Decreto flussi 2027, non-seasonal work",
		Models: []clickday.ModelCode{"B"}, Prepare: Opens.Add(-time.Hour).UnixNano(), Sync: Opens.Add(-time.Hour).UnixNano(),
		Opens: Opens.UnixNano(), Closes: Opens.Add(10 * time.Hour).UnixNano(), State: clickday.DayScheduled, TieCommitment: sha256.Sum256(Seed),
	}
}

// Put adds a click day with its seed, and node 1.
func Put(t T, db *postgres.DB, d *clickday.Day) {
	t.Helper()
	exec(t, db, "INSERT INTO click_days (id, code, tie_seed, granularity) VALUES ($1, $2, $3, $4)", d.ID, d.Code, Seed, int64(d.Grain()))
	Node(t, db)
}

// Node adds node 1, whose promise Number gives.
func Node(t T, db *postgres.DB) {
	t.Helper()
	exec(t, db, "INSERT INTO intake_nodes (node, public_key, url) VALUES (1, '\\x00', '') ON CONFLICT DO NOTHING")
}

// Account adds an account without a limit.
func Account(t T, db *postgres.DB, email string) clickday.AccountID {
	t.Helper()
	var id clickday.AccountID
	err := db.Pool.QueryRow(context.Background(), `INSERT INTO accounts (kind, email, password_hash, display_name, tax_code, created_at)
		VALUES ('intermediary', $1, '-', 'Patronato', '01234567897', $2) RETURNING id`, email, Opens).Scan(&id)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// Sent is one submission to make.
type Sent struct {
	Application clickday.ApplicationID // zero: a new one
	Answers     forms.Answers          // of a new one
	Account     clickday.AccountID
	Arrived     time.Time
	Refused     clickday.Code // empty: accepted
}

// Answers returns a complete model B with the three answers that decide about
// the group.
func Answers(n uint64, state, sector, place string) forms.Answers {
	a := sample.ModelB(sample.New(n), sample.Person)
	a["worker_citizenship"], a["contract_sector"], a["workplace_place"] = state, sector, place
	return a
}

// Send adds submissions that wait for their decision, and returns their
// applications.
func Send(t T, db *postgres.DB, d *clickday.Day, from uint64, sent []Sent) []clickday.ApplicationID {
	t.Helper()
	var seals, applications, submissions [][]any
	ids := make([]clickday.ApplicationID, len(sent))
	for i := range sent {
		s := &sent[i]
		n := from + uint64(i)
		id := idOf("submission", n)
		app, digest := s.Application, clickday.Digest{}
		if app == (clickday.ApplicationID{}) {
			x := idOf("application", n)
			copy(app[:], x[:])
			doc := forms.Document{Application: app, Day: d.ID, Model: "B", ModelVersion: 1, SealVersion: 1, Answers: s.Answers}
			b, sum, err := forms.Freeze(&doc)
			if err != nil {
				t.Fatal(err)
			}
			digest = sum
			applications = append(applications, []any{[16]byte(app), int64(s.Account), int64(d.ID), "B", int32(1), "sealed", int32(1), Opens, Opens})
			seals = append(seals, []any{[16]byte(app), int32(1), b, digest[:], Opens})
		}
		ids[i] = app
		state, reason := "queued", (*string)(nil)
		if s.Refused != "" {
			r := string(s.Refused)
			state, reason = "refused", &r
		}
		submissions = append(submissions, []any{
			id[:], [16]byte(app), int32(1), int64(d.ID), int64(s.Account), "B", int32(1), make([]byte, 32), digest[:],
			s.Arrived.UnixNano(), int16(clickday.StampKernel), int16(clickday.ClockOK), int64(800_000), int32(1), int64(1), int64(n), state, reason, Opens,
		})
	}
	insert(t, db, "applications", "id account_id click_day_id model model_version state seal_version created_at updated_at", applications)
	insert(t, db, "seals", "application_id version document digest sealed_at", seals)
	insert(t, db, "submissions", "id application_id seal_version click_day_id account_id model model_version device digest "+
		"arrived source clock bound node journal sequence state reason ingested_at", submissions)
	return ids
}

// SubmissionID is the id of the n-th submission made by Send.
func SubmissionID(n uint64) clickday.SubmissionID { return idOf("submission", n) }

func idOf(what string, n uint64) [32]byte {
	return sha256.Sum256(binary.BigEndian.AppendUint64([]byte(what), n))
}

// Number lets node 1 promise everything before an instant, and decides about it.
func Number(t T, db *postgres.DB, promise time.Time) {
	t.Helper()
	ctx := context.Background()
	exec(t, db, "UPDATE intake_nodes SET watermark = $1", promise.UnixNano())
	term := Lead(t, db)
	const limit = 4096
	for {
		n, err := term.Number(ctx, limit, promise)
		if err != nil {
			t.Fatal(err)
		}
		if n.Numbered+n.Repeated+n.Refused < limit {
			break
		}
	}
	if err := term.Close(); err != nil {
		t.Fatal(err)
	}
}

// Reveal publishes the seed.
func Reveal(t T, db *postgres.DB, d *clickday.Day, at time.Time) {
	t.Helper()
	exec(t, db, "UPDATE click_days SET seed_revealed_at = $2 WHERE id = $1", d.ID, at)
}

func exec(t T, db *postgres.DB, sql string, args ...any) {
	t.Helper()
	if _, err := db.Pool.Exec(context.Background(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

func insert(t T, db *postgres.DB, table, columns string, rows [][]any) {
	t.Helper()
	if _, err := db.Pool.CopyFrom(context.Background(), pgx.Identifier{table}, strings.Fields(columns), pgx.CopyFromRows(rows)); err != nil {
		t.Fatal(err)
	}
}
