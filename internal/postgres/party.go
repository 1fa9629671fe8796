package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/notices"
	"puntuale/internal/parties"
)

// ActingFor returns the account that a person may act for at an instant, with
// the role, or accounts.ErrNotFound: the person is a stranger to it, the
// delegation is over or revoked, or one that it rests on is.
func (db *DB) ActingFor(ctx context.Context, who parties.Actor) (parties.Acting, error) {
	var a parties.Acting
	var role *parties.Role
	err := db.Pool.QueryRow(ctx, "SELECT "+accountColumns+", acting_role($2, id, $3) FROM accounts WHERE id = $1", who.Account, who.Person, who.At).
		Scan(&a.Account.ID, &a.Account.Kind, &a.Account.Email, &a.Account.PasswordHash, &a.Account.Name, &a.Account.TaxCode, &a.Account.CreatedAt, &role)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && role == nil {
		return parties.Acting{}, accounts.ErrNotFound
	}
	if err != nil {
		return parties.Acting{}, fmt.Errorf("postgres: acting: %w", err)
	}
	a.Role = *role
	return a, nil
}

// roleIn is the role of a person in a transaction; accounts.ErrNotFound for
// strangers, parties.ErrRole when it does not cover what is needed.
func roleIn(ctx context.Context, tx pgx.Tx, who parties.Actor, need parties.Role) (parties.Role, error) {
	var role *parties.Role
	if err := tx.QueryRow(ctx, "SELECT acting_role($1, $2, $3)", who.Person, who.Account, who.At).Scan(&role); err != nil {
		return "", err
	}
	if role == nil {
		return "", accounts.ErrNotFound
	}
	if !role.Covers(need) {
		return *role, parties.ErrRole
	}
	return *role, nil
}

// Seats lists the accounts that a person may act for at an instant, their own
// first, then by name.
func (db *DB) Seats(ctx context.Context, person clickday.AccountID, now time.Time) ([]parties.Seat, error) {
	rows, err := db.Pool.Query(ctx, `SELECT a.id, a.kind, a.email, a.display_name, a.tax_code, a.created_at, t.role,
			(SELECT CASE WHEN bool_or(d.valid_until IS NULL) THEN NULL ELSE max(d.valid_until) END FROM delegations d
			 WHERE d.account_id = a.id AND d.delegate_id = $1 AND delegation_holds(d.id, $2)),
			coalesce(o.state, ''), coalesce(o.trade, '')
		FROM (SELECT account_id AS id FROM delegations WHERE delegate_id = $1 AND revoked_at IS NULL UNION SELECT $1) u
		JOIN accounts a ON a.id = u.id
		CROSS JOIN LATERAL (SELECT acting_role($1, a.id, $2) AS role) t
		LEFT JOIN organisations o ON o.account_id = a.id
		WHERE t.role IS NOT NULL ORDER BY a.id <> $1, a.display_name, a.id`, person, now)
	if err != nil {
		return nil, fmt.Errorf("postgres: seats: %w", err)
	}
	seats, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (s parties.Seat, err error) {
		var until *time.Time
		err = row.Scan(&s.Account.ID, &s.Account.Kind, &s.Account.Email, &s.Account.Name, &s.Account.TaxCode, &s.Account.CreatedAt, &s.Role, &until, &s.State, &s.Trade)
		s.Until = timeOf(until)
		return s, err
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: seats: %w", err)
	}
	return seats, nil
}

// timeOf is the zero time for null, and nullTime the other way round.
func timeOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

func nullTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// CreateOrganisation makes the account of a company or an intermediary, whose
// first owner is the person. It fails with parties.ErrTaken.
func (db *DB) CreateOrganisation(ctx context.Context, person clickday.AccountID, o *parties.Organisation, now time.Time) (clickday.AccountID, error) {
	var id clickday.AccountID
	state := parties.Active
	if o.Trade != "" {
		state = parties.Pending
	}
	err := db.InTx(ctx, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `INSERT INTO accounts (kind, email, password_hash, display_name, tax_code, created_at, lang)
			SELECT $1, $2, '', $3, $4, $5, lang FROM accounts WHERE id = $6 RETURNING id`,
			o.Kind(), o.Email, o.Name, o.TaxCode, now, person).Scan(&id)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO organisations (account_id, form, vat, street, place, postcode, pec, chamber_province, chamber_number,
				inps, legal_name, legal_tax_code, trade, register_entry, state, created_by, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, nullif($13, ''), $14, $15, $16, $17, $17)`,
			id, o.Form, o.VAT, o.Street, o.Place, o.Postcode, o.PEC, o.ChamberProvince, o.ChamberNumber,
			o.INPS, o.LegalName, o.LegalTaxCode, string(o.Trade), o.Register, state, person, now)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO delegations (account_id, delegate_id, role, may_delegate, valid_from, email, granted_by, granted_at, accepted_at)
			SELECT $1, id, 'owner', true, $3, email, id, $3, $3 FROM accounts WHERE id = $2`, id, person, now)
		return err
	})
	if unique(err, "accounts_organisation") {
		return 0, parties.ErrTaken
	}
	if err != nil {
		return 0, fmt.Errorf("postgres: create organisation: %w", err)
	}
	return id, nil
}

// unique reports whether an index keeps a row from being there twice.
func unique(err error, index string) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code == "23505" && e.ConstraintName == index
}

const organisationColumns = `a.id, a.display_name, a.email, a.tax_code, o.vat, o.form, o.street, o.place, o.postcode, o.pec, o.chamber_province,
	o.chamber_number, o.inps, o.legal_name, o.legal_tax_code, coalesce(o.trade, ''), o.register_entry, o.state, o.reason, o.decided_at,
	o.revision, o.created_at`

func scanOrganisation(row pgx.CollectableRow) (o parties.Organisation, err error) {
	var decided *time.Time
	err = row.Scan(&o.ID, &o.Name, &o.Email, &o.TaxCode, &o.VAT, &o.Form, &o.Street, &o.Place, &o.Postcode, &o.PEC, &o.ChamberProvince,
		&o.ChamberNumber, &o.INPS, &o.LegalName, &o.LegalTaxCode, &o.Trade, &o.Register, &o.State, &o.Reason, &decided, &o.Revision, &o.CreatedAt)
	o.DecidedAt = timeOf(decided)
	return o, err
}

// Organisation returns the data of an organisation that the actor may act for;
// accounts.ErrNotFound otherwise, and for accounts that are none.
func (db *DB) Organisation(ctx context.Context, who parties.Actor) (parties.Organisation, error) {
	rows, err := db.Pool.Query(ctx, "SELECT "+organisationColumns+` FROM organisations o JOIN accounts a ON a.id = o.account_id
		WHERE a.id = $1 AND acting_role($2, a.id, $3) IS NOT NULL`, who.Account, who.Person, who.At)
	if err != nil {
		return parties.Organisation{}, fmt.Errorf("postgres: organisation: %w", err)
	}
	o, err := pgx.CollectExactlyOneRow(rows, scanOrganisation)
	if errors.Is(err, pgx.ErrNoRows) {
		return o, accounts.ErrNotFound
	}
	if err != nil {
		return o, fmt.Errorf("postgres: organisation: %w", err)
	}
	return o, nil
}

// SaveOrganisation replaces the data of an organisation if it still has the
// revision of o (else accounts.ErrChanged). Tax code and kind stay; it takes a
// manager. An intermediary that was refused waits for approval again; one that
// is approved does too when what the approval was about changes.
func (db *DB) SaveOrganisation(ctx context.Context, who parties.Actor, o *parties.Organisation) error {
	err := db.InTx(ctx, func(tx pgx.Tx) error {
		if _, err := roleIn(ctx, tx, who, parties.Manager); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `UPDATE organisations SET form = $3, vat = $4, street = $5, place = $6, postcode = $7, pec = $8,
				chamber_province = $9, chamber_number = $10, inps = $11, legal_name = $12, legal_tax_code = $13,
				state = CASE WHEN state = 'refused' OR state = 'approved' AND (trade, register_entry) <> (nullif($14, ''), $15)
					THEN 'pending' ELSE state END,
				trade = nullif($14, ''), register_entry = $15, revision = revision + 1, updated_at = $16
			WHERE account_id = $1 AND revision = $2 AND (trade IS NULL) = ($14 = '')`,
			who.Account, o.Revision, o.Form, o.VAT, o.Street, o.Place, o.Postcode, o.PEC, o.ChamberProvince, o.ChamberNumber,
			o.INPS, o.LegalName, o.LegalTaxCode, string(o.Trade), o.Register, who.At)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return accounts.ErrChanged
		}
		_, err = tx.Exec(ctx, "UPDATE accounts SET display_name = $2, email = $3 WHERE id = $1", who.Account, o.Name, o.Email)
		return err
	})
	if err != nil {
		return fmt.Errorf("postgres: save organisation: %w", err)
	}
	return nil
}

