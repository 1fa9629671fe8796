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
)

// leaveParties ends every delegation of a person whose account ends, with what
// rests on it and the computers that they paired. An organisation of which they
// are the last owner ends too, if nobody else acts for it and nothing of it is
// sealed and waits to be sent; else it fails with parties.ErrLastOwner.
func leaveParties(ctx context.Context, tx pgx.Tx, person clickday.AccountID, now time.Time) error {
	rows, err := tx.Query(ctx, "SELECT DISTINCT account_id FROM delegations WHERE delegate_id = $1 AND revoked_at IS NULL ORDER BY account_id", person)
	if err != nil {
		return err
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[clickday.AccountID])
	if err != nil {
		return err
	}
	for _, account := range list {
		if _, err := tx.Exec(ctx, "SELECT FROM accounts WHERE id = $1 FOR UPDATE", account); err != nil {
			return err
		}
		who := parties.Actor{Person: person, Account: account, At: now}
		var owner bool
		err := tx.QueryRow(ctx, `WITH ended AS (UPDATE delegations SET revoked_at = $3, revoked_by = $2, token_hash = NULL
				WHERE account_id = $1 AND delegate_id = $2 AND revoked_at IS NULL RETURNING role, accepted_at)
			SELECT coalesce(bool_or(role = 'owner' AND accepted_at IS NOT NULL), false) FROM ended`, account, person, now).Scan(&owner)
		if err != nil {
			return err
		}
		if owner {
			if err := endOwnerless(ctx, tx, who); err != nil {
				return err
			}
		}
		if _, err := disconnect(ctx, tx, who, []int64{int64(person)}); err != nil {
			return err
		}
	}
	return nil
}

// endOwnerless closes an organisation that has no owner any more.
func endOwnerless(ctx context.Context, tx pgx.Tx, who parties.Actor) error {
	err := ownerLeft(ctx, tx, who)
	if !errors.Is(err, parties.ErrLastOwner) {
		return err
	}
	var needed bool
	err = tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM delegations d WHERE d.account_id = $1 AND delegation_holds(d.id, $2))
		OR EXISTS (SELECT FROM applications a WHERE a.account_id = $1 AND `+unsent+")", who.Account, who.At).Scan(&needed)
	if err == nil && needed {
		err = parties.ErrLastOwner
	}
	if err != nil {
		return err
	}
	return closeNow(ctx, tx, who)
}

// closing is what happens when an organisation closes, in this order; $1 is its
// account, $2 when, $3 who. What was sent stays, with its receipts.
var closing = []string{
	"UPDATE accounts SET closed_at = $2 WHERE id = $1 AND $3::bigint IS NOT NULL",
	"UPDATE mandates SET state = 'revoked', revoked_by = $3, revoked_at = $2 WHERE intermediary_id = $1 AND state IN ('asked', 'granted', 'declared')",
	"UPDATE delegations SET revoked_at = $2, revoked_by = $3, token_hash = NULL WHERE account_id = $1 AND revoked_at IS NULL",
	"UPDATE devices SET revoked_at = $2 WHERE account_id = $1 AND revoked_at IS NULL AND $3::bigint IS NOT NULL",
	"UPDATE access_tokens SET revoked_at = $2 WHERE account_id = $1 AND revoked_at IS NULL AND $3::bigint IS NOT NULL",
}

// CloseOrganisation ends an organisation for good, with everybody's right to act
// for it; it takes an owner. accounts.ErrState while something of it is sealed
// and waits to be sent. Its tax code can be registered again.
func (db *DB) CloseOrganisation(ctx context.Context, who parties.Actor) error {
	err := db.InTx(ctx, func(tx pgx.Tx) error {
		if _, err := roleIn(ctx, tx, who, parties.Owner); err != nil {
			return err
		}
		var waiting bool
		err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM applications a WHERE a.account_id = o.account_id AND "+unsent+`)
			FROM organisations o WHERE o.account_id = $1 FOR UPDATE OF o`, who.Account).Scan(&waiting)
		if errors.Is(err, pgx.ErrNoRows) {
			return accounts.ErrNotFound // the account of a person
		}
		if err == nil && waiting {
			err = accounts.ErrState
		}
		if err != nil {
			return err
		}
		return closeNow(ctx, tx, who)
	})
	if err != nil {
		return fmt.Errorf("postgres: close organisation: %w", err)
	}
	return nil
}

func closeNow(ctx context.Context, tx pgx.Tx, who parties.Actor) error {
	for _, q := range closing {
		if _, err := tx.Exec(ctx, q, who.Account, who.At, who.Person); err != nil {
			return err
		}
	}
	return nil
}
