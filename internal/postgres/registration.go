package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/accounts"
	"puntuale/internal/accounts/membership"
	"puntuale/internal/clickday"
	"puntuale/internal/notices"
)

var _ membership.Store = (*DB)(nil)

// emailLock makes transactions about one address take turns.
func emailLock(ctx context.Context, tx pgx.Tx, email string) error {
	_, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock(hashtextextended('e-mail ' || lower($1), 0))", email)
	return err
}

// logsIn reports whether an account logs in with an address.
func logsIn(ctx context.Context, tx pgx.Tx, email string) (bool, error) {
	var yes bool
	err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM accounts WHERE lower(email) = lower($1) AND password_hash <> '')", email).Scan(&yes)
	return yes, err
}

// BeginRegistration implements membership.Registrations.
func (db *DB) BeginRegistration(ctx context.Context, p *accounts.Pending, link accounts.MailLink, fresh, known notices.Letter) error {
	person, err := json.Marshal(&p.Identity)
	if err != nil {
		return fmt.Errorf("postgres: registration: %w", err)
	}
	err = db.InTx(ctx, func(tx pgx.Tx) error {
		taken, err := logsIn(ctx, tx, p.Email)
		if err != nil {
			return err
		}
		if taken {
			return queueLetter(ctx, tx, known)
		}
		var id int64
		err = tx.QueryRow(ctx, `INSERT INTO registrations (email, password_hash, person, tax_code, lang, conditions, privacy, begun_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id`,
			p.Email, p.PasswordHash, person, p.TaxCode, p.Lang, p.Conditions, p.Privacy, p.BegunAt).Scan(&id)
		if err != nil {
			return err
		}
		if err := addLink(ctx, tx, accounts.LinkRegister, id, nil, "", link); err != nil {
			return err
		}
		return queueLetter(ctx, tx, fresh)
	})
	return wrapped("registration", err)
}

// wrapped says where an error comes from; nil stays nil.
func wrapped(what string, err error) error {
	if err != nil {
		return fmt.Errorf("postgres: %s: %w", what, err)
	}
	return nil
}

// addLink stores a link; registration and account are nil for none.
func addLink(ctx context.Context, tx pgx.Tx, p accounts.Purpose, registration, account any, email string, l accounts.MailLink) error {
	_, err := tx.Exec(ctx, `INSERT INTO mail_links (token_hash, purpose, registration_id, account_id, email, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`, l.Hash[:], p, registration, account, email, l.CreatedAt, l.ExpiresAt)
	return err
}

// RenewRegistration implements membership.Registrations.
func (db *DB) RenewRegistration(ctx context.Context, email string, link accounts.MailLink, fresh, known notices.Letter) error {
	return wrapped("registration", db.InTx(ctx, func(tx pgx.Tx) error {
		taken, err := logsIn(ctx, tx, email)
		if err != nil {
			return err
		}
		if taken {
			return queueLetter(ctx, tx, known)
		}
		var id int64
		err = tx.QueryRow(ctx, "SELECT id FROM registrations WHERE lower(email) = lower($1) ORDER BY id DESC LIMIT 1 FOR KEY SHARE", email).Scan(&id)
		if errors.Is(err, pgx.ErrNoRows) {
			return accounts.ErrNotFound
		}
		if err != nil {
			return err
		}
		if err := addLink(ctx, tx, accounts.LinkRegister, id, nil, "", link); err != nil {
			return err
		}
		return queueLetter(ctx, tx, fresh)
	}))
}

// Nobody implements membership.Store: a letter that is over before it begins.
func (db *DB) Nobody(ctx context.Context, key string, now time.Time) error {
	return db.noticeExec(ctx, `INSERT INTO letters (key, recipient, name, lang, subject, text, state, ended_at, result)
		VALUES ($1, '', '', 'it', '', '', 'expired', $2, 'to nobody')`, key, now)
}

const pendingColumns = "r.id, r.email, r.password_hash, r.person, r.tax_code, r.lang, r.conditions, r.privacy, r.begun_at"

func scanPending(row pgx.Row) (accounts.Pending, error) {
	var p accounts.Pending
	var person []byte
	err := row.Scan(&p.ID, &p.Email, &p.PasswordHash, &person, &p.TaxCode, &p.Lang, &p.Conditions, &p.Privacy, &p.BegunAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return p, accounts.ErrLink
	}
	if err == nil {
		err = json.Unmarshal(person, &p.Identity)
	}
	return p, err
}

