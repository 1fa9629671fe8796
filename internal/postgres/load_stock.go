package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/clickday"
	"puntuale/internal/loadprep/stock"
)

// noPassword is no argon2id hash, so nothing matches it.
const noPassword = "!"

// StockAccounts stores accounts and their devices in one transaction, and
// returns the ids in the same order.
func (db *DB) StockAccounts(ctx context.Context, list []stock.Account, now time.Time) ([]clickday.AccountID, error) {
	ids := make([]clickday.AccountID, len(list))
	err := db.InTx(ctx, func(tx pgx.Tx) error {
		byEmail, err := insertAccounts(ctx, tx, list, now)
		if err != nil {
			return err
		}
		rows := make([][]any, len(list))
		for i := range list {
			ids[i] = clickday.AccountID(byEmail[list[i].Email])
			rows[i] = []any{int64(ids[i]), list[i].Device[:], "loadtest", now}
		}
		_, err = tx.CopyFrom(ctx, pgx.Identifier{"devices"}, []string{"account_id", "public_key", "name", "created_at"}, pgx.CopyFromRows(rows))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: accounts of a load run: %w", err)
	}
	return ids, nil
}

func insertAccounts(ctx context.Context, tx pgx.Tx, list []stock.Account, now time.Time) (map[string]int64, error) {
	var kinds, emails, names, codes []string
	for i := range list {
		a := &list[i]
		kinds, emails = append(kinds, string(a.Kind)), append(emails, a.Email)
		names, codes = append(names, a.Name), append(codes, a.TaxCode)
	}
	rows, err := tx.Query(ctx, `INSERT INTO accounts (kind, email, password_hash, display_name, tax_code, created_at)
		SELECT k, e, $5, n, c, $6 FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS t(k, e, n, c) RETURNING email, id`,
		kinds, emails, names, codes, noPassword, now)
	if err != nil {
		return nil, err
	}
	out := make(map[string]int64, len(list))
	var email string
	var id int64
	_, err = pgx.ForEachRow(rows, []any{&email, &id}, func() error {
		out[email] = id
		return nil
	})
	return out, err
}

// StockApplications stores sealed applications to a day in one transaction.
func (db *DB) StockApplications(ctx context.Context, day clickday.DayID, list []stock.Application) error {
	applications, seals := make([][]any, 0, len(list)), make([][]any, 0, len(list))
	for i := range list {
		a := &list[i]
		applications = append(applications, []any{[16]byte(a.ID), int64(a.Account), int64(day), string(a.Model), int32(a.Version), a.Answers,
			string(clickday.Sealed), int32(a.SealVersion()), a.Sealed, a.Sealed})
		if a.Stale != nil {
			seals = append(seals, []any{[16]byte(a.ID), int32(1), a.Stale, a.StaleSum[:], a.Sealed, a.Sealed})
		}
		seals = append(seals, []any{[16]byte(a.ID), int32(a.SealVersion()), a.Document, a.Digest[:], a.Sealed, nil})
	}
	err := db.InTx(ctx, func(tx pgx.Tx) error {
		_, err := tx.CopyFrom(ctx, pgx.Identifier{"applications"}, []string{"id", "account_id", "click_day_id", "model", "model_version", "answers",
			"state", "seal_version", "created_at", "updated_at"}, pgx.CopyFromRows(applications))
		if err != nil {
			return err
		}
		_, err = tx.CopyFrom(ctx, pgx.Identifier{"seals"}, []string{"application_id", "version", "document", "digest", "sealed_at", "superseded_at"},
			pgx.CopyFromRows(seals))
		return err
	})
	if err != nil {
		return fmt.Errorf("postgres: applications of a load run: %w", err)
	}
	return nil
}

// StockReady lets the planner know what has been stored.
func (db *DB) StockReady(ctx context.Context) error {
	if _, err := db.Pool.Exec(ctx, "ANALYZE accounts, devices, applications, seals"); err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	return nil
}

// LoadProgress counts how far the submissions of a day have come: stored,
// numbered and receipted.
func (db *DB) LoadProgress(ctx context.Context, day clickday.DayID) (stored, numbered, receipted int64, err error) {
	err = db.Pool.QueryRow(ctx, `SELECT count(*), count(number), count(*) FILTER (WHERE state = 'receipted') FROM submissions WHERE click_day_id = $1`,
		int64(day)).Scan(&stored, &numbered, &receipted)
	if err != nil {
		err = fmt.Errorf("postgres: progress of a load run: %w", err)
	}
	return stored, numbered, receipted, err
}
