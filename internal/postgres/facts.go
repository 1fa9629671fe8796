package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/clickday"
)

// SealFacts returns what is known of sealed versions; unknown ones are absent.
func (db *DB) SealFacts(ctx context.Context, refs []clickday.SealRef) (map[clickday.SealRef]clickday.SealFact, error) {
	ids, versions := make([][16]byte, len(refs)), make([]int64, len(refs))
	for i, r := range refs {
		ids[i], versions[i] = r.Application, int64(r.Version)
	}
	out := make(map[clickday.SealRef]clickday.SealFact, len(refs))
	err := db.lookUp(ctx, func(tx pgx.Tx) error {
		if err := sealFacts(ctx, tx, ids, versions, out); err != nil || len(out) == len(refs) {
			return err
		}
		return rehearsalSeals(ctx, tx, ids, versions, out)
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: seals: %w", err)
	}
	return out, nil
}

// lookUp runs queries that find few rows of large tables by their keys. Left to
// itself the planner may read a whole table of documents instead.
func (db *DB) lookUp(ctx context.Context, f func(tx pgx.Tx) error) error {
	return db.InTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL jit = off"); err != nil {
			return err
		}
		return f(tx)
	})
}

func sealFacts(ctx context.Context, tx pgx.Tx, ids [][16]byte, versions []int64, out map[clickday.SealRef]clickday.SealFact) error {
	rows, err := tx.Query(ctx, `SELECT s.application_id, s.version, a.account_id, s.digest, s.sealed_at, s.superseded_at
		FROM unnest($1::uuid[], $2::bigint[]) AS u (id, version)
		JOIN seals s ON s.application_id = u.id AND s.version = u.version
		JOIN applications a ON a.id = s.application_id`, ids, versions)
	if err != nil {
		return err
	}
	var r clickday.SealRef
	var f clickday.SealFact
	var id [16]byte
	var digest []byte
	var superseded *time.Time
	targets := []any{&id, &r.Version, &f.Account, &digest, &f.SealedAt, &superseded}
	_, err = pgx.ForEachRow(rows, targets, func() error {
		r.Application, f.SupersededAt = id, time.Time{}
		if superseded != nil {
			f.SupersededAt = *superseded
		}
		copy(f.Digest[:], digest)
		out[r] = f
		return nil
	})
	return err
}

// DeviceFacts returns what is known of device keys; unknown ones are absent.
func (db *DB) DeviceFacts(ctx context.Context, keys [][32]byte) (map[[32]byte]clickday.DeviceFact, error) {
	args := make([][]byte, len(keys))
	for i := range keys {
		args[i] = keys[i][:]
	}
	rows, err := db.Pool.Query(ctx, "SELECT public_key, account_id, revoked_at FROM devices WHERE public_key = ANY ($1)", args)
	if err != nil {
		return nil, fmt.Errorf("postgres: devices: %w", err)
	}
	out := make(map[[32]byte]clickday.DeviceFact, len(keys))
	var key []byte
	var f clickday.DeviceFact
	var revoked *time.Time
	_, err = pgx.ForEachRow(rows, []any{&key, &f.Account, &revoked}, func() error {
		f.RevokedAt = time.Time{}
		if revoked != nil {
			f.RevokedAt = *revoked
		}
		if len(key) == 32 {
			out[[32]byte(key)] = f
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: devices: %w", err)
	}
	return out, nil
}