// PendingByLink implements membership.Registrations.
func (db *DB) PendingByLink(ctx context.Context, hash [32]byte, now time.Time) (accounts.Pending, error) {
	p, err := scanPending(db.Pool.QueryRow(ctx, "SELECT "+pendingColumns+` FROM mail_links l JOIN registrations r ON r.id = l.registration_id
		WHERE l.token_hash = $1 AND l.purpose = 'register' AND l.used_at IS NULL AND l.expires_at > $2`, hash[:], now))
	return p, wrapped("registration", err)
}

// ConfirmRegistration implements membership.Registrations.
func (db *DB) ConfirmRegistration(ctx context.Context, hash [32]byte, now time.Time) (accounts.Account, error) {
	p, err := db.PendingByLink(ctx, hash, now)
	if err != nil {
		return accounts.Account{}, err
	}
	acc := accounts.Account{
		Kind: accounts.Person, Email: p.Email, PasswordHash: p.PasswordHash, Name: p.Identity.FullName(), TaxCode: p.TaxCode, CreatedAt: now,
	}
	err = db.InTx(ctx, func(tx pgx.Tx) error {
		if err := emailLock(ctx, tx, p.Email); err != nil {
			return err
		}
		if _, err := useLink(ctx, tx, hash, accounts.LinkRegister, now); err != nil {
			return err
		}
		err := tx.QueryRow(ctx, `INSERT INTO accounts (kind, email, password_hash, display_name, tax_code, created_at, lang)
			VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (lower(email)) WHERE password_hash <> '' DO NOTHING RETURNING id`,
			acc.Kind, acc.Email, acc.PasswordHash, acc.Name, acc.TaxCode, now, p.Lang).Scan(&acc.ID)
		if errors.Is(err, pgx.ErrNoRows) {
			return accounts.ErrTaken
		}
		if err != nil {
			return err
		}
		if err := saveIdentity(ctx, tx, acc.ID, &p.Identity, now); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO acceptances (account_id, document, version, accepted_at)
			VALUES ($1, 'conditions', $2, $4), ($1, 'privacy', $3, $4)`, acc.ID, p.Conditions, p.Privacy, p.BegunAt)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "DELETE FROM registrations WHERE lower(email) = lower($1)", p.Email) // their links go too
		return err
	})
	return acc, wrapped("confirm registration", err)
}

// useLink uses a link up and returns its address; ErrLink if it was used
// before, is over, or is for something else.
func useLink(ctx context.Context, tx pgx.Tx, hash [32]byte, p accounts.Purpose, now time.Time) (email string, err error) {
	err = tx.QueryRow(ctx, `UPDATE mail_links SET used_at = $3 WHERE token_hash = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $3
		RETURNING email`, hash[:], p, now).Scan(&email)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", accounts.ErrLink
	}
	return email, err
}

// spendLink is useLink for a link of an account, which is locked first, so that
// two links of one account take turns.
func spendLink(ctx context.Context, tx pgx.Tx, hash [32]byte, p accounts.Purpose, now time.Time) (id clickday.AccountID, email string, err error) {
	err = tx.QueryRow(ctx, `SELECT a.id FROM accounts a WHERE a.password_hash <> ''
		AND a.id = (SELECT account_id FROM mail_links WHERE token_hash = $1) FOR NO KEY UPDATE`, hash[:]).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, "", accounts.ErrLink
	}
	if err == nil {
		email, err = useLink(ctx, tx, hash, p, now)
	}
	return id, email, err
}

// voidLinks uses up the links of an account that are for these purposes.
func voidLinks(ctx context.Context, tx pgx.Tx, id clickday.AccountID, now time.Time, purposes ...string) error {
	_, err := tx.Exec(ctx, "UPDATE mail_links SET used_at = $2 WHERE account_id = $1 AND used_at IS NULL AND purpose = ANY($3)", id, now, purposes)
	return err
}

func saveIdentity(ctx context.Context, tx pgx.Tx, id clickday.AccountID, p *accounts.Identity, now time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO persons (account_id, surname, name, sex, birth_date, birth_place, home_place, home_address, home_cap, phone, pec, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		ON CONFLICT (account_id) DO UPDATE SET surname = excluded.surname, name = excluded.name, sex = excluded.sex, birth_date = excluded.birth_date,
			birth_place = excluded.birth_place, home_place = excluded.home_place, home_address = excluded.home_address,
			home_cap = excluded.home_cap, phone = excluded.phone, pec = excluded.pec, updated_at = excluded.updated_at`,
		id, p.Surname, p.Name, p.Sex, p.Birth, p.BirthPlace, p.HomePlace, p.HomeAddress, p.HomeCAP, p.Phone, p.PEC, now)
	return err
}
