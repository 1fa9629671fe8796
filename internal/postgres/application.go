package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
)

const applicationColumns = `a.id, a.account_id, a.click_day_id, a.model, a.model_version, a.answers, a.state, a.revision,
	a.seal_version, a.created_at, a.updated_at`

// counting picks, for each application a, the submission that counts: the
// numbered one, else one on its way, else the newest refusal.
const counting = `LEFT JOIN LATERAL (
	SELECT s.*, r.submission_id IS NOT NULL AS has_receipt
	FROM submissions s LEFT JOIN receipts r ON r.submission_id = s.id
	WHERE s.application_id = a.id AND s.account_id = a.account_id
	ORDER BY s.number IS NOT NULL DESC, s.state = 'queued' DESC, s.state = 'repeated' DESC, s.arrived DESC
	LIMIT 1) o ON true`

func applicationTargets(a *accounts.Application) []any {
	return []any{(*[16]byte)(&a.ID), &a.Account, &a.Day, &a.Model, &a.ModelVersion, &a.Answers, &a.State, &a.Revision,
		&a.SealVersion, &a.CreatedAt, &a.UpdatedAt}
}

func scanApplication(row pgx.CollectableRow) (accounts.Application, error) {
	var a accounts.Application
	var o nullableOutcome
	if err := row.Scan(append(applicationTargets(&a), o.targets()...)...); err != nil {
		return a, err
	}
	outcome, err := o.outcome()
	a.Outcome = outcome
	return a, err
}

// CreateApplication stores a new draft. It returns accounts.ErrState when the
// click day is not in the database.
func (db *DB) CreateApplication(ctx context.Context, a *accounts.Application) error {
	tag, err := db.Pool.Exec(ctx, `INSERT INTO applications
		(id, account_id, click_day_id, model, model_version, answers, state, created_at, updated_at)
		SELECT $1, $2, d.id, $4, $5, $6, $7, $8, $8 FROM click_days d WHERE d.id = $3`,
		[16]byte(a.ID), a.Account, a.Day, a.Model, a.ModelVersion, a.Answers, a.State, a.CreatedAt)
	if err != nil {
		return fmt.Errorf("postgres: create application: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return fmt.Errorf("click day %d: %w", a.Day, accounts.ErrState)
	}
	return nil
}

// Application returns one application of the account with the submission that
// counts. Other people's applications are accounts.ErrNotFound.
func (db *DB) Application(ctx context.Context, account clickday.AccountID, id clickday.ApplicationID) (accounts.Application, error) {
	rows, err := db.Pool.Query(ctx, "SELECT "+applicationColumns+", "+outcomeColumns+" FROM applications a "+counting+
		" WHERE a.id = $1 AND a.account_id = $2", [16]byte(id), account)
	if err != nil {
		return accounts.Application{}, fmt.Errorf("postgres: application: %w", err)
	}
	a, err := pgx.CollectExactlyOneRow(rows, scanApplication)
	if errors.Is(err, pgx.ErrNoRows) {
		return a, accounts.ErrNotFound
	}
	if err != nil {
		return a, fmt.Errorf("postgres: application: %w", err)
	}
	return a, nil
}

// Applications returns a slice of the account's applications, the last changed
// first, and how many there are in all.
func (db *DB) Applications(ctx context.Context, account clickday.AccountID, limit, offset int) ([]accounts.Application, int, error) {
	var total int
	err := db.Pool.QueryRow(ctx, "SELECT count(*) FROM applications WHERE account_id = $1", account).Scan(&total)
	if err != nil {
		return nil, 0, fmt.Errorf("postgres: applications: %w", err)
	}
	rows, err := db.Pool.Query(ctx, "SELECT "+applicationColumns+", "+outcomeColumns+
		` FROM (SELECT * FROM applications WHERE account_id = $1 ORDER BY updated_at DESC, id LIMIT $2 OFFSET $3) a `+counting+
		" ORDER BY a.updated_at DESC, a.id", account, limit, offset)
	if err != nil {
		return nil, 0, fmt.Errorf("postgres: applications: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanApplication)
	if err != nil {
		return nil, 0, fmt.Errorf("postgres: applications: %w", err)
	}
	return list, total, nil
}

// CountApplications returns how many applications of the account, by state, are
// addressed to a click day.
func (db *DB) CountApplications(ctx context.Context, account clickday.AccountID, day clickday.DayID) (map[clickday.ApplicationState]int, error) {
	rows, err := db.Pool.Query(ctx, `SELECT state, count(*) FROM applications
		WHERE account_id = $1 AND click_day_id = $2 GROUP BY state`, account, day)
	if err != nil {
		return nil, fmt.Errorf("postgres: count applications: %w", err)
	}
	counts := map[clickday.ApplicationState]int{}
	var state clickday.ApplicationState
	var n int
	_, err = pgx.ForEachRow(rows, []any{&state, &n}, func() error {
		counts[state] = n
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: count applications: %w", err)
	}
	return counts, nil
}

// SaveAnswers replaces the answers of a draft if it still has that revision,
// and returns the new one. It returns accounts.ErrChanged when somebody saved
// meanwhile, accounts.ErrState when the application is sealed and
// accounts.ErrNotFound when the account has no such application.
func (db *DB) SaveAnswers(ctx context.Context, account clickday.AccountID, id clickday.ApplicationID, revision int64,
	answers map[string]string, state clickday.ApplicationState, now time.Time,
) (int64, error) {
	err := db.InTx(ctx, func(tx pgx.Tx) error {
		a, err := lockApplication(ctx, tx, account, id)
		if err != nil {
			return err
		}
		if a.State == clickday.Sealed {
			return accounts.ErrState
		}
		if a.Revision != revision {
			return accounts.ErrChanged
		}
		_, err = tx.Exec(ctx, `UPDATE applications SET answers = $2, state = $3, revision = revision + 1, updated_at = $4
			WHERE id = $1`, [16]byte(id), answers, state, now)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("postgres: save answers: %w", err)
	}
	return revision + 1, nil
}

// lockApplication reads an application of the account and keeps everybody else
// from changing it until the transaction ends.
func lockApplication(ctx context.Context, tx pgx.Tx, account clickday.AccountID, id clickday.ApplicationID) (accounts.Application, error) {
	var a accounts.Application
	err := tx.QueryRow(ctx, "SELECT "+applicationColumns+" FROM applications a WHERE a.id = $1 AND a.account_id = $2 FOR UPDATE",
		[16]byte(id), account).Scan(applicationTargets(&a)...)
	if errors.Is(err, pgx.ErrNoRows) {
		return a, accounts.ErrNotFound
	}
	return a, err
}
