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

const ticketColumns = `t.id, t.number, t.kind, t.channel, t.state, coalesce(t.account_id, 0), t.name, t.email, t.phone, t.lang, t.subject,
	coalesce(t.application_id, '00000000-0000-0000-0000-000000000000'), coalesce(t.assigned_to, 0), coalesce(s.email, ''), t.revision, t.created_at, t.updated_at`

const ticketTables = " FROM tickets t LEFT JOIN accounts s ON s.id = t.assigned_to "

func scanTicket(row pgx.Row) (helpdesk.Ticket, error) {
	var t helpdesk.Ticket
	var about [16]byte
	err := row.Scan(&t.ID, &t.Number, &t.Kind, &t.Channel, &t.State, &t.Person.Account, &t.Person.Name, &t.Person.Email, &t.Person.Phone,
		&t.Person.Lang, &t.Subject, &about, &t.Assigned, &t.Desk, &t.Revision, &t.Created, &t.Updated)
	if errors.Is(err, pgx.ErrNoRows) {
		return t, accounts.ErrNotFound
	}
	if err != nil {
		return t, fmt.Errorf("postgres: ticket: %w", err)
	}
	t.About = about
	return t, nil
}

// OpenTicket stores a question and the letter that confirms it (nil: none) in
// one transaction, and returns the ticket.
func (db *DB) OpenTicket(ctx context.Context, n *helpdesk.New, confirm helpdesk.Letters, now time.Time) (helpdesk.Ticket, error) {
	var out helpdesk.Ticket
	err := db.InTx(ctx, func(tx pgx.Tx) error {
		if err := ownerOf(ctx, tx, &n.Person); err != nil {
			return err
		}
		var count int64
		year := now.UTC().Year()
		err := tx.QueryRow(ctx, `INSERT INTO help_years (year, last) VALUES ($1, 1)
			ON CONFLICT (year) DO UPDATE SET last = help_years.last + 1 RETURNING last`, year).Scan(&count)
		if err != nil {
			return fmt.Errorf("postgres: ticket: %w", err)
		}
		// The row of the year is locked, so that questions at the same time are
		// counted one after the other.
		if err := bounded(ctx, tx, "SELECT count(*) FROM tickets WHERE account_id = $1 AND $1 <> 0 AND created_at > $2", n.Account, now); err != nil {
			return err
		}
		number := fmt.Sprintf("A-%d-%06d", year, count)
		var id int64
		err = tx.QueryRow(ctx, `INSERT INTO tickets (number, kind, channel, state, account_id, device_id, name, email, phone, lang, subject,
				taken_by, token_hash, created_at, updated_at, application_id)
			VALUES ($1, $2, $3, 'open', nullif($4::bigint, 0), nullif($5::bigint, 0), $6, $7, $8, $9, $10, nullif($11::bigint, 0), $12, $13, $13,
				(SELECT id FROM applications WHERE id = $14 AND account_id = $4))
			RETURNING id`, number, n.Kind, n.Channel, n.Account, n.Device, n.Name, n.Email, n.Phone, n.Lang, n.Subject,
			n.Staff, n.TokenHash, now, [16]byte(n.About)).Scan(&id)
		if err != nil {
			return fmt.Errorf("postgres: ticket: %w", err)
		}
		_, err = tx.Exec(ctx, "INSERT INTO ticket_messages (ticket_id, author, staff_id, text, diagnostics, at) VALUES ($1, 'applicant', nullif($2::bigint, 0), $3, $4, $5)",
			id, n.Staff, n.Text, n.Diagnostics, now)
		if err != nil {
			return fmt.Errorf("postgres: ticket: %w", err)
		}
		if out, err = scanTicket(tx.QueryRow(ctx, "SELECT "+ticketColumns+ticketTables+"WHERE t.id = $1", id)); err != nil {
			return err
		}
		return sendTicketLetter(ctx, tx, confirm, &out)
	})
	return out, err
}

// bounded counts what an id has done in the last day.
func bounded(ctx context.Context, tx pgx.Tx, count string, id any, now time.Time) error {
	var n int64
	if err := tx.QueryRow(ctx, count, id, now.Add(-24*time.Hour)).Scan(&n); err != nil {
		return fmt.Errorf("postgres: help desk: %w", err)
	}
	if n >= helpdesk.MaxADay {
		return helpdesk.ErrTooMany
	}
	return nil
}

// ownerOf fills in who the owner of an account is.
func ownerOf(ctx context.Context, tx pgx.Tx, p *helpdesk.Person) error {
	if p.Account == 0 {
		return nil
	}
	a, err := scanAccount(tx.QueryRow(ctx, "SELECT "+accountColumns+" FROM accounts WHERE id = $1", p.Account))
	if err != nil {
		return err
	}
	p.Name = a.Name
	if p.Email == "" {
		p.Email = a.Email
	}
	return nil
}

