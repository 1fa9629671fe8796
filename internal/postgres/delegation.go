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

const delegationColumns = `d.id, d.account_id, coalesce(d.delegate_id, 0), coalesce(d.parent_id, 0), d.role, d.may_delegate, d.valid_from,
	d.valid_until, d.email, d.invite_ends, d.granted_by, d.accepted_at, d.revoked_at,
	coalesce((SELECT display_name FROM accounts WHERE id = d.delegate_id), ''),
	coalesce((SELECT display_name FROM accounts WHERE id = d.granted_by), '')`

func scanDelegation(row pgx.CollectableRow) (d parties.Delegation, err error) {
	var until, ends, accepted, revoked *time.Time
	err = row.Scan(&d.ID, &d.Account, &d.Delegate, &d.Parent, &d.Role, &d.MayDelegate, &d.From, &until, &d.Email, &ends, &d.GrantedBy,
		&accepted, &revoked, &d.DelegateName, &d.GrantedByName, &d.Holds)
	d.Until, d.InviteEnds, d.AcceptedAt, d.RevokedAt = timeOf(until), timeOf(ends), timeOf(accepted), timeOf(revoked)
	return d, err
}

// Delegations lists who may act for the actor's account, with those who are
// invited and those who were, the newest first. An operator sees their own.
func (db *DB) Delegations(ctx context.Context, who parties.Actor) ([]parties.Delegation, error) {
	rows, err := db.Pool.Query(ctx, "SELECT "+delegationColumns+`, delegation_holds(d.id, $3) FROM delegations d
		WHERE d.account_id = $1 AND (acting_role($2, $1, $3) IN ('owner', 'manager') OR d.delegate_id = $2 AND acting_role($2, $1, $3) IS NOT NULL)
		ORDER BY d.revoked_at IS NOT NULL, d.granted_at DESC, d.id DESC LIMIT 500`, who.Account, who.Person, who.At)
	if err != nil {
		return nil, fmt.Errorf("postgres: delegations: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanDelegation)
	if err != nil {
		return nil, fmt.Errorf("postgres: delegations: %w", err)
	}
	return list, nil
}

// Giver returns what the actor may hand on; accounts.ErrNotFound for strangers.
func (db *DB) Giver(ctx context.Context, who parties.Actor) (parties.Giver, error) {
	var g parties.Giver
	err := db.InTx(ctx, func(tx pgx.Tx) (err error) {
		g, err = giver(ctx, tx, who)
		return err
	})
	if err != nil {
		return g, fmt.Errorf("postgres: delegation: %w", err)
	}
	return g, nil
}

func giver(ctx context.Context, tx pgx.Tx, who parties.Actor) (parties.Giver, error) {
	g := parties.Giver{}
	role, err := roleIn(ctx, tx, who, parties.Operator)
	if err != nil {
		return g, err
	}
	if err := tx.QueryRow(ctx, "SELECT kind = 'person' FROM accounts WHERE id = $1", who.Account).Scan(&g.Personal); err != nil {
		return g, err
	}
	g.Role = role
	if role == parties.Owner {
		return g, nil
	}
	// The widest delegation that holds; of equals one that may be handed on,
	// and then the one that lasts longest.
	var until *time.Time
	err = tx.QueryRow(ctx, `WITH RECURSIVE chain AS (
			SELECT id AS top, id, parent_id, valid_until, role, may_delegate, 1 AS depth FROM delegations
			WHERE account_id = $1 AND delegate_id = $2 AND role = $4 AND delegation_holds(id, $3)
			UNION ALL
			SELECT c.top, p.id, p.parent_id, least(c.valid_until, p.valid_until), c.role, c.may_delegate, c.depth + 1
			FROM chain c JOIN delegations p ON p.id = c.parent_id)
		SELECT top, may_delegate, valid_until, depth FROM chain WHERE parent_id IS NULL
		ORDER BY may_delegate DESC, valid_until DESC NULLS FIRST, top LIMIT 1`, who.Account, who.Person, who.At, role).
		Scan(&g.Delegation, &g.MayDelegate, &until, &g.Depth)
	g.Until = timeOf(until)
	return g, err
}

// Invite offers a delegation to whoever has an e-mail address; token is the
// SHA-256 of the link's secret, letter takes the link there. Errors are those of
// parties.Giver.Check, parties.ErrOwn and accounts.ErrNotFound.
func (db *DB) Invite(ctx context.Context, who parties.Actor, want *parties.Grant, token [32]byte, letter Letterhead) error {
	err := db.InTx(ctx, func(tx pgx.Tx) error {
		g, err := giver(ctx, tx, who)
		if err != nil {
			return err
		}
		if err := g.Check(want, who.At); err != nil {
			return err
		}
		to := addressee{email: want.Email, lang: "it"}
		var id clickday.AccountID
		err = tx.QueryRow(ctx, `SELECT id, display_name, lang FROM accounts WHERE lower(email) = lower($1) AND password_hash <> ''`, want.Email).
			Scan(&id, &to.name, &to.lang)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		if id == who.Account {
			return parties.ErrOwn
		}
		_, err = tx.Exec(ctx, `INSERT INTO delegations (account_id, parent_id, role, may_delegate, valid_from, valid_until, email, token_hash,
				invite_ends, granted_by, granted_at) VALUES ($1, nullif($2::bigint, 0), $3, $4, $5, $6, $7, $8, $9, $10, $5)`,
			who.Account, g.Delegation, want.Role, want.MayDelegate, who.At, nullTime(want.Until), want.Email, token[:],
			who.At.Add(parties.InvitationFor), who.Person)
		if err != nil {
			return err
		}
		return to.write(ctx, tx, letter)
	})
	if err != nil {
		return fmt.Errorf("postgres: invite: %w", err)
	}
	return nil
}

// InvitationsFor lists the invitations to a person's address that can still be
// accepted, with the account that each is for.
func (db *DB) InvitationsFor(ctx context.Context, person clickday.AccountID, now time.Time) ([]parties.Invitation, error) {
	rows, err := db.Pool.Query(ctx, "SELECT a.display_name, a.kind, "+delegationColumns+`, false FROM delegations d
		JOIN accounts p ON p.id = $1 AND lower(p.email) = lower(d.email) JOIN accounts a ON a.id = d.account_id
		WHERE d.accepted_at IS NULL AND d.revoked_at IS NULL AND d.invite_ends > $2 AND (d.valid_until IS NULL OR d.valid_until > $2)
			AND (d.parent_id IS NULL OR delegation_holds(d.parent_id, $2)) AND a.closed_at IS NULL
		ORDER BY d.id DESC LIMIT 50`, person, now)
	if err != nil {
		return nil, fmt.Errorf("postgres: invitations: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (i parties.Invitation, err error) {
		var until, ends, accepted, revoked *time.Time
		d := &i.Delegation
		err = row.Scan(&i.AccountName, &i.Kind, &d.ID, &d.Account, &d.Delegate, &d.Parent, &d.Role, &d.MayDelegate, &d.From, &until, &d.Email,
			&ends, &d.GrantedBy, &accepted, &revoked, &d.DelegateName, &d.GrantedByName, &d.Holds)
		d.Until, d.InviteEnds = timeOf(until), timeOf(ends)
		return i, err
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: invitations: %w", err)
	}
	return list, nil
}

// InvitationByToken finds an invitation by its link, whoever asks; whether it
// is theirs shows when they answer it. It fails with accounts.ErrNotFound.
func (db *DB) InvitationByToken(ctx context.Context, token [32]byte, now time.Time) (id int64, err error) {
	err = db.Pool.QueryRow(ctx, `SELECT id FROM delegations WHERE token_hash = $1 AND accepted_at IS NULL AND revoked_at IS NULL
		AND invite_ends > $2`, token[:], now).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, accounts.ErrNotFound
	}
	if err != nil {
		return 0, fmt.Errorf("postgres: invitation: %w", err)
	}
	return id, nil
}

// AnswerInvitation accepts or declines an invitation to the person's own
// address; parties.ErrInvitation when it is not theirs, settled or over.
func (db *DB) AnswerInvitation(ctx context.Context, person clickday.AccountID, id int64, accept bool, now time.Time) (clickday.AccountID, error) {
	var account clickday.AccountID
	err := db.InTx(ctx, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `UPDATE delegations d SET token_hash = NULL, delegate_id = p.id,
				accepted_at = CASE WHEN $3 THEN $4::timestamptz END, revoked_at = CASE WHEN $3 THEN NULL ELSE $4::timestamptz END,
				revoked_by = CASE WHEN $3 THEN NULL ELSE p.id END
			FROM accounts p WHERE d.id = $2 AND p.id = $1 AND p.kind = 'person' AND lower(p.email) = lower(d.email) AND d.accepted_at IS NULL
				AND d.revoked_at IS NULL AND d.invite_ends > $4 AND d.account_id <> p.id
				AND (d.parent_id IS NULL OR delegation_holds(d.parent_id, $4)) RETURNING d.account_id`, person, id, accept, now).Scan(&account)
		if errors.Is(err, pgx.ErrNoRows) {
			return parties.ErrInvitation
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("postgres: answer invitation: %w", err)
	}
	return account, nil
}

// RevokeDelegation ends a delegation of the actor's account and everything
// handed on from it, at once, and disconnects the computers that their holders
// have paired for the account. Owners revoke every delegation, others their own
// and those that rest on it. It returns how many computers were disconnected.
// Errors are accounts.ErrNotFound, parties.ErrRole and parties.ErrLastOwner.
func (db *DB) RevokeDelegation(ctx context.Context, who parties.Actor, id int64) (computers int64, err error) {
	err = db.InTx(ctx, func(tx pgx.Tx) error {
		role, err := roleIn(ctx, tx, who, parties.Operator)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "SELECT FROM accounts WHERE id = $1 FOR UPDATE", who.Account); err != nil {
			return err // one at a time: two owners cannot revoke each other
		}
		target, err := delegationOf(ctx, tx, who.Account, id)
		if err != nil {
			return err
		}
		if role != parties.Owner {
			if err := mayRevoke(ctx, tx, who, id); err != nil {
				return err
			}
		}
		persons, err := revokeTree(ctx, tx, who, id)
		if err != nil {
			return err
		}
		if target.Role == parties.Owner {
			if err := ownerLeft(ctx, tx, who); err != nil {
				return err
			}
		}
		computers, err = disconnect(ctx, tx, who, persons)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("postgres: revoke delegation: %w", err)
	}
	return computers, nil
}

func delegationOf(ctx context.Context, tx pgx.Tx, account clickday.AccountID, id int64) (parties.Delegation, error) {
	rows, err := tx.Query(ctx, "SELECT "+delegationColumns+", false FROM delegations d WHERE d.id = $1 AND d.account_id = $2 AND d.revoked_at IS NULL FOR UPDATE", id, account)
	if err != nil {
		return parties.Delegation{}, err
	}
	d, err := pgx.CollectExactlyOneRow(rows, scanDelegation)
	if errors.Is(err, pgx.ErrNoRows) {
		err = accounts.ErrNotFound
	}
	return d, err
}

// mayRevoke: one's own delegation, to leave, and those above which one stands.
func mayRevoke(ctx context.Context, tx pgx.Tx, who parties.Actor, id int64) error {
	var below bool
	err := tx.QueryRow(ctx, `WITH RECURSIVE up AS (
			SELECT id, parent_id, delegate_id FROM delegations WHERE id = $1
			UNION ALL SELECT p.id, p.parent_id, p.delegate_id FROM up JOIN delegations p ON p.id = up.parent_id)
		SELECT coalesce(bool_or(delegate_id = $2), false) FROM up`, id, who.Person).Scan(&below)
	if err == nil && !below {
		err = parties.ErrRole
	}
	return err
}

// revokeTree revokes a delegation with all that rests on it and returns whose
// they were.
func revokeTree(ctx context.Context, tx pgx.Tx, who parties.Actor, id int64) ([]int64, error) {
	rows, err := tx.Query(ctx, `WITH RECURSIVE down AS (
			SELECT id FROM delegations WHERE id = $1
			UNION ALL SELECT c.id FROM down JOIN delegations c ON c.parent_id = down.id)
		UPDATE delegations d SET revoked_at = $2, revoked_by = $3, token_hash = NULL FROM down
		WHERE d.id = down.id AND d.revoked_at IS NULL RETURNING coalesce(d.delegate_id, 0)`, id, who.At, who.Person)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}

func ownerLeft(ctx context.Context, tx pgx.Tx, who parties.Actor) error {
	var left bool
	err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM delegations d JOIN accounts a ON a.id = d.delegate_id
		WHERE d.account_id = $1 AND d.role = 'owner' AND d.valid_until IS NULL AND a.closed_at IS NULL AND delegation_holds(d.id, $2))`,
		who.Account, who.At).Scan(&left)
	if err == nil && !left {
		err = parties.ErrLastOwner
	}
	return err
}

// disconnect revokes the tokens that persons hold for the account, and the
// computers bound to them, unless they may still act for it otherwise.
func disconnect(ctx context.Context, tx pgx.Tx, who parties.Actor, persons []int64) (int64, error) {
	const theirs = `account_id = $1 AND person_id = ANY ($2) AND acting_role(person_id, account_id, $3) IS NULL`
	tag, err := tx.Exec(ctx, `UPDATE devices SET revoked_at = $3 WHERE revoked_at IS NULL AND account_id = $1
		AND id IN (SELECT device_id FROM access_tokens WHERE `+theirs+`)`, who.Account, persons, who.At)
	if err != nil {
		return 0, err
	}
	_, err = tx.Exec(ctx, "UPDATE access_tokens SET revoked_at = $3 WHERE revoked_at IS NULL AND "+theirs, who.Account, persons, who.At)
	return tag.RowsAffected(), err
}
