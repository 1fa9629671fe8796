package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/helpdesk"
)

// Write adds a message to a conversation and moves the ticket's state. Errors:
// helpdesk.ErrClosed; helpdesk.ErrChanged when revision is not 0 and not the
// ticket's any more; ErrNotFound.
func (db *DB) Write(ctx context.Context, w *helpdesk.Writing, letter helpdesk.Letters, now time.Time) error {
	return db.changeTicket(ctx, w.Ticket, w.Revision, func(tx pgx.Tx, t *helpdesk.Ticket) error {
		state, err := helpdesk.AfterMessage(t.State, w.Author, w.AsksBack)
		if err != nil {
			return err
		}
		if w.Author == helpdesk.Applicant {
			const written = "SELECT count(*) FROM ticket_messages WHERE ticket_id = $1 AND author = 'applicant' AND at > $2"
			if err := bounded(ctx, tx, written, t.ID, now); err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, "INSERT INTO ticket_messages (ticket_id, author, staff_id, text, at) VALUES ($1, $2, nullif($3::bigint, 0), $4, $5)",
			t.ID, w.Author, w.Staff, w.Text, now)
		if err != nil {
			return fmt.Errorf("postgres: message: %w", err)
		}
		// Who answers first takes care of it.
		_, err = tx.Exec(ctx, `UPDATE tickets SET state = $2, updated_at = $3, revision = revision + 1,
			assigned_to = CASE WHEN $4 = 'assistant' THEN coalesce(assigned_to, $5) ELSE assigned_to END WHERE id = $1`,
			t.ID, state, now, w.Author, w.Staff)
		if err != nil {
			return fmt.Errorf("postgres: message: %w", err)
		}
		t.State, t.Revision = state, t.Revision+1
		if w.Author != helpdesk.Assistant {
			return nil
		}
		if err := recordLook(ctx, tx, &accounts.AuditEntry{At: now, Staff: w.Staff, Action: "ticket.answer", Subject: t.Number, Account: t.Person.Account}); err != nil {
			return err
		}
		return sendTicketLetter(ctx, tx, letter, t)
	})
}

// Assign gives a ticket to somebody of the desk, or to nobody (0). Whoever lacks
// the role is ErrNotFound.
func (db *DB) Assign(ctx context.Context, ticket, revision int64, to clickday.AccountID, now time.Time) error {
	return db.changeTicket(ctx, ticket, revision, func(tx pgx.Tx, t *helpdesk.Ticket) error {
		tag, err := tx.Exec(ctx, `UPDATE tickets SET assigned_to = nullif($2::bigint, 0), updated_at = $3, revision = revision + 1
			WHERE id = $1 AND ($2 = 0 OR EXISTS (SELECT 1 FROM staff_roles WHERE account_id = $2 AND role = 'helpdesk'))`, t.ID, to, now)
		if err == nil && tag.RowsAffected() == 0 {
			return accounts.ErrNotFound
		}
		return err
	})
}

// SetState closes a ticket or opens it again.
func (db *DB) SetState(ctx context.Context, ticket, revision int64, s helpdesk.State, now time.Time) error {
	return db.changeTicket(ctx, ticket, revision, func(tx pgx.Tx, t *helpdesk.Ticket) error {
		_, err := tx.Exec(ctx, "UPDATE tickets SET state = $2, updated_at = $3, revision = revision + 1 WHERE id = $1", t.ID, s, now)
		return err
	})
}

// changeTicket runs f on the locked ticket.
func (db *DB) changeTicket(ctx context.Context, id, revision int64, f func(pgx.Tx, *helpdesk.Ticket) error) error {
	return db.InTx(ctx, func(tx pgx.Tx) error {
		t, err := scanTicket(tx.QueryRow(ctx, "SELECT "+ticketColumns+ticketTables+"WHERE t.id = $1 FOR UPDATE OF t", id))
		if err != nil {
			return err
		}
		if revision != 0 && t.Revision != revision {
			return helpdesk.ErrChanged
		}
		if err := f(tx, &t); err != nil {
			return err
		}
		return nil
	})
}

