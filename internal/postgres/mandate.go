package postgres

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/parties"
)

const mandateColumns = `m.id, m.intermediary_id, i.display_name, m.employer_name, m.employer_code, coalesce(m.click_day_id, 0),
	coalesce(d.code, ''), m.valid_from, m.valid_until, m.state, m.created_at, m.decided_at, m.revoked_at, coalesce(f.name, '')`

const mandateTables = `mandates m JOIN accounts i ON i.id = m.intermediary_id LEFT JOIN click_days d ON d.id = m.click_day_id
	LEFT JOIN mandate_documents f ON f.mandate_id = m.id`

// unsent is true of an application a that is sealed and of which nothing has
// arrived that counts.
const unsent = `a.state = 'sealed' AND NOT EXISTS (SELECT FROM submissions n WHERE n.application_id = a.id
	AND n.account_id = a.account_id AND n.state <> 'refused')`

const restingColumn = `(SELECT count(*) FROM seals s JOIN applications a ON a.id = s.application_id
	WHERE s.mandate_id = m.id AND s.superseded_at IS NULL AND ` + unsent + ")"

func scanMandate(row pgx.CollectableRow) (m parties.Mandate, err error) {
	var until, decided, revoked *time.Time
	err = row.Scan(&m.ID, &m.Intermediary, &m.IntermediaryName, &m.EmployerName, &m.EmployerCode, &m.Day, &m.DayCode, &m.From, &until,
		&m.State, &m.CreatedAt, &decided, &revoked, &m.Document, &m.Resting)
	m.Until, m.DecidedAt, m.RevokedAt = timeOf(until), timeOf(decided), timeOf(revoked)
	return m, err
}

// side picks the mandates of an account: those that it holds as an
// intermediary, and those of an employer with its tax code.
const side = "(m.intermediary_id = $1 OR m.employer_code = $2)"

// codeOf is the tax code by which an account is an employer. Nothing is checked
// here: roleIn comes first.
func codeOf(ctx context.Context, q querier, id clickday.AccountID) (string, error) {
	var code string
	err := q.QueryRow(ctx, "SELECT tax_code FROM accounts WHERE id = $1", id).Scan(&code)
	return parties.Plain(code), err
}

// Mandates lists the mandates that the actor's account has given or holds, those
// that wait for an answer first, then the newest; words look for a name or a tax
// code. It also says how many there are.
func (db *DB) Mandates(ctx context.Context, who parties.Actor, words string, limit, offset int) (list []parties.Mandate, total int, err error) {
	err = db.InTx(ctx, func(tx pgx.Tx) error {
		if _, err := roleIn(ctx, tx, who, parties.Operator); err != nil {
			return err
		}
		code, err := codeOf(ctx, tx, who.Account)
		if err != nil {
			return err
		}
		const where = " WHERE " + side + ` AND ($3 = '' OR position(lower($3) IN lower(m.employer_name)) > 0
			OR position(lower($3) IN lower(i.display_name)) > 0 OR m.employer_code = upper($3))`
		if err := tx.QueryRow(ctx, "SELECT count(*) FROM mandates m JOIN accounts i ON i.id = m.intermediary_id"+where, who.Account, code, words).Scan(&total); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, "SELECT "+mandateColumns+", "+restingColumn+" FROM "+mandateTables+where+
			" ORDER BY m.state <> 'asked', m.state IN ('refused', 'revoked'), m.created_at DESC, m.id DESC LIMIT $4 OFFSET $5",
			who.Account, code, words, limit, offset)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, scanMandate)
		return err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("postgres: mandates: %w", err)
	}
	return list, total, nil
}

// mandateOf reads a mandate of one side or the other and locks it until the
// transaction ends; accounts.ErrNotFound for everybody else's.
func mandateOf(ctx context.Context, tx pgx.Tx, who parties.Actor, id int64) (parties.Mandate, error) {
	code, err := codeOf(ctx, tx, who.Account)
	if err != nil {
		return parties.Mandate{}, err
	}
	rows, err := tx.Query(ctx, "SELECT "+mandateColumns+", "+restingColumn+" FROM "+mandateTables+" WHERE "+side+" AND m.id = $3 FOR UPDATE OF m",
		who.Account, code, id)
	if err != nil {
		return parties.Mandate{}, err
	}
	m, err := pgx.CollectExactlyOneRow(rows, scanMandate)
	if errors.Is(err, pgx.ErrNoRows) {
		err = accounts.ErrNotFound
	}
	return m, err
}

// Mandate returns one mandate of the actor's account, or accounts.ErrNotFound.
func (db *DB) Mandate(ctx context.Context, who parties.Actor, id int64) (m parties.Mandate, err error) {
	err = db.InTx(ctx, func(tx pgx.Tx) error {
		if _, err := roleIn(ctx, tx, who, parties.Operator); err != nil {
			return err
		}
		m, err = mandateOf(ctx, tx, who, id)
		return err
	})
	if err != nil {
		return m, fmt.Errorf("postgres: mandate: %w", err)
	}
	return m, nil
}