// ApprovedIntermediaries lists those whose name or tax code has the words in
// it, by name; empty words are in every name.
func (db *DB) ApprovedIntermediaries(ctx context.Context, words string, limit int) ([]parties.Organisation, error) {
	return db.intermediaries(ctx, `o.state = 'approved' AND (position(lower($1) IN lower(a.display_name)) > 0 OR a.tax_code = $2)
		ORDER BY a.display_name, a.id LIMIT $3`, words, strings.ToUpper(words), limit)
}

// Intermediaries lists those in a state, the one that has waited longest first,
// and records that a member of staff looked.
func (db *DB) Intermediaries(ctx context.Context, staff clickday.AccountID, state parties.State, now time.Time) ([]parties.Organisation, error) {
	list, err := db.intermediaries(ctx, "o.state = $1 ORDER BY o.updated_at, a.id LIMIT 200", state)
	if err != nil {
		return nil, err
	}
	err = recordLook(ctx, db.Pool, &accounts.AuditEntry{At: now, Staff: staff, Action: "intermediary.list", Subject: string(state)})
	return list, err
}

func (db *DB) intermediaries(ctx context.Context, where string, args ...any) ([]parties.Organisation, error) {
	rows, err := db.Pool.Query(ctx, "SELECT "+organisationColumns+
		" FROM organisations o JOIN accounts a ON a.id = o.account_id WHERE o.trade IS NOT NULL AND a.closed_at IS NULL AND "+where, args...)
	if err != nil {
		return nil, fmt.Errorf("postgres: intermediaries: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanOrganisation)
	if err != nil {
		return nil, fmt.Errorf("postgres: intermediaries: %w", err)
	}
	return list, nil
}

// DecideIntermediary approves an intermediary or refuses it with a reason, in
// the name of staff, and writes to it. A refusal after an approval voids the
// seals of what has not been sent. It needs the revision that staff has seen
// (else accounts.ErrChanged) and fails with accounts.ErrNotFound.
func (db *DB) DecideIntermediary(ctx context.Context, staff clickday.AccountID, o *parties.Organisation, state parties.State, reason string,
	now time.Time, letter Letterhead,
) error {
	id := o.ID
	err := db.InTx(ctx, func(tx pgx.Tx) error {
		to := addressee{}
		err := tx.QueryRow(ctx, "SELECT email, display_name, lang FROM accounts a JOIN organisations o ON o.account_id = a.id WHERE a.id = $1 AND trade IS NOT NULL FOR UPDATE OF o", id).
			Scan(&to.email, &to.name, &to.lang)
		if errors.Is(err, pgx.ErrNoRows) {
			return accounts.ErrNotFound
		}
		if err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `UPDATE organisations SET state = $2, reason = $3, decided_by = $4, decided_at = $5, revision = revision + 1
			WHERE account_id = $1 AND revision = $6 AND state <> $2`, id, state, reason, staff, now, o.Revision)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return accounts.ErrChanged
		}
		if state == parties.Refused {
			if _, err := voidSeals(ctx, tx, "a.account_id = $1", id, now); err != nil {
				return err
			}
		}
		if err := to.write(ctx, tx, letter); err != nil {
			return err
		}
		return recordLook(ctx, tx, &accounts.AuditEntry{At: now, Staff: staff, Action: "intermediary." + string(state), Subject: fmt.Sprint(id), Account: id})
	})
	if err != nil {
		return fmt.Errorf("postgres: decide on an intermediary: %w", err)
	}
	return nil
}

// Letterhead makes a letter to somebody in their language. It runs inside the
// transaction and decides from its arguments alone.
type Letterhead = func(email, name, lang string) notices.Letter

// addressee is who a letter goes to, as the transaction reads it.
type addressee struct{ email, name, lang string }

func (a *addressee) write(ctx context.Context, tx pgx.Tx, letter Letterhead) error {
	return queueLetter(ctx, tx, letter(a.email, a.name, a.lang))
}