// Assistants lists who is at the desk.
func (db *DB) Assistants(ctx context.Context) ([]helpdesk.Member, error) {
	rows, err := db.Pool.Query(ctx, `SELECT a.id, a.email FROM staff_roles s JOIN accounts a ON a.id = s.account_id
		WHERE s.role = 'helpdesk' ORDER BY a.email`)
	if err != nil {
		return nil, fmt.Errorf("postgres: assistants: %w", err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowToStructByPos[helpdesk.Member])
	if err != nil {
		return nil, fmt.Errorf("postgres: assistants: %w", err)
	}
	return out, nil
}

// Answers lists the library of prepared answers.
func (db *DB) Answers(ctx context.Context) ([]helpdesk.Answer, error) {
	rows, err := db.Pool.Query(ctx, "SELECT id, kind, title, text_it, text_en, updated_at FROM help_answers ORDER BY kind, lower(title), id")
	if err != nil {
		return nil, fmt.Errorf("postgres: answers: %w", err)
	}
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (a helpdesk.Answer, err error) {
		err = row.Scan(&a.ID, &a.Kind, &a.Title, &a.Text.IT, &a.Text.EN, &a.UpdatedAt)
		return a, err
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: answers: %w", err)
	}
	return out, nil
}

// SaveAnswer stores a prepared answer; ID 0 makes a new one.
func (db *DB) SaveAnswer(ctx context.Context, a *helpdesk.Answer, now time.Time) error {
	if a.ID == 0 {
		return db.helpExec(ctx, 1, "INSERT INTO help_answers (kind, title, text_it, text_en, updated_at) VALUES ($1, $2, $3, $4, $5)",
			a.Kind, a.Title, a.Text.IT, a.Text.EN, now)
	}
	return db.helpExec(ctx, 1, "UPDATE help_answers SET kind = $2, title = $3, text_it = $4, text_en = $5, updated_at = $6 WHERE id = $1",
		a.ID, a.Kind, a.Title, a.Text.IT, a.Text.EN, now)
}

// DeleteAnswer removes a prepared answer; it may be repeated.
func (db *DB) DeleteAnswer(ctx context.Context, id int64) error {
	return db.helpExec(ctx, 0, "DELETE FROM help_answers WHERE id = $1", id)
}

// Questions lists the questions asked often; search is free text in a language,
// empty for all; public leaves out those that are not shown yet.
func (db *DB) Questions(ctx context.Context, search, lang string, public bool) ([]helpdesk.Question, error) {
	words, config := "words_it", "pg_catalog.italian"
	if lang == "en" {
		words, config = "words_en", "pg_catalog.english"
	}
	rows, err := db.Pool.Query(ctx, `SELECT id, kind, question_it, question_en, answer_it, answer_en, position, public FROM help_questions
		WHERE (public OR NOT $2) AND ($1 = '' OR `+words+` @@ websearch_to_tsquery('`+config+`', $1))
		ORDER BY CASE WHEN $1 = '' THEN 0 ELSE -ts_rank(`+words+`, websearch_to_tsquery('`+config+`', $1)) END, position, id LIMIT 200`, search, public)
	if err != nil {
		return nil, fmt.Errorf("postgres: questions: %w", err)
	}
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (q helpdesk.Question, err error) {
		err = row.Scan(&q.ID, &q.Kind, &q.Question.IT, &q.Question.EN, &q.Answer.IT, &q.Answer.EN, &q.Position, &q.Public)
		return q, err
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: questions: %w", err)
	}
	return out, nil
}

// SaveQuestion stores a question asked often; ID 0 makes a new one.
func (db *DB) SaveQuestion(ctx context.Context, q *helpdesk.Question) error {
	if q.ID == 0 {
		return db.helpExec(ctx, 1, `INSERT INTO help_questions (kind, question_it, question_en, answer_it, answer_en, position, public)
			VALUES ($1, $2, $3, $4, $5, $6, $7)`, q.Kind, q.Question.IT, q.Question.EN, q.Answer.IT, q.Answer.EN, q.Position, q.Public)
	}
	return db.helpExec(ctx, 1, `UPDATE help_questions SET kind = $2, question_it = $3, question_en = $4, answer_it = $5, answer_en = $6, position = $7, public = $8
		WHERE id = $1`, q.ID, q.Kind, q.Question.IT, q.Question.EN, q.Answer.IT, q.Answer.EN, q.Position, q.Public)
}

// helpExec runs a statement that has to touch at least so many rows.
func (db *DB) helpExec(ctx context.Context, atLeast int64, sql string, args ...any) error {
	tag, err := db.Pool.Exec(ctx, sql, args...)
	if err != nil {
		return fmt.Errorf("postgres: help desk: %w", err)
	}
	if tag.RowsAffected() < atLeast {
		return accounts.ErrNotFound
	}
	return nil
}

// Caller finds the applicant that somebody at the desk speaks with, by address,
// tax code or the number of a ticket; ErrNotFound if there is none. The look is
// recorded before the answer.
func (db *DB) Caller(ctx context.Context, key string, look *accounts.AuditEntry) (helpdesk.Caller, error) {
	var c helpdesk.Caller
	err := db.Pool.QueryRow(ctx, `SELECT a.id, a.kind, a.display_name, a.email, a.created_at FROM accounts a
		WHERE lower(a.email) = lower($1) OR upper(a.tax_code) = upper($1) OR a.id = (SELECT account_id FROM tickets WHERE number = upper($1))
		ORDER BY a.id LIMIT 1`, key).Scan(&c.Account, &c.Kind, &c.Name, &c.Email, &c.Since)
	if errors.Is(err, pgx.ErrNoRows) {
		return c, accounts.ErrNotFound
	}
	if err != nil {
		return c, fmt.Errorf("postgres: caller: %w", err)
	}
	look.Subject, look.Account = fmt.Sprintf("account %d", c.Account), c.Account
	if err := db.RecordLook(ctx, look); err != nil {
		return c, err
	}
	return c, db.callerDetails(ctx, &c)
}

// callerDetails adds how the applications stand, without anything of what is in
// them, and the names of paired computers.
func (db *DB) callerDetails(ctx context.Context, c *helpdesk.Caller) error {
	rows, err := db.Pool.Query(ctx, `SELECT d.code, a.model, coalesce((SELECT s.state FROM submissions s WHERE s.application_id = a.id AND s.account_id = a.account_id
			ORDER BY s.number NULLS LAST, s.arrived LIMIT 1), a.state), count(*)
		FROM applications a JOIN click_days d ON d.id = a.click_day_id WHERE a.account_id = $1 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`, c.Account)
	if err != nil {
		return fmt.Errorf("postgres: caller: %w", err)
	}
	if c.Applications, err = pgx.CollectRows(rows, pgx.RowToStructByPos[helpdesk.Tally]); err != nil {
		return fmt.Errorf("postgres: caller: %w", err)
	}
	rows, err = db.Pool.Query(ctx, "SELECT name, created_at, revoked_at IS NOT NULL FROM devices WHERE account_id = $1 ORDER BY id", c.Account)
	if err != nil {
		return fmt.Errorf("postgres: caller: %w", err)
	}
	if c.Devices, err = pgx.CollectRows(rows, pgx.RowToStructByPos[helpdesk.Device]); err != nil {
		return fmt.Errorf("postgres: caller: %w", err)
	}
	return nil
}
