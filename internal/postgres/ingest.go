package postgres

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/clickday"
)

// insertSubmissions keeps the earliest stamp of a submission that is there
// already, as long as it has no number. A refusal gives way to an acceptance:
// what is refused at one arrival (a computer disconnected since) may have been
// right at another.
const insertSubmissions = `WITH stored AS (
	INSERT INTO submissions AS s (id, application_id, seal_version, click_day_id, account_id, model, model_version, device,
		digest, envelope, arrived, source, clock, bound, node, journal, sequence, state, reason, ingested_at)
	SELECT id, application_id, seal_version, click_day_id, account_id, model, model_version, device,
		digest, envelope, arrived, source, clock, bound, $1, journal::numeric, sequence::numeric, state, nullif(reason, ''), $2
	FROM unnest($3::bytea[], $4::uuid[], $5::int[], $6::bigint[], $7::bigint[], $8::text[], $9::int[], $10::bytea[],
		$11::bytea[], $12::bytea[], $13::bigint[], $14::smallint[], $15::smallint[], $16::bigint[], $17::text[], $18::text[],
		$19::text[], $20::text[]) AS u (id, application_id, seal_version, click_day_id, account_id, model, model_version,
		device, digest, envelope, arrived, source, clock, bound, journal, sequence, state, reason)
	ON CONFLICT (id) DO UPDATE SET
		(arrived, source, clock, bound, node, journal, sequence) = (SELECT e.arrived, e.source, e.clock, e.bound, e.node, e.journal, e.sequence
			FROM (VALUES (s.arrived, s.source, s.clock, s.bound, s.node, s.journal, s.sequence),
				(excluded.arrived, excluded.source, excluded.clock, excluded.bound, excluded.node, excluded.journal, excluded.sequence))
				AS e (arrived, source, clock, bound, node, journal, sequence)
			ORDER BY e.arrived, e.node, e.journal, e.sequence LIMIT 1),
		state = CASE WHEN excluded.state = 'queued' THEN 'queued' ELSE s.state END,
		reason = CASE WHEN excluded.state = 'queued' THEN NULL ELSE s.reason END
	WHERE s.state IN ('queued', 'refused') AND (excluded.arrived <= s.arrived OR s.state = 'refused' AND excluded.state = 'queued')
	RETURNING xmax = 0 AS fresh, state)
SELECT count(*) FILTER (WHERE fresh AND state = 'queued'), count(*) FILTER (WHERE fresh AND state = 'refused') FROM stored`

const insertArrivals = `WITH stored AS (
	INSERT INTO arrivals (node, journal, sequence, submission_id, arrived, late)
	SELECT $1, u.journal::numeric, u.sequence::numeric, u.id, u.arrived, u.arrived < n.watermark
	FROM unnest($2::text[], $3::text[], $4::bytea[], $5::bigint[]) AS u (journal, sequence, id, arrived)
	JOIN intake_nodes n ON n.node = $1
	ON CONFLICT DO NOTHING RETURNING late)
SELECT count(*) FILTER (WHERE late) FROM stored`

