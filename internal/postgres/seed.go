package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
)

// DayByCode returns the click day with that code, or accounts.ErrNotFound.
func (db *DB) DayByCode(ctx context.Context, code string) (clickday.DayID, error) {
	var id clickday.DayID
	err := db.Pool.QueryRow(ctx, "SELECT id FROM click_days WHERE code = $1", code).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, accounts.ErrNotFound
	}
	if err != nil {
		return 0, fmt.Errorf("postgres: click day %s: %w", code, err)
	}
	return id, nil
}