func sendTicketLetter(ctx context.Context, tx pgx.Tx, write helpdesk.Letters, t *helpdesk.Ticket) error {
	if write == nil || t.Person.Email == "" {
		return nil
	}
	return queueLetter(ctx, tx, write(t))
}

// TicketOf returns the ticket of an account by its number, or ErrNotFound.
func (db *DB) TicketOf(ctx context.Context, account clickday.AccountID, number string) (helpdesk.Ticket, error) {
	return scanTicket(db.Pool.QueryRow(ctx, "SELECT "+ticketColumns+ticketTables+"WHERE t.number = $1 AND t.account_id = $2", number, account))
}

// TicketByToken returns a ticket by its number and the hash of its token.
func (db *DB) TicketByToken(ctx context.Context, number string, hash []byte) (helpdesk.Ticket, error) {
	return scanTicket(db.Pool.QueryRow(ctx, "SELECT "+ticketColumns+ticketTables+"WHERE t.number = $1 AND t.token_hash = $2", number, hash))
}

// Ticket returns a ticket for the desk; the look is recorded first.
func (db *DB) Ticket(ctx context.Context, id int64, look *accounts.AuditEntry) (helpdesk.Ticket, error) {
	t, err := scanTicket(db.Pool.QueryRow(ctx, "SELECT "+ticketColumns+ticketTables+"WHERE t.id = $1", id))
	if err != nil {
		return t, err
	}
	look.Subject, look.Account = t.Number, t.Person.Account
	return t, db.RecordLook(ctx, look)
}

// TicketsOf lists the tickets of an account, the newest first.
func (db *DB) TicketsOf(ctx context.Context, account clickday.AccountID, limit int) ([]helpdesk.Ticket, error) {
	return db.tickets(ctx, "SELECT "+ticketColumns+ticketTables+"WHERE t.account_id = $1 ORDER BY t.id DESC LIMIT $2", account, limit)
}

// Tickets lists what a filter chooses, the newest first.
func (db *DB) Tickets(ctx context.Context, f *helpdesk.Filter) ([]helpdesk.Ticket, error) {
	return db.tickets(ctx, "SELECT "+ticketColumns+ticketTables+`WHERE ($1 = '' OR t.state = $1) AND ($1 <> '' OR $2 OR t.state <> 'closed')
			AND ($3 = '' OR t.kind = $3) AND ($4 = 0 OR t.assigned_to = $4) AND (NOT $5 OR t.assigned_to IS NULL) AND ($6 = 0 OR t.id < $6)
			AND ($7 = '' OR strpos(lower(t.number || ' ' || t.subject || ' ' || t.name || ' ' || t.email || ' ' || t.phone), lower($7)) > 0
				OR EXISTS (SELECT 1 FROM ticket_messages m WHERE m.ticket_id = t.id AND strpos(lower(m.text), lower($7)) > 0))
		ORDER BY t.id DESC LIMIT $8`,
		f.State, f.All, f.Kind, f.Assigned, f.Nobodys, f.Before, f.Text, f.Limit)
}

func (db *DB) tickets(ctx context.Context, sql string, args ...any) ([]helpdesk.Ticket, error) {
	rows, err := db.Pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("postgres: tickets: %w", err)
	}
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (helpdesk.Ticket, error) { return scanTicket(row) })
	if err != nil {
		return nil, fmt.Errorf("postgres: tickets: %w", err)
	}
	return out, nil
}

// Conversation returns the messages of a ticket; notes for the desk only.
func (db *DB) Conversation(ctx context.Context, ticket int64, notes bool) ([]helpdesk.Message, error) {
	rows, err := db.Pool.Query(ctx, `SELECT m.id, m.author, coalesce(m.staff_id, 0), coalesce(s.email, ''), m.text, m.diagnostics <> '', m.at
		FROM ticket_messages m LEFT JOIN accounts s ON s.id = m.staff_id WHERE m.ticket_id = $1 AND ($2 OR m.author <> 'note') ORDER BY m.id`, ticket, notes)
	if err != nil {
		return nil, fmt.Errorf("postgres: conversation: %w", err)
	}
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (m helpdesk.Message, err error) {
		err = row.Scan(&m.ID, &m.Author, &m.Staff, &m.StaffEmail, &m.Text, &m.Diagnostics, &m.At)
		return m, err
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: conversation: %w", err)
	}
	return out, nil
}

// Diagnostics returns the report that came with a message of a ticket.
func (db *DB) Diagnostics(ctx context.Context, ticket, message int64) (string, error) {
	var text string
	err := db.Pool.QueryRow(ctx, "SELECT diagnostics FROM ticket_messages WHERE ticket_id = $1 AND id = $2 AND diagnostics <> ''", ticket, message).Scan(&text)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", accounts.ErrNotFound
	}
	if err != nil {
		return "", fmt.Errorf("postgres: diagnostics: %w", err)
	}
	return text, nil
}
