package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"puntuale/internal/clickday"
)

// Ingest records submissions, every single arrival, the progress of the journals
// and the node's watermark, all or nothing. It fails with ErrFenced when the
// progress is not where in.From says.
func (t *Term) Ingest(ctx context.Context, in *clickday.Intake, now time.Time) (clickday.IntakeCount, error) {
	var n clickday.IntakeCount
	err := t.inTx(ctx, func(tx pgx.Tx) error {
		if err := saveProgress(ctx, tx, in); err != nil {
			return err
		}
		if err := saveBatches(ctx, tx, in.Node, in.Batches); err != nil {
			return err
		}
		if len(in.Submissions) > 0 {
			if err := storeIntake(ctx, tx, in, now, &n); err != nil {
				return err
			}
		}
		if in.Watermark == 0 {
			return nil
		}
		_, err := tx.Exec(ctx, "UPDATE intake_nodes SET watermark = $2 WHERE node = $1 AND watermark < $2", in.Node, in.Watermark)
		return err
	})
	if err != nil {
		return clickday.IntakeCount{}, fmt.Errorf("postgres: ingest of node %d: %w", in.Node, err)
	}
	return n, nil
}

func storeIntake(ctx context.Context, tx pgx.Tx, in *clickday.Intake, now time.Time, n *clickday.IntakeCount) error {
	var err error
	if n.Late, err = storeArrivals(ctx, tx, in); err != nil {
		return err
	}
	list := distinct(in.Submissions)
	fresh, known, err := partKnown(ctx, tx, list)
	if err != nil {
		return err
	}
	for _, s := range fresh {
		if s.State == clickday.Refused {
			n.Refused++
		} else {
			n.New++
		}
	}
	if err := copySubmissions(ctx, tx, in.Node, fresh, now); err != nil {
		return err
	}
	if len(known) == 0 {
		return nil
	}
	_, err = tx.Exec(ctx, mergeSubmissions, mergeArgs(in.Node, known)...)
	return err
}

// partKnown tells those apart that are on record. Nobody else adds any meanwhile.
func partKnown(ctx context.Context, tx pgx.Tx, list []*clickday.Submission) (fresh, known []*clickday.Submission, err error) {
	ids := make([][]byte, len(list))
	for i, s := range list {
		ids[i] = s.ID[:]
	}
	rows, err := tx.Query(ctx, `SELECT u.place FROM unnest($1::bytea[]) WITH ORDINALITY AS u (id, place)
		JOIN submissions s ON s.id = u.id ORDER BY u.place`, ids)
	if err != nil {
		return nil, nil, err
	}
	places, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil || len(places) == 0 {
		return list, nil, err
	}
	for i, s := range list {
		if len(places) > 0 && places[0] == int64(i+1) {
			known, places = append(known, s), places[1:]
			continue
		}
		fresh = append(fresh, s)
	}
	return fresh, known, nil
}

const submissionFields = `id, application_id, seal_version, click_day_id, account_id, model, model_version, device, digest,
	arrived, source, clock, bound, node, journal, sequence, state, reason, passport, ingested_at`

func copySubmissions(ctx context.Context, tx pgx.Tx, node clickday.NodeID, list []*clickday.Submission, now time.Time) error {
	return copyIn(ctx, tx, "COPY submissions ("+submissionFields+") FROM STDIN BINARY", len(list), func(r *copyRow, i int) {
		s := list[i]
		r.begin(20)
		r.bytes(s.ID[:])
		r.bytes(s.Application[:])
		r.int4(int32(s.SealVersion))
		r.int8(int64(s.Day))
		r.int8(int64(s.Account))
		r.text(string(s.Model))
		r.int4(int32(s.ModelVersion))
		r.bytes(s.Device[:])
		r.bytes(s.Digest[:])
		r.int8(s.Stamp.UnixNano)
		r.int2(int16(s.Stamp.Source))
		r.int2(int16(s.Stamp.Clock))
		r.int8(int64(s.Stamp.Bound))
		r.int4(int32(node))
		r.numeric(s.Stamp.Journal)
		r.numeric(s.Stamp.Sequence)
		r.text(string(s.State))
		r.textOrNull(string(s.Reason))
		r.textOrNull(s.Passport)
		r.instant(now)
	})
}

