package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/clickday"
	"puntuale/internal/ledger"
	"puntuale/internal/order"
)

// lowestPromise is the instant before which no active node will deliver
// anything more; without an active node nothing is ripe.
const lowestPromise = "SELECT coalesce(min(watermark), 0) FROM intake_nodes WHERE active"

// Number decides about at most about limit submissions per click day, everything
// that is earlier than every active node's watermark coming before anything that
// is not: it gives the next protocol numbers, and every decision its leaf in the
// ledger. A submission that turns up behind the watermark is decided when it
// comes. Counter, numbers, leaves and the signed head change in one transaction,
// so there is never a gap. Fewer than limit decisions mean that all are done.
func (t *Term) Number(ctx context.Context, limit int, now time.Time) (clickday.NumberCount, error) {
	var n clickday.NumberCount
	err := t.inTx(ctx, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, lowestPromise).Scan(&n.Watermark); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `SELECT d.id FROM click_days d WHERE EXISTS (SELECT FROM submissions s
			WHERE s.click_day_id = d.id AND s.ledger_index IS NULL AND s.arrived < $1) ORDER BY d.id`, n.Watermark)
		if err != nil {
			return err
		}
		days, err := pgx.CollectRows(rows, pgx.RowTo[clickday.DayID])
		if err != nil {
			return err
		}
		for _, day := range days {
			if err := t.numberDay(ctx, tx, day, limit, now, &n); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return clickday.NumberCount{}, fmt.Errorf("postgres: numbering: %w", err)
	}
	return n, nil
}

func (t *Term) numberDay(ctx context.Context, tx pgx.Tx, id clickday.DayID, limit int, now time.Time, n *clickday.NumberCount) error {
	day, code, err := lockDay(ctx, tx, id)
	if err != nil {
		return err
	}
	end, err := endOfRound(ctx, tx, id, order.Floor(n.Watermark, day.Grain), limit, day.Grain)
	if err != nil {
		return err
	}
	due, err := readDue(ctx, tx, id, end)
	if err != nil || len(due) == 0 {
		return err
	}
	if !clickday.RehearsalCode(code) { // those use up nobody's applications
		if day.Left, err = readLeft(ctx, tx, id, due); err != nil {
			return err
		}
	}
	decided, closePairs := day.Decide(due)
	lines := make([][]byte, len(decided))
	slab := make([]byte, 0, 192*len(decided))
	for i := range decided {
		leaf := decided[i].Leaf(&due[decided[i].Index])
		from := len(slab)
		slab = leaf.AppendLine(slab, day.Grain)
		lines[i] = slab[from:len(slab):len(slab)]
	}
	first, err := growLedger(ctx, tx, t.ledger, id, code, lines, closePairs, now)
	if err != nil {
		return err
	}
	if err := storeDecisions(ctx, tx, due, decided, first, now, n); err != nil {
		return err
	}
	return storeDay(ctx, tx, id, day)
}

// lockDay reads where the order of a click day stands.
func lockDay(ctx context.Context, tx pgx.Tx, id clickday.DayID) (*order.Day, string, error) {
	var d order.Day
	var code string
	var bucket, bound *int64
	var node *int32
	var tie []byte
	err := tx.QueryRow(ctx, `SELECT code, tie_seed, granularity, last_number, last_rank, last_tie, last_node, last_bound
		FROM click_days WHERE id = $1 FOR UPDATE`, id).
		Scan(&code, &d.Seed, (*int64)(&d.Grain), &d.Number, &bucket, &tie, &node, &bound)
	if err != nil {
		return nil, "", err
	}
	if bucket != nil && node != nil && bound != nil && len(tie) == 32 {
		d.Last = &order.Last{Rank: order.Rank{Bucket: *bucket, Tie: [32]byte(tie)}, Node: clickday.NodeID(*node), Bound: time.Duration(*bound)}
	}
	return &d, code, nil
}

func storeDay(ctx context.Context, tx pgx.Tx, id clickday.DayID, d *order.Day) error {
	_, err := tx.Exec(ctx, `UPDATE click_days SET last_number = $2, last_rank = $3, last_tie = $4, last_node = $5, last_bound = $6
		WHERE id = $1`, id, d.Number, d.Last.Rank.Bucket, d.Last.Rank.Tie[:], int32(d.Last.Node), int64(d.Last.Bound))
	return err
}

// endOfRound returns where a round must end that decides about limit submissions,
// and about the rest of the unit in which the last of them arrived.
func endOfRound(ctx context.Context, tx pgx.Tx, day clickday.DayID, floor int64, limit int, grain time.Duration) (int64, error) {
	var last int64
	err := tx.QueryRow(ctx, `SELECT arrived FROM submissions WHERE click_day_id = $1 AND ledger_index IS NULL AND arrived < $2
		ORDER BY arrived OFFSET $3 LIMIT 1`, day, floor, max(limit, 1)-1).Scan(&last)
	if errors.Is(err, pgx.ErrNoRows) {
		return floor, nil
	}
	return clickday.Bucket(last, grain) + int64(grain), err
}

