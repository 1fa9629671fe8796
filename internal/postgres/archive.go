package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/accounts"
	"puntuale/internal/archive"
	"puntuale/internal/clickday"
)

const archiveColumns = `id, account_id, source, reference, year, day, model, state, number, sent_at, employer, worker, nationality, answers`

func scanRecord(row pgx.CollectableRow) (archive.Record, error) {
	var r archive.Record
	err := row.Scan((*[16]byte)(&r.ID), &r.Account, &r.Source, &r.Reference, &r.Year, &r.Day, &r.Model, &r.State, &r.Number, &r.SentAt,
		&r.Employer, &r.Worker, &r.Nationality, &r.Answers)
	return r, err
}

// Archived implements archive.Store.
func (db *DB) Archived(ctx context.Context, account clickday.AccountID, id clickday.ApplicationID) (archive.Record, error) {
	rows, err := db.Pool.Query(ctx, "SELECT "+archiveColumns+" FROM archive WHERE id = $1 AND account_id = $2", [16]byte(id), account)
	if err != nil {
		return archive.Record{}, fmt.Errorf("postgres: archive: %w", err)
	}
	r, err := pgx.CollectExactlyOneRow(rows, scanRecord)
	if errors.Is(err, pgx.ErrNoRows) {
		return r, accounts.ErrNotFound
	}
	if err != nil {
		return r, fmt.Errorf("postgres: archive: %w", err)
	}
	return r, nil
}

func (db *DB) archivedByID(ctx context.Context, account clickday.AccountID, ids [][16]byte) (map[clickday.ApplicationID]*archive.Record, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := db.Pool.Query(ctx, "SELECT "+archiveColumns+" FROM archive WHERE id = ANY ($1) AND account_id = $2", ids, account)
	if err != nil {
		return nil, fmt.Errorf("postgres: archive: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanRecord)
	if err != nil {
		return nil, fmt.Errorf("postgres: archive: %w", err)
	}
	out := make(map[clickday.ApplicationID]*archive.Record, len(list))
	for i := range list {
		out[list[i].ID] = &list[i]
	}
	return out, nil
}

// AccountsBy implements archive.Importer.
func (db *DB) AccountsBy(ctx context.Context, column archive.AccountColumn, keys []string) (map[string][]clickday.AccountID, error) {
	sql := "SELECT lower(email), id FROM accounts WHERE lower(email) = ANY ($1)"
	if column == archive.ByTaxCode {
		sql = "SELECT lower(tax_code), id FROM accounts WHERE lower(tax_code) = ANY ($1)"
	}
	lower := make([]string, len(keys))
	for i, k := range keys {
		lower[i] = strings.ToLower(k)
	}
	rows, err := db.Pool.Query(ctx, sql, lower)
	if err != nil {
		return nil, fmt.Errorf("postgres: archive: %w", err)
	}
	out := map[string][]clickday.AccountID{}
	var key string
	var id clickday.AccountID
	_, err = pgx.ForEachRow(rows, []any{&key, &id}, func() error { out[key] = append(out[key], id); return nil })
	if err != nil {
		return nil, fmt.Errorf("postgres: archive: %w", err)
	}
	return out, nil
}

// StoreArchive implements archive.Importer.
func (db *DB) StoreArchive(ctx context.Context, list []archive.Record, now time.Time) (archive.Stored, error) {
	var n archive.Stored
	err := db.InTx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "CREATE TEMPORARY TABLE archive_in (LIKE archive) ON COMMIT DROP")
		if err != nil {
			return err
		}
		if err := copyArchive(ctx, tx, "archive_in", list, now); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `WITH put AS (
				INSERT INTO archive SELECT * FROM archive_in
				ON CONFLICT (id) DO UPDATE SET (account_id, year, day, model, state, number, sent_at, employer, worker, nationality, answers, imported_at) =
					(excluded.account_id, excluded.year, excluded.day, excluded.model, excluded.state, excluded.number, excluded.sent_at,
					excluded.employer, excluded.worker, excluded.nationality, excluded.answers, excluded.imported_at)
				WHERE (archive.account_id, archive.year, archive.day, archive.model, archive.state, archive.number, archive.sent_at,
					archive.employer, archive.worker, archive.nationality, archive.answers) IS DISTINCT FROM
					(excluded.account_id, excluded.year, excluded.day, excluded.model, excluded.state, excluded.number, excluded.sent_at,
					excluded.employer, excluded.worker, excluded.nationality, excluded.answers)
				RETURNING xmax = 0 AS added)
			SELECT count(*) FILTER (WHERE added), count(*) FILTER (WHERE NOT added) FROM put`).Scan(&n.Added, &n.Changed)
	})
	if err != nil {
		return archive.Stored{}, fmt.Errorf("postgres: archive: %w", err)
	}
	n.Same = len(list) - n.Added - n.Changed
	return n, nil
}

