package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/clickday"
	"puntuale/internal/protocolregister"
)

// Errors of daily registers.
var (
	ErrDayNotOver   = errors.New("the day is not over for ten minutes yet: its last numbers may still be on their way")
	ErrDayBefore    = errors.New("an earlier day has numbers and no register: close that one first")
	ErrRegisterGap  = errors.New("numbers are missing: nothing is closed")
	ErrNotClosedYet = errors.New("that day has no register yet")
)

// settled is how long after midnight a transaction of the day may still commit.
const settled = 10 * time.Minute

// DailyFile is a stored file of a daily register.
type DailyFile struct {
	protocolregister.File
	SHA256 []byte
}

// CloseRegister makes the register of a day (2006-01-02, Italian time) and
// stores it for good: every number up to the last that was given on that day
// and that stands in no earlier one. render makes the files of it. A day that
// is closed already stays as it is. Errors: ErrDayNotOver, ErrDayBefore,
// ErrRegisterGap.
func (db *DB) CloseRegister(ctx context.Context, day string, now time.Time, render func(*protocolregister.Daily) ([]protocolregister.File, error)) error {
	from, to, err := dayBounds(day)
	if err != nil {
		return err
	}
	if now.Before(to.Add(settled)) {
		return fmt.Errorf("postgres: register of %s: %w", day, ErrDayNotOver)
	}
	err = db.inProtocolTx(ctx, func(tx pgx.Tx) error {
		var closed bool
		if err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM daily_registers WHERE day >= $1::date)", day).Scan(&closed); err != nil || closed {
			return err
		}
		d := &protocolregister.Daily{Day: day}
		if err := gather(ctx, tx, d, from, to); err != nil {
			return err
		}
		files, err := render(d)
		if err != nil {
			return err
		}
		return keepRegister(ctx, tx, d, files, now)
	})
	if err != nil {
		return fmt.Errorf("postgres: register of %s: %w", day, err)
	}
	return nil
}

func dayBounds(day string) (from, to time.Time, err error) {
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		return from, to, fmt.Errorf("postgres: time zone: %w", err)
	}
	if from, err = time.ParseInLocation(time.DateOnly, day, rome); err != nil {
		return from, to, fmt.Errorf("%q: want a day like 2026-11-22", day)
	}
	return from, from.AddDate(0, 0, 1), nil
}

// unclosed are all registrations that stand in no daily register, up to the
// last one of each register that was given before $1.
const unclosed = `WITH given AS (
		SELECT d.code AS register, s.number, s.arrived, s.sequenced_at AS at, a.display_name AS sender,
			s.model, '' AS subject, s.digest, '' AS emergency, 0::bigint AS emergency_number
		FROM submissions s JOIN click_days d ON d.id = s.click_day_id JOIN accounts a ON a.id = s.account_id
		WHERE s.number IS NOT NULL AND NOT d.rehearsal
		UNION ALL
		SELECT register, number, (extract(epoch FROM received_at) * 1000000)::bigint * 1000, registered_at, sender,
			'', subject, coalesce(digest, ''), coalesce(emergency, ''), coalesce(emergency_number, 0)
		FROM protocol_entries),
	done AS (SELECT register, max(last) AS last FROM daily_register_spans GROUP BY register),
	upto AS (SELECT register, max(number) AS last FROM given WHERE at < $1 GROUP BY register)
	SELECT g.*, coalesce(done.last, 0), n.reason, n.operator, n.annulled_at,
		(SELECT (max(day) + 1)::timestamp AT TIME ZONE 'Europe/Rome' FROM daily_registers)
	FROM given g JOIN upto ON upto.register = g.register AND g.number <= upto.last LEFT JOIN done ON done.register = g.register
	LEFT JOIN annulments n ON n.register = g.register AND n.number = g.number AND n.annulled_at < $1
	WHERE g.number > coalesce(done.last, 0) ORDER BY g.register, g.number`

func gather(ctx context.Context, tx pgx.Tx, d *protocolregister.Daily, from, to time.Time) error {
	rows, err := tx.Query(ctx, unclosed, to)
	if err != nil {
		return err
	}
	var e protocolregister.Entry
	var arrived, number, last int64
	var model string
	var reason, operator *string
	var annulled, closed *time.Time
	_, err = pgx.ForEachRow(rows, []any{&e.Register, &e.Number, &arrived, &e.Registered, &e.Sender, &model, &e.Subject, &e.Digest,
		&e.Emergency, &number, &last, &reason, &operator, &annulled, &closed}, func() error {
		e.Presented, e.Annulment = time.Unix(0, arrived).UTC(), nil
		if model != "" {
			e.Subject = protocolregister.SubjectOf(clickday.ModelCode(model), e.Register)
		}
		if e.Emergency != "" {
			e.Emergency = (&protocolregister.Entry{Register: e.Emergency, Number: number}).ID()
		}
		if annulled != nil {
			e.Annulment = &protocolregister.Annulment{Register: e.Register, Number: e.Number, Reason: *reason, Operator: *operator, At: *annulled}
		}
		// The clock of a numbering process may have gone back over midnight:
		// what belongs to a closed day comes in the next register.
		if e.Registered.Before(from) && (closed == nil || !e.Registered.Before(*closed)) {
			return fmt.Errorf("%w: %s is of %s", ErrDayBefore, e.ID(), e.Registered.In(from.Location()).Format(time.DateOnly))
		}
		return appendEntry(d, e, last)
	})
	if err != nil {
		return err
	}
	return gatherRest(ctx, tx, d, from, to)
}