// readDue returns what is to be decided, with the number that its application has.
func readDue(ctx context.Context, tx pgx.Tx, day clickday.DayID, end int64) ([]order.Candidate, error) {
	rows, err := tx.Query(ctx, `SELECT s.id, s.application_id, s.account_id, s.arrived, s.source, s.clock, s.bound, s.node,
			coalesce(s.reason, ''), coalesce(n.number, 0)
		FROM submissions s LEFT JOIN submissions n ON n.application_id = s.application_id AND n.number IS NOT NULL
		WHERE s.click_day_id = $1 AND s.ledger_index IS NULL AND s.arrived < $2`, day, end)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var due []order.Candidate
	var id []byte
	var application [16]byte
	for rows.Next() {
		var c order.Candidate
		s := &c.Stamp
		err := rows.Scan((*pgxBytes)(&id), &application, &c.Account, &s.UnixNano, (*uint8)(&s.Source), (*uint8)(&s.Clock),
			(*int64)(&s.Bound), &s.Node, &c.Reason, &c.Number)
		if err != nil {
			return nil, err
		}
		copy(c.Submission[:], id)
		c.Application = application
		due = append(due, c)
	}
	return due, rows.Err()
}

// pgxBytes is bytes that are read into memory that is there already.
type pgxBytes []byte

// ScanBytes implements pgtype.BytesScanner.
func (b *pgxBytes) ScanBytes(v []byte) error {
	*b = append((*b)[:0], v...)
	return nil
}

// readLeft returns how many more numbers the accounts may have that are limited
// and want one now.
func readLeft(ctx context.Context, tx pgx.Tx, day clickday.DayID, due []order.Candidate) (map[clickday.AccountID]int, error) {
	asked := make(map[clickday.AccountID]bool, len(due))
	var ids []int64
	for i := range due {
		if c := &due[i]; c.Reason == "" && c.Number == 0 && !asked[c.Account] {
			asked[c.Account] = true
			ids = append(ids, int64(c.Account))
		}
	}
	rows, err := tx.Query(ctx, `SELECT a.id, coalesce(a.per_day, l.per_day) - (SELECT count(*) FROM submissions s
			WHERE s.account_id = a.id AND s.click_day_id = $1 AND s.number IS NOT NULL)
		FROM unnest($2::bigint[]) AS u (id) JOIN accounts a ON a.id = u.id JOIN account_limits l ON l.kind = a.kind
		WHERE coalesce(a.per_day, l.per_day) IS NOT NULL`, day, ids)
	if err != nil {
		return nil, err
	}
	left := make(map[clickday.AccountID]int, len(ids))
	var account clickday.AccountID
	var n int
	_, err = pgx.ForEachRow(rows, []any{&account, &n}, func() error {
		left[account] = n
		return nil
	})
	return left, err
}

// storeDecisions writes each decision and its place in the ledger to its
// submission.
func storeDecisions(ctx context.Context, tx pgx.Tx, due []order.Candidate, decided []order.Decision, first int64, now time.Time, n *clickday.NumberCount) error {
	ids, numbers, indexes := make([][]byte, len(decided)), make([]int64, len(decided)), make([]int64, len(decided))
	states, reasons := make([]string, len(decided)), make([]string, len(decided))
	for i := range decided {
		o := &decided[i]
		ids[i], indexes[i], reasons[i] = due[o.Index].Submission[:], first+int64(i), string(o.Reason)
		switch o.Outcome {
		case ledger.Numbered:
			states[i], numbers[i] = string(clickday.Sequenced), o.Number
			n.Numbered++
		case ledger.Repeated:
			states[i] = string(clickday.Repeated)
			n.Repeated++
		case ledger.Refused:
			states[i] = string(clickday.Refused)
			n.Refused++
		}
	}
	tag, err := tx.Exec(ctx, `UPDATE submissions s SET number = nullif(u.number, 0), state = u.state, reason = nullif(u.reason, ''),
			ledger_index = u.place, sequenced_at = $6
		FROM unnest($1::bytea[], $2::bigint[], $3::text[], $4::text[], $5::bigint[]) AS u (id, number, state, reason, place)
		WHERE s.id = u.id AND s.ledger_index IS NULL`, ids, numbers, states, reasons, indexes, now)
	if err == nil && tag.RowsAffected() != int64(len(decided)) {
		err = fmt.Errorf("%d submissions of %d are still undecided: %w", tag.RowsAffected(), len(decided), ErrFenced)
	}
	return err
}