func copyArchive(ctx context.Context, tx pgx.Tx, table string, list []archive.Record, now time.Time) error {
	answers := make([][]byte, len(list))
	for i := range list {
		b, err := json.Marshal(list[i].Answers)
		if err != nil {
			return err
		}
		if list[i].Answers == nil {
			b = []byte("{}")
		}
		answers[i] = b
	}
	return copyIn(ctx, tx, "COPY "+table+" ("+archiveColumns+", imported_at) FROM STDIN BINARY", len(list), func(row *copyRow, i int) {
		r := &list[i]
		row.begin(15)
		row.bytes(r.ID[:])
		row.int8(int64(r.Account))
		row.text(r.Source)
		row.text(r.Reference)
		row.int2(int16(r.Year))
		row.text(r.Day)
		row.text(string(r.Model))
		row.text(string(r.State))
		row.text(r.Number)
		row.instant(r.SentAt)
		row.text(r.Employer)
		row.text(r.Worker)
		row.text(r.Nationality)
		row.jsonb(answers[i])
		row.instant(now)
	})
}

// jsonb is a document behind the number of its format.
func (r *copyRow) jsonb(v []byte) {
	r.size(len(v) + 1)
	r.b = append(append(r.b, 1), v...)
}

// CountReceipts returns how many receipts ReceiptsOf would give.
func (db *DB) CountReceipts(ctx context.Context, account clickday.AccountID, from, until time.Time) (int, error) {
	var n int
	err := db.Pool.QueryRow(ctx, `SELECT count(*) FROM submissions WHERE account_id = $1 AND state = 'receipted' AND arrived >= $2 AND arrived < $3
		AND click_day_id NOT IN (SELECT id FROM click_days WHERE rehearsal)`,
		account, from.UnixNano(), until.UnixNano()).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("postgres: receipts: %w", err)
	}
	return n, nil
}

// receiptChunk is how many receipts are in memory at a time.
const receiptChunk = 16

// ReceiptsOf implements archive.Store. No connection is held while each runs: a
// download may be slow.
func (db *DB) ReceiptsOf(ctx context.Context, account clickday.AccountID, from, until time.Time, each func(*archive.Receipt) error) error {
	var day, number int64
	for {
		rows, err := db.Pool.Query(ctx, `SELECT s.click_day_id, s.application_id, d.code, s.number, r.issued_at, r.pdf
			FROM submissions s JOIN receipts r ON r.submission_id = s.id JOIN click_days d ON d.id = s.click_day_id
			WHERE s.account_id = $1 AND s.state = 'receipted' AND NOT d.rehearsal AND s.arrived >= $2 AND s.arrived < $3 AND (s.click_day_id, s.number) > ($4, $5)
			ORDER BY s.click_day_id, s.number LIMIT $6`, account, from.UnixNano(), until.UnixNano(), day, number, receiptChunk)
		if err != nil {
			return fmt.Errorf("postgres: receipts: %w", err)
		}
		list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r archive.Receipt, err error) {
			err = row.Scan(&day, (*[16]byte)(&r.Application), &r.DayCode, &r.Number, &r.IssuedAt, &r.PDF)
			return r, err
		})
		if err != nil {
			return fmt.Errorf("postgres: receipts: %w", err)
		}
		for i := range list {
			if err := each(&list[i]); err != nil {
				return err
			}
			number = list[i].Number
		}
		if len(list) < receiptChunk {
			return nil
		}
	}
}