// appendEntry adds the next registration of a register, which must follow the one
// before without a gap.
func appendEntry(d *protocolregister.Daily, e protocolregister.Entry, last int64) error {
	n := len(d.Spans)
	if n == 0 || d.Spans[n-1].Register != e.Register {
		d.Spans = append(d.Spans, protocolregister.Span{Register: e.Register, First: last + 1, Last: last})
		n++
	}
	s := &d.Spans[n-1]
	if e.Number != s.Last+1 {
		return fmt.Errorf("%w: after %s/%07d comes %s", ErrRegisterGap, s.Register, s.Last, e.ID())
	}
	s.Last = e.Number
	d.Entries = append(d.Entries, e)
	return nil
}

// gatherRest adds the day's annulments of earlier numbers, and the link to the
// register before.
func gatherRest(ctx context.Context, tx pgx.Tx, d *protocolregister.Daily, from, to time.Time) error {
	rows, err := tx.Query(ctx, `SELECT n.register, n.number, n.reason, n.operator, n.annulled_at FROM annulments n
		JOIN (SELECT register, max(last) AS last FROM daily_register_spans GROUP BY register) c ON c.register = n.register AND n.number <= c.last
		JOIN daily_register_spans s ON s.register = n.register AND n.number BETWEEN s.first AND s.last
		JOIN daily_registers r ON r.day = s.day
		WHERE n.annulled_at < $2 AND n.annulled_at >= (r.day + 1)::timestamp AT TIME ZONE 'Europe/Rome'
			AND n.annulled_at >= coalesce((SELECT (max(day) + 1)::timestamp AT TIME ZONE 'Europe/Rome' FROM daily_registers), $1)
		ORDER BY n.annulled_at, n.register, n.number`, from, to)
	if err != nil {
		return err
	}
	d.Annulled, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (a protocolregister.Annulment, err error) {
		err = row.Scan(&a.Register, &a.Number, &a.Reason, &a.Operator, &a.At)
		return a, err
	})
	if err != nil {
		return err
	}
	err = tx.QueryRow(ctx, "SELECT sha256 FROM daily_registers ORDER BY day DESC LIMIT 1").Scan(&d.Previous)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	return err
}

func keepRegister(ctx context.Context, tx pgx.Tx, d *protocolregister.Daily, files []protocolregister.File, now time.Time) error {
	if len(files) == 0 {
		return errors.New("no files")
	}
	sum := files[0].Sum()
	previous := d.Previous
	if previous == nil {
		previous = []byte{}
	}
	_, err := tx.Exec(ctx, "INSERT INTO daily_registers (day, closed_at, entries, sha256, previous) VALUES ($1::date, $2, $3, $4, $5)",
		d.Day, now, len(d.Entries), sum[:], previous)
	for _, s := range d.Spans {
		if err == nil {
			_, err = tx.Exec(ctx, "INSERT INTO daily_register_spans (day, register, first, last) VALUES ($1::date, $2, $3, $4)",
				d.Day, s.Register, s.First, s.Last)
		}
	}
	for i := range files {
		if err == nil {
			sum := files[i].Sum()
			_, err = tx.Exec(ctx, "INSERT INTO daily_register_files (day, name, content, sha256) VALUES ($1::date, $2, $3, $4)",
				d.Day, files[i].Name, files[i].Content, sum[:])
		}
	}
	return err
}

// UnclosedDays returns the days with numbers or annulments that have no register
// and can be closed, the first one first.
func (db *DB) UnclosedDays(ctx context.Context, now time.Time) ([]string, error) {
	rows, err := db.Pool.Query(ctx, `SELECT DISTINCT to_char(at AT TIME ZONE 'Europe/Rome', 'YYYY-MM-DD') AS day FROM (
			SELECT sequenced_at AS at FROM submissions WHERE number IS NOT NULL
				AND click_day_id NOT IN (SELECT id FROM click_days WHERE rehearsal)
			UNION ALL SELECT registered_at FROM protocol_entries UNION ALL SELECT annulled_at FROM annulments) t
		WHERE at < date_trunc('day', $1::timestamptz - interval '10 minutes', 'Europe/Rome')
			AND (at AT TIME ZONE 'Europe/Rome')::date > coalesce((SELECT max(day) FROM daily_registers), '-infinity') ORDER BY day`, now)
	if err != nil {
		return nil, fmt.Errorf("postgres: daily registers: %w", err)
	}
	days, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("postgres: daily registers: %w", err)
	}
	return days, nil
}

// RegisterFiles returns the stored files of a day. Errors: ErrNotClosedYet.
func (db *DB) RegisterFiles(ctx context.Context, day string) ([]DailyFile, error) {
	if _, _, err := dayBounds(day); err != nil {
		return nil, err
	}
	rows, err := db.Pool.Query(ctx, "SELECT name, content, sha256 FROM daily_register_files WHERE day = $1::date ORDER BY name", day)
	if err != nil {
		return nil, fmt.Errorf("postgres: daily register: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (f DailyFile, err error) {
		err = row.Scan(&f.Name, &f.Content, &f.SHA256)
		return f, err
	})
	if err == nil && len(list) == 0 {
		err = ErrNotClosedYet
	}
	if err != nil {
		return nil, fmt.Errorf("postgres: register of %s: %w", day, err)
	}
	return list, nil
}
