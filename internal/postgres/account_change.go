package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/notices"
)

// LinkTarget implements membership.Addresses.
func (db *DB) LinkTarget(ctx context.Context, hash [32]byte, p accounts.Purpose, now time.Time) (accounts.Account, string, error) {
	var a accounts.Account
	var email string
	err := db.Pool.QueryRow(ctx, `SELECT a.id, a.kind, a.email, a.password_hash, a.display_name, a.tax_code, a.created_at, l.email
		FROM mail_links l JOIN accounts a ON a.id = l.account_id
		WHERE l.token_hash = $1 AND l.purpose = $2 AND l.used_at IS NULL AND l.expires_at > $3 AND a.password_hash <> ''`, hash[:], p, now).
		Scan(&a.ID, &a.Kind, &a.Email, &a.PasswordHash, &a.Name, &a.TaxCode, &a.CreatedAt, &email)
	if errors.Is(err, pgx.ErrNoRows) {
		return a, "", accounts.ErrLink
	}
	return a, email, wrapped("link", err)
}

// BeginReset implements membership.Passwords.
func (db *DB) BeginReset(ctx context.Context, id clickday.AccountID, link accounts.MailLink, letter notices.Letter) error {
	return wrapped("new password", db.InTx(ctx, func(tx pgx.Tx) error {
		if err := addLink(ctx, tx, accounts.LinkReset, nil, id, "", link); err != nil {
			return err
		}
		return queueLetter(ctx, tx, letter)
	}))
}

// ResetPassword implements membership.Passwords.
func (db *DB) ResetPassword(ctx context.Context, hash [32]byte, password string, now time.Time, letter notices.Letter) error {
	return wrapped("new password", db.InTx(ctx, func(tx pgx.Tx) error {
		id, _, err := spendLink(ctx, tx, hash, accounts.LinkReset, now)
		if err != nil {
			return err
		}
		return changePassword(ctx, tx, id, password, 0, now, letter)
	}))
}

// changePassword voids links to a new password and to a new address, but not
// the way back to an old one.
func changePassword(ctx context.Context, tx pgx.Tx, id clickday.AccountID, password string, keep int64, now time.Time, letter notices.Letter) error {
	tag, err := tx.Exec(ctx, "UPDATE accounts SET password_hash = $2 WHERE id = $1 AND password_hash <> ''", id, password)
	if err == nil && tag.RowsAffected() == 0 {
		err = accounts.ErrNotFound
	}
	if err != nil {
		return err
	}
	if err := voidLinks(ctx, tx, id, now, string(accounts.LinkReset), string(accounts.LinkEmail)); err != nil {
		return err
	}
	if err := endLogins(ctx, tx, id, keep, now); err != nil {
		return err
	}
	return queueLetter(ctx, tx, letter)
}

// ChangePassword implements membership.Passwords.
func (db *DB) ChangePassword(ctx context.Context, id clickday.AccountID, password string, keep int64, now time.Time, letter notices.Letter) error {
	return wrapped("password", db.InTx(ctx, func(tx pgx.Tx) error { return changePassword(ctx, tx, id, password, keep, now, letter) }))
}

// BeginAddress implements membership.Addresses.
func (db *DB) BeginAddress(ctx context.Context, id clickday.AccountID, email string, link accounts.MailLink, letters ...notices.Letter) error {
	return wrapped("new address", db.InTx(ctx, func(tx pgx.Tx) error {
		if err := addLink(ctx, tx, accounts.LinkEmail, nil, id, email, link); err != nil {
			return err
		}
		return queueLetters(ctx, tx, letters)
	}))
}

func queueLetters(ctx context.Context, tx pgx.Tx, letters []notices.Letter) error {
	for _, l := range letters {
		if err := queueLetter(ctx, tx, l); err != nil {
			return err
		}
	}
	return nil
}

// QueueLetters implements membership.Addresses.
func (db *DB) QueueLetters(ctx context.Context, letters ...notices.Letter) error {
	return wrapped("letters", db.InTx(ctx, func(tx pgx.Tx) error { return queueLetters(ctx, tx, letters) }))
}