// Ingest records submissions, every single arrival, the progress of the journals
// and the node's watermark, all or nothing. It fails with ErrFenced when the
// progress is not where in.From says.
func (t *Term) Ingest(ctx context.Context, in *clickday.Intake, now time.Time) (clickday.IntakeCount, error) {
	var n clickday.IntakeCount
	err := t.inTx(ctx, func(tx pgx.Tx) error {
		if err := saveProgress(ctx, tx, in); err != nil {
			return err
		}
		if len(in.Submissions) > 0 {
			row := tx.QueryRow(ctx, insertSubmissions, submissionArgs(in, now)...)
			if err := row.Scan(&n.New, &n.Refused); err != nil {
				return err
			}
			if err := tx.QueryRow(ctx, insertArrivals, arrivalArgs(in)...).Scan(&n.Late); err != nil {
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

// columns are the arrays of one INSERT … SELECT FROM unnest.
type columns struct {
	id, device, digest, envelope [][]byte
	application                  [][16]byte
	seal, modelVersion           []int32
	day, account, arrived, bound []int64
	model, journal, sequence     []string
	state, reason                []string
	source, clock                []int16
}

func submissionArgs(in *clickday.Intake, now time.Time) []any {
	var c columns
	for _, s := range distinct(in.Submissions) {
		c.id = append(c.id, s.ID[:])
		c.application = append(c.application, s.Application)
		c.seal = append(c.seal, int32(s.SealVersion))
		c.day = append(c.day, int64(s.Day))
		c.account = append(c.account, int64(s.Account))
		c.model = append(c.model, string(s.Model))
		c.modelVersion = append(c.modelVersion, int32(s.ModelVersion))
		c.device = append(c.device, s.Device[:])
		c.digest = append(c.digest, s.Digest[:])
		c.envelope = append(c.envelope, s.Envelope)
		c.arrived = append(c.arrived, s.Stamp.UnixNano)
		c.source = append(c.source, int16(s.Stamp.Source))
		c.clock = append(c.clock, int16(s.Stamp.Clock))
		c.bound = append(c.bound, int64(s.Stamp.Bound))
		c.journal = append(c.journal, strconv.FormatUint(s.Stamp.Journal, 10))
		c.sequence = append(c.sequence, strconv.FormatUint(s.Stamp.Sequence, 10))
		c.state = append(c.state, string(s.State))
		c.reason = append(c.reason, string(s.Reason))
	}
	return []any{in.Node, now, c.id, c.application, c.seal, c.day, c.account, c.model, c.modelVersion, c.device,
		c.digest, c.envelope, c.arrived, c.source, c.clock, c.bound, c.journal, c.sequence, c.state, c.reason}
}

// distinct returns each submission once, as ON CONFLICT would merge them, since
// one statement may not touch a row twice.
func distinct(all []clickday.Submission) []*clickday.Submission {
	byID := make(map[clickday.SubmissionID]*clickday.Submission, len(all))
	out := make([]*clickday.Submission, 0, len(all))
	for i := range all {
		s := &all[i]
		first := byID[s.ID]
		if first == nil {
			merged := *s
			byID[s.ID] = &merged
			out = append(out, &merged)
			continue
		}
		if s.Stamp.Earlier(first.Stamp) {
			first.Stamp = s.Stamp
		}
		if s.State == clickday.Queued {
			first.State, first.Reason = s.State, s.Reason
		}
	}
	slices.SortFunc(out, func(a, b *clickday.Submission) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return out
}

func arrivalArgs(in *clickday.Intake) []any {
	var c columns
	for i := range in.Submissions {
		s := &in.Submissions[i]
		c.id = append(c.id, s.ID[:])
		c.journal = append(c.journal, strconv.FormatUint(s.Stamp.Journal, 10))
		c.sequence = append(c.sequence, strconv.FormatUint(s.Stamp.Sequence, 10))
		c.arrived = append(c.arrived, s.Stamp.UnixNano)
	}
	return []any{in.Node, c.journal, c.sequence, c.id, c.arrived}
}

// SealFacts returns what is known of sealed versions; unknown ones are absent.
func (db *DB) SealFacts(ctx context.Context, refs []clickday.SealRef) (map[clickday.SealRef]clickday.SealFact, error) {
	ids, versions := make([][16]byte, len(refs)), make([]int64, len(refs))
	for i, r := range refs {
		ids[i], versions[i] = r.Application, int64(r.Version)
	}
	rows, err := db.Pool.Query(ctx, `SELECT s.application_id, s.version, a.account_id, s.digest, s.sealed_at, s.superseded_at
		FROM unnest($1::uuid[], $2::bigint[]) AS u (id, version)
		JOIN seals s ON s.application_id = u.id AND s.version = u.version
		JOIN applications a ON a.id = s.application_id`, ids, versions)
	if err != nil {
		return nil, fmt.Errorf("postgres: seals: %w", err)
	}
	out := make(map[clickday.SealRef]clickday.SealFact, len(refs))
	var r clickday.SealRef
	var f clickday.SealFact
	var id [16]byte
	var digest []byte
	var superseded *time.Time
	targets := []any{&id, &r.Version, &f.Account, &digest, &f.SealedAt, &superseded}
	_, err = pgx.ForEachRow(rows, targets, func() error {
		r.Application, f.SupersededAt = id, time.Time{}
		if superseded != nil {
			f.SupersededAt = *superseded
		}
		copy(f.Digest[:], digest)
		out[r] = f
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: seals: %w", err)
	}
	return out, nil
}

// DeviceFacts returns what is known of device keys; unknown ones are absent.
func (db *DB) DeviceFacts(ctx context.Context, keys [][32]byte) (map[[32]byte]clickday.DeviceFact, error) {
	args := make([][]byte, len(keys))
	for i := range keys {
		args[i] = keys[i][:]
	}
	rows, err := db.Pool.Query(ctx, "SELECT public_key, account_id, revoked_at FROM devices WHERE public_key = ANY ($1)", args)
	if err != nil {
		return nil, fmt.Errorf("postgres: devices: %w", err)
	}
	out := make(map[[32]byte]clickday.DeviceFact, len(keys))
	var key []byte
	var f clickday.DeviceFact
	var revoked *time.Time
	_, err = pgx.ForEachRow(rows, []any{&key, &f.Account, &revoked}, func() error {
		f.RevokedAt = time.Time{}
		if revoked != nil {
			f.RevokedAt = *revoked
		}
		if len(key) == 32 {
			out[[32]byte(key)] = f
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: devices: %w", err)
	}
	return out, nil
}
