package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/clickday"
)

// SamePassport is one worker's passport that stands in several applications.
type SamePassport struct {
	Passport     string
	Applications []clickday.ApplicationID // at least two, sorted
}

// SamePassports returns the passports that stand in more than one application
// sent on a click day. It is a flag for whoever examines them: nothing is
// refused for it.
func (db *DB) SamePassports(ctx context.Context, day clickday.DayID) ([]SamePassport, error) {
	rows, err := db.Pool.Query(ctx, `SELECT passport, array_agg(DISTINCT application_id) FROM submissions
		WHERE click_day_id = $1 AND passport IS NOT NULL AND state <> 'refused'
		GROUP BY passport HAVING count(DISTINCT application_id) > 1 ORDER BY passport`, day)
	if err != nil {
		return nil, fmt.Errorf("postgres: passports: %w", err)
	}
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p SamePassport, err error) {
		var ids [][16]byte
		err = row.Scan(&p.Passport, &ids)
		for _, id := range ids {
			p.Applications = append(p.Applications, id)
		}
		return p, err
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
