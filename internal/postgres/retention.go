package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/retention"
)

// neverArrived are applications whose last change lies before $1 and of which nothing
// has ever arrived.
const neverArrived = `SELECT a.id FROM applications a WHERE a.updated_at < $1 AND NOT EXISTS (SELECT FROM submissions s WHERE s.application_id = a.id)`

// retained is what each rule does with what is older than $1; the last statement
// of a rule counts.
var retained = map[retention.Rule][]string{
	retention.Drafts: {
		"DELETE FROM seals WHERE application_id IN (" + neverArrived + ")",
		"DELETE FROM applications WHERE id IN (" + neverArrived + ")", // attachments go with theirs
	},
	retention.Tickets: {"DELETE FROM tickets WHERE state = 'closed' AND updated_at < $1"}, // with their conversation
	retention.Looks:   {"DELETE FROM audit_log WHERE at < $1"},
	retention.Invites: {"DELETE FROM delegations WHERE accepted_at IS NULL AND coalesce(invite_ends, granted_at) < $1 AND delegate_id IS NULL"},
	retention.Mandates: {`DELETE FROM mandate_documents WHERE mandate_id IN
		(SELECT id FROM mandates WHERE least(coalesce(revoked_at, 'infinity'), coalesce(valid_until, 'infinity')) < $1)`},
	retention.Accounts: {
		"DELETE FROM persons WHERE account_id IN (SELECT id FROM accounts WHERE closed_at < $1)",
		"DELETE FROM acceptances WHERE account_id IN (SELECT id FROM accounts WHERE closed_at < $1)",
		"UPDATE accounts SET email = '', display_name = '', tax_code = '' WHERE closed_at < $1 AND (email, display_name, tax_code) <> ('', '', '')",
	},
	retention.Uploads:   {"DELETE FROM uploads WHERE uploaded_at < $1"},
	retention.Computers: {"UPDATE devices SET name = '' WHERE revoked_at IS NOT NULL AND created_at < $1 AND name <> ''"},
}

// Retain removes what a policy no longer keeps, a transaction for each rule, and
// returns how many rows each has removed or emptied. It may be repeated and be
// cut off anywhere.
func (db *DB) Retain(ctx context.Context, p retention.Policy, now time.Time) (map[retention.Rule]int64, error) {
	out := map[retention.Rule]int64{}
	for _, rule := range retention.Rules {
		keep := p[rule]
		if keep == 0 {
			continue
		}
		err := db.InTx(ctx, func(tx pgx.Tx) error {
			for _, sql := range retained[rule] {
				tag, err := tx.Exec(ctx, sql, now.Add(-keep))
				if err != nil {
					return err
				}
				out[rule] = tag.RowsAffected()
			}
			if out[rule] == 0 {
				return nil
			}
			_, err := tx.Exec(ctx, "INSERT INTO retention_runs (at, rule, rows) VALUES ($1, $2, $3)", now, rule, out[rule])
			return err
		})
		if err != nil {
			return out, fmt.Errorf("postgres: retention: %s: %w", rule, err)
		}
	}
	return out, nil
}