// AddMandate stores a mandate of the actor's account. An intermediary asks for
// it (state asked; an operator may) or declares it with the signed document; an
// employer grants it (a manager may). It fails with parties.ErrRole,
// parties.ErrMandated when one with the same end is asked or in force, and
// accounts.ErrNotFound when the other side is not what it must be. letter, if
// any, goes to the other side's account where there is one.
func (db *DB) AddMandate(ctx context.Context, who parties.Actor, m *parties.Mandate, file *parties.File, letter Letterhead) (id int64, err error) {
	err = db.InTx(ctx, func(tx pgx.Tx) error {
		if err := checkSides(ctx, tx, who, m); err != nil {
			return err
		}
		err := tx.QueryRow(ctx, `INSERT INTO mandates (intermediary_id, employer_name, employer_code, employer_id, click_day_id, valid_from, valid_until,
				state, created_by, created_at, decided_by, decided_at)
			SELECT $1, $2, $3, CASE WHEN $8 = 'granted' THEN $4::bigint END, nullif($5::bigint, 0), $6, $7, $8, $9, $10,
				CASE WHEN $8 = 'granted' THEN $9::bigint END, CASE WHEN $8 = 'granted' THEN $10::timestamptz END
			WHERE NOT EXISTS (SELECT FROM mandates o WHERE o.intermediary_id = $1 AND o.employer_code = $3 AND o.state IN ('asked', 'granted', 'declared')
				AND o.click_day_id IS NOT DISTINCT FROM nullif($5::bigint, 0) AND (o.valid_until IS NULL OR o.valid_until >= $7::timestamptz)
				AND (o.state = 'asked') = ($8 = 'asked')) RETURNING id`,
			m.Intermediary, m.EmployerName, m.EmployerCode, who.Account, m.Day, m.From, nullTime(m.Until), string(m.State), who.Person, who.At).Scan(&id)
		if errors.Is(err, pgx.ErrNoRows) {
			return parties.ErrMandated
		}
		if err != nil {
			return err
		}
		if file != nil {
			if err := addDocument(ctx, tx, who, id, file); err != nil {
				return err
			}
		}
		if m.State == parties.Granted {
			return tellIntermediary(ctx, tx, m.Intermediary, letter)
		}
		return tellEmployer(ctx, tx, m.EmployerCode, letter)
	})
	if err != nil {
		return 0, fmt.Errorf("postgres: add mandate: %w", err)
	}
	return id, nil
}

// checkSides: the employer's account acts for its own code, the intermediary's
// for itself; and an intermediary is one that is approved.
func checkSides(ctx context.Context, tx pgx.Tx, who parties.Actor, m *parties.Mandate) error {
	need := parties.Operator
	if m.State == parties.Granted {
		need = parties.Manager
	}
	if _, err := roleIn(ctx, tx, who, need); err != nil {
		return err
	}
	code, err := codeOf(ctx, tx, who.Account)
	if err != nil {
		return err
	}
	if m.State == parties.Granted && code != m.EmployerCode || m.State != parties.Granted && who.Account != m.Intermediary {
		return accounts.ErrNotFound
	}
	var approved bool
	err = tx.QueryRow(ctx, `SELECT o.state = 'approved' FROM organisations o JOIN accounts a ON a.id = o.account_id
		WHERE a.id = $1 AND o.trade IS NOT NULL AND a.closed_at IS NULL`, m.Intermediary).Scan(&approved)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && !approved {
		return accounts.ErrNotFound
	}
	if err != nil {
		return err
	}
	// One after the other, so that the same mandate is not stored twice.
	_, err = tx.Exec(ctx, "SELECT pg_advisory_xact_lock(hashtextextended($1, 12))", fmt.Sprint(m.Intermediary, " ", m.EmployerCode))
	return err
}

func addDocument(ctx context.Context, tx pgx.Tx, who parties.Actor, id int64, f *parties.File) error {
	sum := sha256.Sum256(f.Content)
	_, err := tx.Exec(ctx, `INSERT INTO mandate_documents (mandate_id, name, media_type, content, sha256, uploaded_by, uploaded_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`, id, f.Name, f.MediaType, f.Content, sum[:], who.Person, who.At)
	return err
}

func tellIntermediary(ctx context.Context, tx pgx.Tx, id clickday.AccountID, letter Letterhead) error {
	var to addressee
	err := tx.QueryRow(ctx, "SELECT email, display_name, lang FROM accounts WHERE id = $1", id).Scan(&to.email, &to.name, &to.lang)
	if err != nil || letter == nil {
		return err
	}
	return to.write(ctx, tx, letter)
}

// tellEmployer writes to the accounts with that tax code, if there are any; few
// have more than one.
func tellEmployer(ctx context.Context, tx pgx.Tx, code string, letter Letterhead) error {
	if letter == nil {
		return nil
	}
	rows, err := tx.Query(ctx, `SELECT email, display_name, lang FROM accounts WHERE tax_code = $1 AND kind <> 'intermediary' AND closed_at IS NULL
		ORDER BY id LIMIT 5`, code)
	if err != nil {
		return err
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (a addressee, err error) {
		err = row.Scan(&a.email, &a.name, &a.lang)
		return a, err
	})
	if err != nil {
		return err
	}
	for i := range list {
		if err := list[i].write(ctx, tx, letter); err != nil {
			return err
		}
	}
	return nil
}

