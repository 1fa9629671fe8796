package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/clickday"
	"puntuale/internal/lists"
	"puntuale/internal/quota"
)

// Lists returns every published list, the newest day and version first, without
// files.
func (db *DB) Lists(ctx context.Context) ([]lists.Published, error) {
	return listsWhere(ctx, db.Pool, "ORDER BY l.click_day_id DESC, l.version DESC")
}

// List returns one published list with its files, or lists.ErrNotFound.
func (db *DB) List(ctx context.Context, dayCode string, version int) (*lists.Published, error) {
	found, err := listsWhere(ctx, db.Pool, "WHERE d.code = $1 AND l.version = $2", dayCode, version)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, lists.ErrNotFound
	}
	l := &found[0]
	rows, err := db.Pool.Query(ctx, "SELECT name, media, size, sha256 FROM list_files WHERE click_day_id = $1 AND version = $2 ORDER BY name",
		l.Day, l.Version)
	if err != nil {
		return nil, fmt.Errorf("postgres: list: %w", err)
	}
	if l.Files, err = pgx.CollectRows(rows, scanFile); err != nil {
		return nil, fmt.Errorf("postgres: list: %w", err)
	}
	return l, nil
}

func scanFile(row pgx.CollectableRow) (f lists.File, err error) {
	var sum []byte
	err = row.Scan(&f.Name, &f.Media, &f.Size, &sum)
	copy(f.SHA256[:], sum)
	return f, err
}

// ListFile returns what is known of a file of a list, or lists.ErrNotFound.
func (db *DB) ListFile(ctx context.Context, dayCode string, version int, name string) (lists.File, error) {
	rows, err := db.Pool.Query(ctx, `SELECT f.name, f.media, f.size, f.sha256 FROM list_files f JOIN click_days d ON d.id = f.click_day_id
		WHERE d.code = $1 AND f.version = $2 AND f.name = $3`, dayCode, version, name)
	if err != nil {
		return lists.File{}, fmt.Errorf("postgres: file of a list: %w", err)
	}
	f, err := pgx.CollectExactlyOneRow(rows, scanFile)
	if errors.Is(err, pgx.ErrNoRows) {
		return f, lists.ErrNotFound
	}
	if err != nil {
		return f, fmt.Errorf("postgres: file of a list: %w", err)
	}
	return f, nil
}

// ReadListFile calls send with the file's bytes, piece by piece. No connection is
// held while a piece is sent.
func (db *DB) ReadListFile(ctx context.Context, dayCode string, version int, name string, send func([]byte) error) error {
	for chunk := 0; ; chunk++ {
		var data []byte
		err := db.Pool.QueryRow(ctx, `SELECT c.data FROM list_chunks c JOIN click_days d ON d.id = c.click_day_id
			WHERE d.code = $1 AND c.version = $2 AND c.name = $3 AND c.chunk = $4`, dayCode, version, name, chunk).Scan(&data)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("postgres: file of a list: %w", err)
		}
		if err := send(data); err != nil {
			return err
		}
	}
}

// standings are the placements of the newest list of each day, with the account
// of their group.
const standings = `WITH mine AS MATERIALIZED (
	SELECT p.*, d.code, l.kind, l.published_at FROM submissions s JOIN placements p ON p.submission_id = s.id
	JOIN lists l ON l.click_day_id = p.click_day_id AND l.version = p.version
	JOIN click_days d ON d.id = l.click_day_id
	WHERE s.account_id = $1 AND l.version = (SELECT max(version) FROM lists n WHERE n.click_day_id = l.click_day_id)),
counts AS (
	SELECT l.click_day_id, c->>'Group' AS quota_group, c AS count FROM lists l CROSS JOIN jsonb_array_elements(l.summary->'groups') c
	WHERE (l.click_day_id, l.version) IN (SELECT click_day_id, version FROM mine) AND jsonb_typeof(l.summary->'groups') = 'array')
SELECT m.submission_id, m.quota_group, m.decided, m.admitted, m.rank, m.round, m.source,
	m.click_day_id, m.code, m.version, m.kind, m.published_at, coalesce(c.count, '{}')
FROM mine m LEFT JOIN counts c USING (click_day_id, quota_group)`

// Standings returns what the newest list of each day gave to the submissions of
// an account.
func (db *DB) Standings(ctx context.Context, account clickday.AccountID) (map[clickday.SubmissionID]lists.Standing, error) {
	rows, err := db.Pool.Query(ctx, standings, account)
	if err != nil {
		return nil, fmt.Errorf("postgres: standings: %w", err)
	}
	out := map[clickday.SubmissionID]lists.Standing{}
	var s lists.Standing
	var id []byte
	_, err = pgx.ForEachRow(rows, []any{
		&id, &s.Group, &s.Decided, &s.Admitted, &s.Rank, &s.Round, &s.Source, &s.Day, &s.DayCode, &s.Version, &s.Kind, &s.At, &s.Count,
	}, func() error {
		s.Submission = clickday.SubmissionID(id)
		out[s.Submission] = s
		s.Count = quota.Count{}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: standings: %w", err)
	}
	return out, nil
}
