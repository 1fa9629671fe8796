package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
)

// StaffRoles implements site.Store.
func (db *DB) StaffRoles(ctx context.Context, id clickday.AccountID) ([]accounts.Role, error) {
	rows, err := db.Pool.Query(ctx, "SELECT role FROM staff_roles WHERE account_id = $1 ORDER BY role", id)
	if err != nil {
		return nil, fmt.Errorf("postgres: roles: %w", err)
	}
	roles, err := pgx.CollectRows(rows, pgx.RowTo[accounts.Role])
	if err != nil {
		return nil, fmt.Errorf("postgres: roles: %w", err)
	}
	return roles, nil
}

// GrantRole gives a role to an account; it may be repeated.
func (db *DB) GrantRole(ctx context.Context, id clickday.AccountID, role accounts.Role, by string, now time.Time) error {
	_, err := db.Pool.Exec(ctx, `INSERT INTO staff_roles (account_id, role, granted_at, granted_by) VALUES ($1, $2, $3, $4)
		ON CONFLICT (account_id, role) DO NOTHING`, id, role, now, by)
	if err != nil {
		return fmt.Errorf("postgres: grant role: %w", err)
	}
	return nil
}

// RevokeRole takes a role away; it may be repeated.
func (db *DB) RevokeRole(ctx context.Context, id clickday.AccountID, role accounts.Role) error {
	if _, err := db.Pool.Exec(ctx, "DELETE FROM staff_roles WHERE account_id = $1 AND role = $2", id, role); err != nil {
		return fmt.Errorf("postgres: revoke role: %w", err)
	}
	return nil
}

// StaffMember is an account with a role.
type StaffMember struct {
	Email     string
	Role      accounts.Role
	GrantedAt time.Time
	GrantedBy string
}

// Staff lists everybody with a role, by address.
func (db *DB) Staff(ctx context.Context) ([]StaffMember, error) {
	rows, err := db.Pool.Query(ctx, `SELECT a.email, s.role, s.granted_at, s.granted_by
		FROM staff_roles s JOIN accounts a ON a.id = s.account_id ORDER BY a.email, s.role`)
	if err != nil {
		return nil, fmt.Errorf("postgres: staff: %w", err)
	}
	staff, err := pgx.CollectRows(rows, pgx.RowToStructByPos[StaffMember])
	if err != nil {
		return nil, fmt.Errorf("postgres: staff: %w", err)
	}
	return staff, nil
}

// RecordLook adds an entry to the log of what staff looked at. It is durable on
// return; the page that shows the data is answered only after it.
func (db *DB) RecordLook(ctx context.Context, e *accounts.AuditEntry) error {
	return recordLook(ctx, db.Pool, e)
}

// execer is a pool or a transaction.
type execer interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

func recordLook(ctx context.Context, q execer, e *accounts.AuditEntry) error {
	_, err := q.Exec(ctx, "INSERT INTO audit_log (at, staff_id, action, subject, account_id) VALUES ($1, $2, $3, $4, nullif($5::bigint, 0))",
		e.At, e.Staff, e.Action, e.Subject, e.Account)
	if err != nil {
		return fmt.Errorf("postgres: audit log: %w", err)
	}
	return nil
}

// AuditLog returns entries before an id (0: the newest), the newest first.
func (db *DB) AuditLog(ctx context.Context, before int64, limit int) ([]accounts.AuditEntry, error) {
	rows, err := db.Pool.Query(ctx, `SELECT id, at, staff_id, action, subject, coalesce(account_id, 0) FROM audit_log
		WHERE $1 = 0 OR id < $1 ORDER BY id DESC LIMIT $2`, before, limit)
	if err != nil {
		return nil, fmt.Errorf("postgres: audit log: %w", err)
	}
	entries, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (e accounts.AuditEntry, err error) {
		err = row.Scan(&e.ID, &e.At, &e.Staff, &e.Action, &e.Subject, &e.Account)
		return e, err
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: audit log: %w", err)
	}
	return entries, nil
}