// ConfirmAddress implements membership.Addresses.
func (db *DB) ConfirmAddress(ctx context.Context, hash [32]byte, undo accounts.MailLink, now time.Time, letter notices.Letter) error {
	return wrapped("new address", db.InTx(ctx, func(tx pgx.Tx) error {
		id, email, err := spendLink(ctx, tx, hash, accounts.LinkEmail, now)
		if err != nil {
			return err
		}
		old, err := moveTo(ctx, tx, id, email)
		if err != nil {
			return err
		}
		if err := voidLinks(ctx, tx, id, now, string(accounts.LinkReset), string(accounts.LinkEmail)); err != nil {
			return err
		}
		if err := addLink(ctx, tx, accounts.LinkUndo, nil, id, old, undo); err != nil {
			return err
		}
		return queueLetter(ctx, tx, letter)
	}))
}

// moveTo changes the address of a locked account and returns the one of before.
func moveTo(ctx context.Context, tx pgx.Tx, id clickday.AccountID, email string) (old string, err error) {
	if err := tx.QueryRow(ctx, "SELECT email FROM accounts WHERE id = $1", id).Scan(&old); err != nil {
		return "", err
	}
	_, err = tx.Exec(ctx, "UPDATE accounts SET email = $2 WHERE id = $1", id, email)
	var e *pgconn.PgError
	if errors.As(err, &e) && e.Code == "23505" { // the unique index
		return "", accounts.ErrTaken
	}
	return old, err
}

// UndoAddress implements membership.Addresses.
func (db *DB) UndoAddress(ctx context.Context, hash [32]byte, now time.Time, letter notices.Letter) error {
	return wrapped("old address", db.InTx(ctx, func(tx pgx.Tx) error {
		id, email, err := spendLink(ctx, tx, hash, accounts.LinkUndo, now)
		if err != nil {
			return err
		}
		if _, err := moveTo(ctx, tx, id, email); err != nil {
			return err
		}
		all := []string{string(accounts.LinkReset), string(accounts.LinkEmail), string(accounts.LinkUndo)}
		if err := voidLinks(ctx, tx, id, now, all...); err != nil {
			return err
		}
		if err := endLogins(ctx, tx, id, 0, now); err != nil {
			return err
		}
		return queueLetter(ctx, tx, letter)
	}))
}

// Identity implements membership.Store.
func (db *DB) Identity(ctx context.Context, id clickday.AccountID) (accounts.Identity, error) {
	var p accounts.Identity
	err := db.Pool.QueryRow(ctx, `SELECT surname, name, sex, birth_date, birth_place, home_place, home_address, home_cap, phone, pec
		FROM persons WHERE account_id = $1`, id).
		Scan(&p.Surname, &p.Name, &p.Sex, &p.Birth, &p.BirthPlace, &p.HomePlace, &p.HomeAddress, &p.HomeCAP, &p.Phone, &p.PEC)
	if errors.Is(err, pgx.ErrNoRows) {
		return p, accounts.ErrNotFound
	}
	return p, wrapped("personal data", err)
}

// SaveIdentity implements membership.Store.
func (db *DB) SaveIdentity(ctx context.Context, id clickday.AccountID, p *accounts.Identity, taxCode string, now time.Time) error {
	return wrapped("personal data", db.InTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, "UPDATE accounts SET display_name = $2, tax_code = $3 WHERE id = $1 AND kind = 'person' AND password_hash <> ''",
			id, p.FullName(), taxCode)
		if err == nil && tag.RowsAffected() == 0 {
			err = accounts.ErrNotFound
		}
		if err != nil {
			return err
		}
		return saveIdentity(ctx, tx, id, p, now)
	}))
}

// Acceptances implements membership.Store.
func (db *DB) Acceptances(ctx context.Context, id clickday.AccountID) ([]accounts.Acceptance, error) {
	rows, err := db.Pool.Query(ctx, "SELECT document, version, accepted_at FROM acceptances WHERE account_id = $1 ORDER BY accepted_at DESC, document", id)
	if err != nil {
		return nil, fmt.Errorf("postgres: acceptances: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[accounts.Acceptance])
	return list, wrapped("acceptances", err)
}
