package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/protocolregister"
)

// protocolLock serialises what gives numbers in emergency and ordinary
// registers, and what closes days. Click days number by their own lock.
const protocolLock = 0x70726f746f636f6c // "protocol"

func (db *DB) inProtocolTx(ctx context.Context, f func(pgx.Tx) error) error {
	return db.InTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", protocolLock); err != nil {
			return err
		}
		return f(tx)
	})
}

// OpenEmergency begins a period of manual registration. Errors:
// protocolregister.ErrEmergencyOpen.
func (db *DB) OpenEmergency(ctx context.Context, operator, reason string, now time.Time) error {
	err := db.inProtocolTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `INSERT INTO emergency_periods (opened_at, opened_by, reason) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
			now, protocolregister.Clean(operator), protocolregister.Clean(reason))
		if err == nil && tag.RowsAffected() == 0 {
			return protocolregister.ErrEmergencyOpen
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("postgres: emergency: %w", err)
	}
	return nil
}

// CloseEmergency ends the open period. Errors: protocolregister.ErrEmergencyClosed.
func (db *DB) CloseEmergency(ctx context.Context, operator string, now time.Time) error {
	err := db.inProtocolTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, "UPDATE emergency_periods SET closed_at = $1, closed_by = $2 WHERE closed_at IS NULL",
			now, protocolregister.Clean(operator))
		if err == nil && tag.RowsAffected() == 0 {
			return protocolregister.ErrEmergencyClosed
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("postgres: emergency: %w", err)
	}
	return nil
}

// AddEmergency registers entries in the open period, all or none, and returns
// how many are new: entries that stand there already are passed over. Numbers
// go on over all periods of a year. Errors: protocolregister.ErrEmergencyClosed.
func (db *DB) AddEmergency(ctx context.Context, list []protocolregister.EmergencyEntry, now time.Time) (added int, err error) {
	err = db.inProtocolTx(ctx, func(tx pgx.Tx) error {
		var period int64
		err := tx.QueryRow(ctx, "SELECT id FROM emergency_periods WHERE closed_at IS NULL").Scan(&period)
		if errors.Is(err, pgx.ErrNoRows) {
			return protocolregister.ErrEmergencyClosed
		}
		if err != nil {
			return err
		}
		register := "RE." + yearOf(now)
		for i := range list {
			e := &list[i]
			if err := e.Check(); err != nil {
				return err
			}
			key := e.Key()
			tag, err := tx.Exec(ctx, `INSERT INTO emergency_entries (register, number, period, received_at, sender, subject, digest, operator, entered_at, key)
				SELECT $1, coalesce(max(number), 0) + 1, $2::bigint, $3::timestamptz, $4::text, $5::text, nullif($6::bytea, ''), $7::text, $8::timestamptz, $9::bytea
				FROM emergency_entries WHERE register = $1 ON CONFLICT (period, key) DO NOTHING`,
				register, period, e.ReceivedAt, protocolregister.Clean(e.Sender), protocolregister.Clean(e.Subject), e.Digest,
				protocolregister.Clean(e.Operator), now, key[:])
			if err != nil {
				return err
			}
			added += int(tag.RowsAffected())
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("postgres: emergency: %w", err)
	}
	return added, nil
}

func yearOf(t time.Time) string {
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		rome = time.UTC
	}
	return t.In(rome).Format("2006")
}

// Reconcile gives ordinary numbers to the entries of closed emergencies that
// have none yet, at most limit of them in one transaction, in the order of the
// emergency register, and returns how many. Repeat it until it returns 0.
func (db *DB) Reconcile(ctx context.Context, limit int, now time.Time) (done int, err error) {
	err = db.inProtocolTx(ctx, func(tx pgx.Tx) error {
		register := "PG." + yearOf(now)
		_, err := tx.Exec(ctx, "INSERT INTO protocol_registers (code) VALUES ($1) ON CONFLICT DO NOTHING", register)
		if err != nil {
			return err
		}
		return tx.QueryRow(ctx, `WITH due AS (
				SELECT e.*, row_number() OVER (ORDER BY e.register, e.number) AS n FROM emergency_entries e
				JOIN emergency_periods p ON p.id = e.period AND p.closed_at IS NOT NULL
				WHERE NOT EXISTS (SELECT FROM protocol_entries o WHERE o.emergency = e.register AND o.emergency_number = e.number)
				ORDER BY e.register, e.number LIMIT $2),
			given AS (
				INSERT INTO protocol_entries (register, number, received_at, registered_at, sender, subject, digest, emergency, emergency_number)
				SELECT $1, r.last_number + due.n, due.received_at, $3, due.sender, due.subject, due.digest, due.register, due.number
				FROM due, protocol_registers r WHERE r.code = $1 RETURNING number),
			counted AS (UPDATE protocol_registers SET last_number = last_number + (SELECT count(*) FROM given) WHERE code = $1)
			SELECT count(*) FROM given`, register, limit, now).Scan(&done)
	})
	if err != nil {
		return 0, fmt.Errorf("postgres: reconciliation: %w", err)
	}
	return done, nil
}

// EmergencyLine is an entry of the emergency register with the ordinary number
// that it has got, if any.
type EmergencyLine struct {
	protocolregister.EmergencyEntry
	Register string
	Number   int64
	Ordinary string // "PG.2026/0000001", empty until reconciled
}

// EmergencyLines lists the emergency register of a year.
func (db *DB) EmergencyLines(ctx context.Context, register string) ([]EmergencyLine, error) {
	rows, err := db.Pool.Query(ctx, `SELECT e.register, e.number, e.received_at, e.sender, e.subject, coalesce(e.digest, ''), e.operator,
			coalesce(o.register, ''), coalesce(o.number, 0)
		FROM emergency_entries e LEFT JOIN protocol_entries o ON o.emergency = e.register AND o.emergency_number = e.number
		WHERE e.register = $1 ORDER BY e.number`, register)
	if err != nil {
		return nil, fmt.Errorf("postgres: emergency: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (l EmergencyLine, err error) {
		var ordinary protocolregister.Entry
		err = row.Scan(&l.Register, &l.Number, &l.ReceivedAt, &l.Sender, &l.Subject, &l.Digest, &l.Operator, &ordinary.Register, &ordinary.Number)
		if ordinary.Number > 0 {
			l.Ordinary = ordinary.ID()
		}
		return l, err
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: emergency: %w", err)
	}
	return list, nil
}