// AnswerMandate grants a mandate that was asked for, or refuses it, in the name
// of the employer; it takes a manager. accounts.ErrState when it waits for no
// answer.
func (db *DB) AnswerMandate(ctx context.Context, who parties.Actor, id int64, grant bool, letter Letterhead) error {
	err := db.InTx(ctx, func(tx pgx.Tx) error {
		if _, err := roleIn(ctx, tx, who, parties.Manager); err != nil {
			return err
		}
		m, err := mandateOf(ctx, tx, who, id)
		if err != nil {
			return err
		}
		if m.Intermediary == who.Account {
			return accounts.ErrNotFound // nobody answers their own question
		}
		if m.State != parties.Asked || !m.Until.IsZero() && !m.Until.After(who.At) {
			return accounts.ErrState
		}
		state := parties.MandateRefused
		if grant {
			state = parties.Granted
		}
		_, err = tx.Exec(ctx, "UPDATE mandates SET state = $2, employer_id = $3, decided_by = $4, decided_at = $5 WHERE id = $1",
			id, string(state), who.Account, who.Person, who.At)
		if err != nil {
			return err
		}
		return tellIntermediary(ctx, tx, m.Intermediary, letter)
	})
	if err != nil {
		return fmt.Errorf("postgres: answer mandate: %w", err)
	}
	return nil
}

// RevokeMandate ends a mandate, from either side, and voids the seals that rest
// on it and have not been sent; it returns how many. It takes a manager.
// accounts.ErrState when it has ended already.
func (db *DB) RevokeMandate(ctx context.Context, who parties.Actor, id int64, letter Letterhead) (voided int64, err error) {
	err = db.InTx(ctx, func(tx pgx.Tx) error {
		if _, err := roleIn(ctx, tx, who, parties.Manager); err != nil {
			return err
		}
		m, err := mandateOf(ctx, tx, who, id)
		if err != nil {
			return err
		}
		if m.State == parties.Revoked || m.State == parties.MandateRefused {
			return accounts.ErrState
		}
		_, err = tx.Exec(ctx, "UPDATE mandates SET state = 'revoked', revoked_by = $2, revoked_at = $3 WHERE id = $1", id, who.Person, who.At)
		if err != nil {
			return err
		}
		if voided, err = voidSeals(ctx, tx, "s.mandate_id = $1", id, who.At); err != nil {
			return err
		}
		if m.Intermediary != who.Account {
			return tellIntermediary(ctx, tx, m.Intermediary, letter)
		}
		return tellEmployer(ctx, tx, m.EmployerCode, letter)
	})
	if err != nil {
		return 0, fmt.Errorf("postgres: revoke mandate: %w", err)
	}
	return voided, nil
}

// voidSeals makes drafts again of sealed applications that have not been sent.
// An arrival from now on finds the seal superseded and is refused; one before
// stands, whether or not it has been taken into the database yet.
func voidSeals(ctx context.Context, tx pgx.Tx, where string, id any, now time.Time) (int64, error) {
	tag, err := tx.Exec(ctx, `WITH voided AS (
			UPDATE seals SET superseded_at = $2 FROM (SELECT s.application_id, s.version FROM seals s JOIN applications a ON a.id = s.application_id
				WHERE `+where+` AND s.superseded_at IS NULL AND `+unsent+` FOR UPDATE OF a) v
			WHERE seals.application_id = v.application_id AND seals.version = v.version RETURNING seals.application_id)
		UPDATE applications SET state = 'ready', revision = revision + 1, updated_at = $2
		WHERE id IN (SELECT application_id FROM voided)`, id, now)
	if err != nil {
		return 0, err
	}
	return tag.RowsAffected(), nil
}

// MandateDocument returns the document of a mandate of the actor's account, or
// accounts.ErrNotFound.
func (db *DB) MandateDocument(ctx context.Context, who parties.Actor, id int64) (parties.File, error) {
	var f parties.File
	err := db.InTx(ctx, func(tx pgx.Tx) error {
		if _, err := roleIn(ctx, tx, who, parties.Operator); err != nil {
			return err
		}
		code, err := codeOf(ctx, tx, who.Account)
		if err != nil {
			return err
		}
		err = tx.QueryRow(ctx, `SELECT f.name, f.media_type, f.content FROM mandates m JOIN mandate_documents f ON f.mandate_id = m.id
			WHERE `+side+" AND m.id = $3", who.Account, code, id).Scan(&f.Name, &f.MediaType, &f.Content)
		if errors.Is(err, pgx.ErrNoRows) {
			return accounts.ErrNotFound
		}
		return err
	})
	if err != nil {
		return f, fmt.Errorf("postgres: document of a mandate: %w", err)
	}
	return f, nil
}
