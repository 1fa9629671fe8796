package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"puntuale/internal/clickday"
	"puntuale/internal/lists"
	"puntuale/internal/quota"
)

const quotaColumns = `q.click_day_id, d.code, q.version, q.rule, q.quotas, q.nations, q.document, q.reason, q.operator, q.published_at
	FROM quota_versions q JOIN click_days d ON d.id = q.click_day_id`

// NewestQuotas returns the newest published version of a day's quotas, or nil.
func (db *DB) NewestQuotas(ctx context.Context, day clickday.DayID) (*lists.Quotas, error) {
	return newestQuotas(ctx, db.Pool, day)
}

func newestQuotas(ctx context.Context, q rowsQuerier, day clickday.DayID) (*lists.Quotas, error) {
	list, err := quotasWhere(ctx, q, "WHERE q.click_day_id = $1 ORDER BY q.version DESC LIMIT 1", day)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}

// QuotaVersions returns every version of every day, the newest day and version
// first, without their documents.
func (db *DB) QuotaVersions(ctx context.Context) ([]lists.Quotas, error) {
	list, err := quotasWhere(ctx, db.Pool, "ORDER BY q.click_day_id DESC, q.version DESC")
	for i := range list {
		list[i].Document = nil
	}
	return list, err
}

// QuotaVersion returns one version, or lists.ErrNotFound.
func (db *DB) QuotaVersion(ctx context.Context, dayCode string, version int) (*lists.Quotas, error) {
	list, err := quotasWhere(ctx, db.Pool, "WHERE d.code = $1 AND q.version = $2", dayCode, version)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, lists.ErrNotFound
	}
	return &list[0], nil
}

func quotasWhere(ctx context.Context, q rowsQuerier, where string, args ...any) ([]lists.Quotas, error) {
	rows, err := q.Query(ctx, "SELECT "+quotaColumns+" "+where, args...)
	if err != nil {
		return nil, fmt.Errorf("postgres: quotas: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanQuotas)
	if err != nil {
		return nil, fmt.Errorf("postgres: quotas: %w", err)
	}
	return list, nil
}

func scanQuotas(row pgx.CollectableRow) (lists.Quotas, error) {
	var q lists.Quotas
	var rule string
	var table, nations []byte
	err := row.Scan(&q.Day, &q.DayCode, &q.Version, &rule, &table, &nations, &q.Document, &q.Reason, &q.Operator, &q.At)
	if err != nil {
		return q, err
	}
	var errR, errT, errN error
	q.Rule, errR = quota.ParseRule(rule)
	q.Table, errT = quota.ReadTable(bytes.NewReader(table), nil)
	q.Nations, errN = quota.ReadNations(bytes.NewReader(nations))
	if err := errors.Join(errR, errT, errN); err != nil {
		return q, fmt.Errorf("version %d of %s: %w", q.Version, q.DayCode, err)
	}
	return q, nil
}

// AddQuotas stores the next version of a day's quotas, durable when it returns;
// lists.ErrChanged when somebody else has published that version.
func (db *DB) AddQuotas(ctx context.Context, q *lists.Quotas) error {
	tag, err := db.Pool.Exec(ctx, `INSERT INTO quota_versions
		(click_day_id, version, rule, quotas, nations, document, reason, operator, published_at)
		SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9
		WHERE $2 = 1 + (SELECT coalesce(max(version), 0) FROM quota_versions WHERE click_day_id = $1)`,
		q.Day, q.Version, q.Rule.String(), q.Table.CSV(), q.Nations.CSV(), q.Document, q.Reason, q.Operator, q.At.UTC().Truncate(time.Microsecond))
	if duplicate(err) || err == nil && tag.RowsAffected() == 0 {
		return lists.ErrChanged
	}
	if err != nil {
		return fmt.Errorf("postgres: quotas: %w", err)
	}
	return nil
}

// duplicate reports whether a row was there already.
func duplicate(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code == "23505"
}