// mergeSubmissions keeps the earliest stamp of a submission that is on record, as
// long as it is undecided. A refusal gives way to an acceptance, decided or not:
// what is refused at one arrival (a computer disconnected since) may have been
// right at another; it is then decided anew. The limit of an account is no
// judgement of the arrival, so that such a refusal stands.
const mergeSubmissions = `UPDATE submissions s SET
		(arrived, source, clock, bound, node, journal, sequence) = (SELECT e.arrived, e.source, e.clock, e.bound, e.node, e.journal, e.sequence
			FROM (VALUES (s.arrived, s.source, s.clock, s.bound, s.node, s.journal, s.sequence),
				(u.arrived, u.source, u.clock, u.bound, $1::int, u.journal::numeric, u.sequence::numeric))
				AS e (arrived, source, clock, bound, node, journal, sequence)
			ORDER BY e.arrived, e.node, e.journal, e.sequence LIMIT 1),
		state = CASE WHEN u.state = 'queued' THEN 'queued' ELSE s.state END,
		reason = CASE WHEN u.state = 'queued' THEN NULL ELSE s.reason END,
		passport = coalesce(nullif(u.passport, ''), s.passport), ledger_index = NULL
	FROM unnest($2::bytea[], $3::bigint[], $4::smallint[], $5::smallint[], $6::bigint[], $7::text[], $8::text[], $9::text[], $10::text[])
		AS u (id, arrived, source, clock, bound, journal, sequence, state, passport)
	WHERE s.id = u.id AND (s.ledger_index IS NULL AND s.state IN ('queued', 'refused') AND (u.arrived <= s.arrived OR s.state = 'refused' AND u.state = 'queued')
		OR s.ledger_index IS NOT NULL AND s.state = 'refused' AND s.reason <> '` + string(clickday.CodeAccountLimit) + `' AND u.state = 'queued')`

func mergeArgs(node clickday.NodeID, list []*clickday.Submission) []any {
	var ids [][]byte
	var arrived, bound []int64
	var source, clock []int16
	var journal, sequence, state, passport []string
	for _, s := range list {
		ids = append(ids, s.ID[:])
		arrived = append(arrived, s.Stamp.UnixNano)
		bound = append(bound, int64(s.Stamp.Bound))
		source = append(source, int16(s.Stamp.Source))
		clock = append(clock, int16(s.Stamp.Clock))
		journal = append(journal, strconv.FormatUint(s.Stamp.Journal, 10))
		sequence = append(sequence, strconv.FormatUint(s.Stamp.Sequence, 10))
		state, passport = append(state, string(s.State)), append(passport, s.Passport)
	}
	return []any{node, ids, arrived, source, clock, bound, journal, sequence, state, passport}
}

// distinct returns each submission once, as one statement would have to merge
// them, sorted by id.
func distinct(all []clickday.Submission) []*clickday.Submission {
	place := make(map[clickday.SubmissionID]int, len(all))
	out := make([]*clickday.Submission, 0, len(all))
	for i := range all {
		s := &all[i]
		at, again := place[s.ID]
		if !again {
			place[s.ID] = len(out)
			out = append(out, s)
			continue
		}
		merged := *out[at]
		if s.Stamp.Earlier(merged.Stamp) {
			merged.Stamp = s.Stamp
		}
		if s.State == clickday.Queued {
			merged.State, merged.Reason, merged.Passport = s.State, s.Reason, s.Passport
		}
		out[at] = &merged
	}
	slices.SortFunc(out, func(a, b *clickday.Submission) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return out
}

// storeArrivals records every arrival with its envelope, and returns how many
// came behind the node's own watermark.
func storeArrivals(ctx context.Context, tx pgx.Tx, in *clickday.Intake) (late int, err error) {
	var watermark int64
	err = tx.QueryRow(ctx, "SELECT watermark FROM intake_nodes WHERE node = $1", in.Node).Scan(&watermark)
	if err != nil {
		return 0, err
	}
	for i := range in.Submissions {
		if in.Submissions[i].Stamp.UnixNano < watermark {
			late++
		}
	}
	err = pgx.BeginFunc(ctx, tx, func(tx pgx.Tx) error { return copyArrivals(ctx, tx, "arrivals", in, watermark) })
	var refused *pgconn.PgError
	if !errors.As(err, &refused) || refused.Code != "23505" {
		return late, err
	}
	// A node has used a sequence number twice, which its signature covers: the
	// first record stands as it is, and nothing else waits for that.
	if _, err := tx.Exec(ctx, "CREATE TEMPORARY TABLE arrivals_again (LIKE arrivals) ON COMMIT DROP"); err != nil {
		return 0, err
	}
	if err := copyArrivals(ctx, tx, "arrivals_again", in, watermark); err != nil {
		return 0, err
	}
	_, err = tx.Exec(ctx, "INSERT INTO arrivals SELECT * FROM arrivals_again ON CONFLICT DO NOTHING")
	return late, err
}

func copyArrivals(ctx context.Context, tx pgx.Tx, table string, in *clickday.Intake, watermark int64) error {
	sql := "COPY " + table + " (node, journal, sequence, submission_id, arrived, late, envelope) FROM STDIN BINARY"
	return copyIn(ctx, tx, sql, len(in.Submissions), func(r *copyRow, i int) {
		s := &in.Submissions[i]
		r.begin(7)
		r.int4(int32(in.Node))
		r.numeric(s.Stamp.Journal)
		r.numeric(s.Stamp.Sequence)
		r.bytes(s.ID[:])
		r.int8(s.Stamp.UnixNano)
		r.bool(s.Stamp.UnixNano < watermark)
		r.bytes(s.Envelope)
	})
}
