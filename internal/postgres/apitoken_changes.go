package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
)

// ApplicationsAfter returns a slice of the account's applications in the order
// in which they were last changed, each with the submission that counts.
func (db *DB) ApplicationsAfter(ctx context.Context, account clickday.AccountID, c *accounts.Changes) ([]accounts.Application, error) {
	rows, err := db.Pool.Query(ctx, "SELECT "+applicationColumns+", "+outcomeColumns+` FROM (
		SELECT * FROM applications WHERE account_id = $1 AND (updated_at, id) > ($2, $3)
			AND ($4 = 0 OR click_day_id = $4) AND ($5 = '' OR model = $5) AND ($6 = '' OR state = $6)
		ORDER BY updated_at, id LIMIT $7) a `+counting+" ORDER BY a.updated_at, a.id",
		account, c.After, [16]byte(c.AfterID), int64(c.Day), string(c.Model), string(c.State), c.Limit)
	if err != nil {
		return nil, fmt.Errorf("postgres: changed applications: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanApplication)
	if err != nil {
		return nil, fmt.Errorf("postgres: changed applications: %w", err)
	}
	return list, nil
}
