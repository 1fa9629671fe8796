package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/clickday"
)

// notePassports remembers which application names which worker's passport.
func notePassports(ctx context.Context, tx pgx.Tx, list []*clickday.Submission) error {
	var days []int64
	var passports []string
	var applications [][16]byte
	for _, s := range list {
		if s.State == clickday.Queued && s.Passport != "" {
			days, passports, applications = append(days, int64(s.Day)), append(passports, s.Passport), append(applications, s.Application)
		}
	}
	if len(passports) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `INSERT INTO worker_passports (click_day_id, passport, application_id)
		SELECT * FROM unnest($1::bigint[], $2::text[], $3::uuid[]) ON CONFLICT DO NOTHING`, days, passports, applications)
	return err
}

// SamePassport is one worker's passport that stands in several applications.
type SamePassport struct {
	Passport     string
	Applications []clickday.ApplicationID // at least two, sorted
}

// SamePassports returns the passports that stand in more than one application
// sent on a click day. It is a flag for whoever examines them: nothing is
// refused for it.
func (db *DB) SamePassports(ctx context.Context, day clickday.DayID) ([]SamePassport, error) {
	rows, err := db.Pool.Query(ctx, `SELECT passport, array_agg(application_id ORDER BY application_id) FROM worker_passports
		WHERE click_day_id = $1 GROUP BY passport HAVING count(*) > 1 ORDER BY passport`, day)
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
		JOIN worker_passports p ON p.click_day_id = s.click_day_id AND p.application_id = s.application_id
		JOIN worker_passports o ON o.click_day_id = p.click_day_id AND o.passport = p.passport AND o.application_id <> p.application_id
		WHERE s.application_id = $1 ORDER BY 1`, [16]byte(application))
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
