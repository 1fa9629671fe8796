package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
)

// ReadyApplications returns the account's applications to a click day that can be
// sealed, the oldest first, at most limit.
func (db *DB) ReadyApplications(ctx context.Context, account clickday.AccountID, day clickday.DayID, limit int) ([]accounts.Application, error) {
	rows, err := db.Pool.Query(ctx, "SELECT "+applicationColumns+` FROM applications a
		WHERE a.account_id = $1 AND a.click_day_id = $2 AND a.state = 'ready' ORDER BY a.created_at, a.id LIMIT $3`, account, day, limit)
	if err != nil {
		return nil, fmt.Errorf("postgres: ready applications: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (a accounts.Application, err error) {
		err = row.Scan(applicationTargets(&a)...)
		return a, err
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: ready applications: %w", err)
	}
	return list, nil
}

// ApplicationsTo returns the account's applications of a model to a click day with
// their outcomes, the oldest first, at most limit.
func (db *DB) ApplicationsTo(ctx context.Context, account clickday.AccountID, day clickday.DayID, model clickday.ModelCode, limit int) ([]accounts.Application, error) {
	rows, err := db.Pool.Query(ctx, "SELECT "+applicationColumns+", "+outcomeColumns+
		` FROM (SELECT * FROM applications WHERE account_id = $1 AND click_day_id = $2 AND model = $3 ORDER BY created_at, id LIMIT $4) a `+
		counting+" ORDER BY a.created_at, a.id", account, day, model, limit)
	if err != nil {
		return nil, fmt.Errorf("postgres: applications to a day: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanApplication)
	if err != nil {
		return nil, fmt.Errorf("postgres: applications to a day: %w", err)
	}
	return list, nil
}

// DayCounts returns how many applications the account has, by click day and
// state.
func (db *DB) DayCounts(ctx context.Context, account clickday.AccountID) (map[clickday.DayID]map[clickday.ApplicationState]int, error) {
	rows, err := db.Pool.Query(ctx, "SELECT click_day_id, state, count(*) FROM applications WHERE account_id = $1 GROUP BY 1, 2", account)
	if err != nil {
		return nil, fmt.Errorf("postgres: count applications: %w", err)
	}
	out := map[clickday.DayID]map[clickday.ApplicationState]int{}
	var day clickday.DayID
	var state clickday.ApplicationState
	var n int
	_, err = pgx.ForEachRow(rows, []any{&day, &state, &n}, func() error {
		if out[day] == nil {
			out[day] = map[clickday.ApplicationState]int{}
		}
		out[day][state] = n
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: count applications: %w", err)
	}
	return out, nil
}

// DeleteApplication removes a draft with its files and superseded seals. It
// returns accounts.ErrState while it is sealed, accounts.ErrSent when a
// submission of it has arrived, and accounts.ErrNotFound.
func (db *DB) DeleteApplication(ctx context.Context, account clickday.AccountID, id clickday.ApplicationID) error {
	err := db.InTx(ctx, func(tx pgx.Tx) error {
		if err := lockDraft(ctx, tx, account, id); err != nil {
			return err
		}
		var arrived bool
		err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM submissions WHERE application_id = $1 AND account_id = $2)", [16]byte(id), account).Scan(&arrived)
		if err != nil {
			return err
		}
		if arrived {
			return accounts.ErrSent
		}
		if _, err = tx.Exec(ctx, "DELETE FROM seals WHERE application_id = $1", [16]byte(id)); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "DELETE FROM applications WHERE id = $1", [16]byte(id))
		return err
	})
	if err != nil {
		return fmt.Errorf("postgres: delete application: %w", err)
	}
	return nil
}

// ArchivedAnswers returns the model of an archived application of the account and
// its columns, for a new one to begin with, or accounts.ErrNotFound.
func (db *DB) ArchivedAnswers(ctx context.Context, account clickday.AccountID, id clickday.ApplicationID) (clickday.ModelCode, map[string]string, error) {
	r, err := db.Archived(ctx, account, id)
	return r.Model, r.Answers, err
}

// DayLimit returns how many applications of the account may have a number on one
// click day, and whether there is such a limit.
func (db *DB) DayLimit(ctx context.Context, account clickday.AccountID) (int, bool, error) {
	var limit *int
	err := db.Pool.QueryRow(ctx, `SELECT coalesce(a.per_day, l.per_day) FROM accounts a LEFT JOIN account_limits l ON l.kind = a.kind
		WHERE a.id = $1`, account).Scan(&limit)
	if err != nil {
		return 0, false, fmt.Errorf("postgres: limit of an account: %w", err)
	}
	if limit == nil {
		return 0, false, nil
	}
	return *limit, true, nil
}
