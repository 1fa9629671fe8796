package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/parties"
	"puntuale/internal/wire"
)

// sealBasis says in whose name the account of an application may seal it: 0 for
// its own, else the mandate, which cannot be revoked until the transaction ends.
// Persons, and accounts that an operator of the installation made with a
// password of their own, answer for themselves. It fails with *parties.Obstacle.
func sealBasis(ctx context.Context, tx pgx.Tx, a *accounts.Application, now time.Time) (int64, error) {
	var state parties.State
	var trade, code string
	err := tx.QueryRow(ctx, `SELECT o.state, coalesce(o.trade, ''), a.tax_code FROM organisations o JOIN accounts a ON a.id = o.account_id
		WHERE o.account_id = $1 FOR SHARE OF o`, a.Account).Scan(&state, &trade, &code)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	o := &parties.Obstacle{Code: parties.ApplicantCode(a.Answers), Name: parties.ApplicantName(a.Answers)}
	switch {
	case trade == "" && parties.Plain(code) != o.Code:
		o.Kind = parties.Foreign
		return 0, o
	case trade == "":
		return 0, nil
	case state != parties.Approved:
		o.Kind = parties.NotApproved
		return 0, o
	case parties.Plain(code) == o.Code:
		return 0, nil // as an employer, for itself
	}
	closes, err := closeOf(ctx, tx, a.Day)
	if err != nil {
		return 0, err
	}
	rows, err := tx.Query(ctx, "SELECT "+mandateColumns+", 0 FROM "+mandateTables+" WHERE m.intermediary_id = $1 AND m.employer_code = $2 ORDER BY m.id FOR SHARE OF m",
		a.Account, o.Code)
	if err != nil {
		return 0, err
	}
	list, err := pgx.CollectRows(rows, scanMandate)
	if err != nil {
		return 0, err
	}
	m, missing := parties.Cover(list, a.Day, now, closes)
	if missing != nil {
		missing.Code, missing.Name = o.Code, o.Name
		return 0, missing
	}
	return m.ID, nil
}

// closeOf is when a click day closes, as last published; the zero time for a day
// that the calendar does not have, which no mandate fails to reach.
func closeOf(ctx context.Context, tx pgx.Tx, day clickday.DayID) (time.Time, error) {
	signed, err := newestCalendar(ctx, tx)
	if errors.Is(err, accounts.ErrNotFound) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	cal, err := wire.ReadCalendar(signed)
	if err != nil {
		return time.Time{}, err
	}
	if d := cal.Day(day); d != nil {
		return d.ClosesAt(), nil
	}
	return time.Time{}, nil
}

// SealObstacle returns what keeps an application of the account from being
// sealed in the name of whom it is made for; nil for nothing.
func (db *DB) SealObstacle(ctx context.Context, account clickday.AccountID, id clickday.ApplicationID, now time.Time) (*parties.Obstacle, error) {
	var missing *parties.Obstacle
	err := db.InTx(ctx, func(tx pgx.Tx) error {
		a := accounts.Application{ID: id}
		err := tx.QueryRow(ctx, "SELECT account_id, click_day_id, answers FROM applications WHERE id = $1 AND account_id = $2", [16]byte(id), account).
			Scan(&a.Account, &a.Day, &a.Answers)
		if errors.Is(err, pgx.ErrNoRows) {
			return accounts.ErrNotFound
		}
		if err != nil {
			return err
		}
		_, err = sealBasis(ctx, tx, &a, now)
		if errors.As(err, &missing) {
			return nil
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: what a seal needs: %w", err)
	}
	return missing, nil
}
