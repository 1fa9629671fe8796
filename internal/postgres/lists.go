package postgres

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/clickday"
	"puntuale/internal/ledger"
	"puntuale/internal/lists"
)

// Basis reads what a list of a day is made from in one snapshot.
func (db *DB) Basis(ctx context.Context, day clickday.DayID) (*lists.Basis, error) {
	b := &lists.Basis{}
	err := pgx.BeginTxFunc(ctx, db.Pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if err := readBasis(ctx, tx, day, b); err != nil {
			return err
		}
		var err error
		if b.Quotas, err = newestQuotas(ctx, tx, day); err != nil {
			return err
		}
		newest, err := listsWhere(ctx, tx, "WHERE l.click_day_id = $1 ORDER BY l.version DESC LIMIT 1", day)
		if err == nil && len(newest) > 0 {
			b.Newest = &newest[0]
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: basis of a list: %w", err)
	}
	return b, nil
}

// undecidedOf counts the submissions of day $1 that have no leaf yet.
const undecidedOf = "(SELECT count(*) FROM submissions WHERE click_day_id = $1 AND ledger_index IS NULL)"

func readBasis(ctx context.Context, tx pgx.Tx, day clickday.DayID, b *lists.Basis) error {
	var promise *int64
	err := tx.QueryRow(ctx, `SELECT d.code, CASE WHEN d.seed_revealed_at IS NOT NULL THEN d.tie_seed END, `+undecidedOf+`,
			(SELECT min(watermark) FROM intake_nodes WHERE active), coalesce(l.close_pairs, 0), coalesce(l.size, 0), h.note, h.timestamp
		FROM click_days d LEFT JOIN ledgers l ON l.click_day_id = d.id
			LEFT JOIN ledger_heads h ON h.click_day_id = d.id AND h.size = l.size
		WHERE d.id = $1`, day).
		Scan(&b.DayCode, &b.Seed, &b.Undecided, &promise, &b.ClosePairs, &b.Head.Size, &b.Head.Note, &b.Head.Timestamp)
	if errors.Is(err, pgx.ErrNoRows) || clickday.RehearsalCode(b.DayCode) { // rehearsals have no lists
		return fmt.Errorf("click day %d: %w", day, lists.ErrNotFound)
	}
	if err != nil || b.Head.Size == 0 {
		return err
	}
	b.Promise = math.MaxInt64
	if promise != nil {
		b.Promise = *promise
	}
	head, err := ledger.ReadHead(b.Head.Note)
	if err != nil {
		return err
	}
	if head.Size != b.Head.Size {
		return fmt.Errorf("the newest head of %s is of %d leaves and there are %d", b.DayCode, head.Size, b.Head.Size)
	}
	head.Timestamp = b.Head.Timestamp
	b.Head = head
	return nil
}

// SealedDocuments returns the sealed documents of submissions by id, as far as
// they are there.
func (db *DB) SealedDocuments(ctx context.Context, ids []clickday.SubmissionID) (map[clickday.SubmissionID][]byte, error) {
	raw := make([][]byte, len(ids))
	for i := range ids {
		raw[i] = ids[i][:]
	}
	rows, err := db.Pool.Query(ctx, `SELECT s.id, e.document FROM submissions s
		JOIN seals e ON e.application_id = s.application_id AND e.version = s.seal_version WHERE s.id = ANY ($1)`, raw)
	if err != nil {
		return nil, fmt.Errorf("postgres: sealed documents: %w", err)
	}
	out := make(map[clickday.SubmissionID][]byte, len(ids))
	var id, document []byte
	_, err = pgx.ForEachRow(rows, []any{&id, &document}, func() error {
		out[clickday.SubmissionID(id)] = document
		document = nil
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: sealed documents: %w", err)
	}
	return out, nil
}

const listColumns = `l.click_day_id, d.code, l.version, l.kind, l.ledger_size, coalesce(l.quota_version, 0), l.rule, l.seed_revealed,
	l.summary, l.reason, l.operator, l.published_at FROM lists l JOIN click_days d ON d.id = l.click_day_id`

func listsWhere(ctx context.Context, q rowsQuerier, where string, args ...any) ([]lists.Published, error) {
	rows, err := q.Query(ctx, "SELECT "+listColumns+" "+where, args...)
	if err != nil {
		return nil, fmt.Errorf("postgres: lists: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (l lists.Published, err error) {
		err = row.Scan(&l.Day, &l.DayCode, &l.Version, &l.Kind, &l.Size, &l.Quotas, &l.Rule, &l.Revealed, &l.Summary, &l.Reason, &l.Operator, &l.At)
		l.At = l.At.UTC()
		return l, err
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: lists: %w", err)
	}
	return list, nil
}
