package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/archive"
	"puntuale/internal/clickday"
)

// timeline derives what has happened from what is on record: nothing is written
// twice, and nothing can be missing in it. Of the pairs of a sync and a seal only
// the first of each computer counts.
const timeline = `WITH a AS (SELECT * FROM applications WHERE id = $1 AND account_id = $2),
	sealed AS (SELECT s.* FROM seals s JOIN a ON a.id = s.application_id),
	sent AS (SELECT s.* FROM submissions s JOIN a ON a.id = s.application_id AND a.account_id = s.account_id)
	SELECT 'created', created_at, NULL::bigint, 0::bigint, 0, '' FROM a
	UNION ALL SELECT 'saved', updated_at, NULL, 0, 0, '' FROM a WHERE state <> 'sealed' AND updated_at > created_at
		AND updated_at > coalesce((SELECT max(superseded_at) FROM sealed), '-infinity')
	UNION ALL SELECT 'sealed', sealed_at, NULL, 0, version, '' FROM sealed
	UNION ALL SELECT 'reopened', superseded_at, NULL, 0, version, '' FROM sealed WHERE superseded_at IS NOT NULL
	UNION ALL SELECT 'synced', min(y.at), NULL, 0, s.version, d.name FROM sealed s JOIN a ON true
		JOIN device_syncs y ON y.account_id = a.account_id AND y.at >= s.sealed_at AND y.at < coalesce(s.superseded_at, 'infinity')
		JOIN devices d ON d.id = y.device_id GROUP BY s.version, d.id, d.name
	UNION ALL SELECT 'arrived', to_timestamp(arrived / 1000000000), arrived, 0, seal_version, '' FROM sent
	UNION ALL SELECT 'numbered', sequenced_at, NULL, number, seal_version, d.code FROM sent JOIN click_days d ON d.id = click_day_id
		WHERE number IS NOT NULL AND sequenced_at IS NOT NULL
	UNION ALL SELECT 'refused', coalesce(sequenced_at, ingested_at), NULL, 0, seal_version, reason FROM sent WHERE state = 'refused'
	UNION ALL SELECT 'receipted', r.issued_at, NULL, 0, 0, '' FROM sent JOIN receipts r ON r.submission_id = sent.id
	UNION ALL SELECT 'noticed', n.ended_at, NULL, 0, 0, '' FROM sent JOIN notices n ON n.submission_id = sent.id WHERE n.state = 'sent'
	UNION ALL SELECT 'asked', t.created_at, NULL, 0, 0, t.number FROM a JOIN tickets t ON t.application_id = a.id AND t.account_id = a.account_id
	UNION ALL SELECT 'answered', m.at, NULL, 0, 0, t.number FROM a JOIN tickets t ON t.application_id = a.id AND t.account_id = a.account_id
		JOIN ticket_messages m ON m.ticket_id = t.id AND m.author = 'assistant'
	UNION ALL SELECT 'listed', l.published_at, NULL, l.version, 0, d.code FROM sent
		JOIN placements p ON p.click_day_id = sent.click_day_id AND p.submission_id = sent.id
		JOIN lists l ON l.click_day_id = p.click_day_id AND l.version = p.version JOIN click_days d ON d.id = l.click_day_id`

// Timeline implements archive.Store.
func (db *DB) Timeline(ctx context.Context, account clickday.AccountID, id clickday.ApplicationID) ([]archive.Event, error) {
	rows, err := db.Pool.Query(ctx, "SELECT * FROM ("+timeline+") AS e (kind, at, arrived, number, version, detail) ORDER BY coalesce(to_timestamp(arrived / 1e9), at), arrived",
		[16]byte(id), account)
	if err != nil {
		return nil, fmt.Errorf("postgres: timeline: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (e archive.Event, err error) {
		var arrived *int64
		err = row.Scan(&e.Kind, &e.At, &arrived, &e.Number, &e.Version, &e.Detail)
		if arrived != nil {
			e.At, e.Exact = time.Unix(0, *arrived).UTC(), true
		}
		return e, err
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: timeline: %w", err)
	}
	return list, nil
}

// NoteSync remembers that a computer was given the sealed applications, of which
// the newest was sealed at that instant. A sync that brings it nothing new leaves
// no trace.
func (db *DB) NoteSync(ctx context.Context, account clickday.AccountID, device int64, newest, at time.Time) error {
	_, err := db.Pool.Exec(ctx, `INSERT INTO device_syncs (account_id, device_id, at) SELECT $1, $2, $3
		WHERE NOT EXISTS (SELECT FROM device_syncs WHERE account_id = $1 AND device_id = $2 AND at >= $4)`, account, device, at, newest)
	if err != nil {
		return fmt.Errorf("postgres: sync: %w", err)
	}
	return nil
}
