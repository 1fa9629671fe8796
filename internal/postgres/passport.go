package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/clickday"
)

// PassportUse is one of several applications of a click day in which one
// worker's passport stands.
type PassportUse struct {
	Passport    string
	Application clickday.ApplicationID
	Number      int64  // 0 for none yet
	Account     string // e-mail address
}

// SamePassports returns the applications sent on a click day whose passport
// stands in another one too, by passport and number. It is a flag for whoever
// examines them: nothing is refused for it.
func (db *DB) SamePassports(ctx context.Context, day clickday.DayID) ([]PassportUse, error) {
	rows, err := db.Pool.Query(ctx, `SELECT s.passport, s.application_id, coalesce(max(s.number), 0), a.email
		FROM submissions s JOIN accounts a ON a.id = s.account_id
		WHERE s.click_day_id = $1 AND s.state <> 'refused' AND s.passport IN (
			SELECT passport FROM submissions WHERE click_day_id = $1 AND passport IS NOT NULL AND state <> 'refused'
			GROUP BY passport HAVING count(DISTINCT application_id) > 1)
		GROUP BY s.passport, s.application_id, a.email ORDER BY s.passport, max(s.number), s.application_id`, day)
	if err != nil {
		return nil, fmt.Errorf("postgres: passports: %w", err)
	}
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (u PassportUse, err error) {
		var id [16]byte
		err = row.Scan(&u.Passport, &id, &u.Number, &u.Account)
		u.Application = id
		return u, err
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: passports: %w", err)
	}
	return out, nil
}

// PassportElsewhere returns the other applications of the same click day that
// name the same worker's passport as this one.
func (db *DB) PassportElsewhere(ctx context.Context, application clickday.ApplicationID) ([]clickday.ApplicationID, error) {
	rows, err := db.Pool.Query(ctx, `SELECT DISTINCT o.application_id FROM submissions s
		JOIN submissions o ON o.click_day_id = s.click_day_id AND o.passport = s.passport AND o.application_id <> s.application_id
		WHERE s.application_id = $1 AND s.state <> 'refused' AND o.state <> 'refused' ORDER BY 1`, [16]byte(application))
	if err != nil {
		return nil, fmt.Errorf("postgres: passports: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[[16]byte])
	if err != nil {
		return nil, fmt.Errorf("postgres: passports: %w", err)
	}
	out := make([]clickday.ApplicationID, len(ids))
	for i, id := range ids {
		out[i] = id
	}
	return out, nil
}
