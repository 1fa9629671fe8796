package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/places"
)

// PlaceImport is a file of changes of places that was taken in.
type PlaceImport struct {
	At       time.Time
	Operator string
	SHA256   [32]byte
	Rows     int
}

// ImportPlaces stores changes of places, each over an earlier one of its code,
// all or none.
func (db *DB) ImportPlaces(ctx context.Context, i *PlaceImport, changes []places.Change) error {
	return db.InTx(ctx, func(tx pgx.Tx) error {
		var id int64
		err := tx.QueryRow(ctx, "INSERT INTO place_imports (at, operator, sha256, rows) VALUES ($1, $2, $3, $4) RETURNING id",
			i.At, i.Operator, i.SHA256[:], len(changes)).Scan(&id)
		if err != nil {
			return fmt.Errorf("postgres: places: %w", err)
		}
		b := &pgx.Batch{}
		for k := range changes {
			c := &changes[k]
			var to *time.Time
			if !c.Current() {
				to = &c.To
			}
			b.Queue(`INSERT INTO place_changes (code, name, english, province, province_name, iso, valid_from, valid_to, import_id)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
				ON CONFLICT (code) DO UPDATE SET name = excluded.name, english = excluded.english, province = excluded.province,
					province_name = excluded.province_name, iso = excluded.iso, valid_from = excluded.valid_from, valid_to = excluded.valid_to,
					import_id = excluded.import_id`,
				c.Code, c.Name, c.English, c.Province, c.ProvinceName, c.ISO, c.From, to, id)
		}
		if err := tx.SendBatch(ctx, b).Close(); err != nil {
			return fmt.Errorf("postgres: places: %w", err)
		}
		return nil
	})
}

// newestPlaces returns the number of the newest import, 0 for none.
func (db *DB) newestPlaces(ctx context.Context) (newest int64, err error) {
	if err := db.Pool.QueryRow(ctx, "SELECT coalesce(max(id), 0) FROM place_imports").Scan(&newest); err != nil {
		return 0, fmt.Errorf("postgres: places: %w", err)
	}
	return newest, nil
}

// PlaceChanges returns every change, and the number of the newest import (0 for
// none), which grows.
func (db *DB) PlaceChanges(ctx context.Context) ([]places.Change, int64, error) {
	newest, err := db.newestPlaces(ctx)
	if err != nil {
		return nil, 0, err
	}
	rows, err := db.Pool.Query(ctx, `SELECT code, name, english, province, province_name, iso, valid_from, valid_to
		FROM place_changes ORDER BY import_id, code`)
	if err != nil {
		return nil, 0, fmt.Errorf("postgres: places: %w", err)
	}
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (c places.Change, err error) {
		var to *time.Time
		err = row.Scan(&c.Code, &c.Name, &c.English, &c.Province, &c.ProvinceName, &c.ISO, &c.From, &to)
		if to != nil {
			c.To = *to
		}
		return c, err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("postgres: places: %w", err)
	}
	return out, newest, nil
}

// LoadPlaces lays the stored changes over the places of this process, and returns
// the number of the newest import. Programs that judge applications call it before
// they begin.
func (db *DB) LoadPlaces(ctx context.Context) (newest int64, err error) {
	changes, newest, err := db.PlaceChanges(ctx)
	if err != nil {
		return 0, err
	}
	return newest, places.Amend(changes)
}

// FollowPlaces does LoadPlaces whenever there is a new import, until the context
// ends. What cannot be read now is logged and tried again; until then the process
// goes on with what it has.
func (db *DB) FollowPlaces(ctx context.Context, every time.Duration, log *slog.Logger) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	seen := int64(-1) // what an earlier LoadPlaces of this process took is taken once more
	for {
		newest, err := db.newestPlaces(ctx)
		if err == nil && newest != seen {
			seen, err = db.LoadPlaces(ctx)
		}
		if err != nil && !errors.Is(err, context.Canceled) {
			log.WarnContext(ctx, "places not read", "err", err)
			seen = -1
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
