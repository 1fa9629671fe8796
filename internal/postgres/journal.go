package postgres

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/clickday"
	"puntuale/internal/ledger"
)

// leadKey is the advisory lock of the one active sequencer.
const leadKey = 0x70756e7475616c65 // "puntuale"

// ErrFenced says that somebody else has changed what only the leader may change.
var ErrFenced = errors.New("postgres: another sequencer is at work on this database")

// Term is the time in which this process is the only sequencer. It is one
// connection that holds a session lock, and every transaction of the sequencer
// runs on that very connection: if the connection goes, the lock and an
// unfinished transaction go together, so that two sequencers can never both
// write, whatever they believe. A term that has returned an error is over.
// It is safe for concurrent use; calls wait for each other.
type Term struct {
	mu   sync.Mutex
	conn *pgx.Conn // guarded by mu

	ledger *ledger.Signer // nil in programs that only take
}

// Lead takes the lead if nobody has it; ok is false when somebody has.
func (db *DB) Lead(ctx context.Context) (t *Term, ok bool, err error) {
	pooled, err := db.Pool.Acquire(ctx)
	if err != nil {
		return nil, false, fmt.Errorf("postgres: lead: %w", err)
	}
	err = pooled.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", int64(leadKey)).Scan(&ok)
	if err != nil || !ok {
		pooled.Release()
		if err != nil {
			return nil, false, fmt.Errorf("postgres: lead: %w", err)
		}
		return nil, false, nil
	}
	t = &Term{conn: pooled.Hijack(), ledger: db.Ledger}
	// A leader whose machine has vanished gives up the lock in about 15 s. All its
	// joins look up few rows of large tables by their keys; the planner, which
	// has no statistics on a click day, would rather read the tables whole.
	_, err = t.conn.Exec(ctx, `SET application_name = 'puntuale-sequencer'; SET tcp_keepalives_idle = 5;
		SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 5;
		SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off; SET work_mem = '32MB'`)
	if err != nil {
		return nil, false, errors.Join(fmt.Errorf("postgres: lead: %w", err), t.Close())
	}
	return t, true, nil
}

// Close gives up the lead. What has not been committed is undone.
func (t *Term) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := t.conn.Close(ctx); err != nil {
		return fmt.Errorf("postgres: end of lead: %w", err)
	}
	return nil
}

func (t *Term) inTx(ctx context.Context, f func(pgx.Tx) error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return pgx.BeginFunc(ctx, t.conn, f)
}

// Nodes returns the batch-signing keys of all registered nodes, the inactive
// ones included: what they still deliver is not lost.
func (t *Term) Nodes(ctx context.Context) (map[clickday.NodeID]ed25519.PublicKey, error) {
	out := make(map[clickday.NodeID]ed25519.PublicKey)
	err := t.inTx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, "SELECT node, public_key FROM intake_nodes")
		if err != nil {
			return err
		}
		var node int32
		var key []byte
		_, err = pgx.ForEachRow(rows, []any{&node, &key}, func() error {
			if len(key) != ed25519.PublicKeySize || node < 1 || node > 65535 {
				return fmt.Errorf("node %d: public key of %d bytes, want %d", node, len(key), ed25519.PublicKeySize)
			}
			out[clickday.NodeID(node)] = append(ed25519.PublicKey(nil), key...)
			return nil
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: nodes: %w", err)
	}
	return out, nil
}

// Journals returns how far every journal has been taken.
func (t *Term) Journals(ctx context.Context) ([]clickday.JournalProgress, error) {
	var out []clickday.JournalProgress
	err := t.inTx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, "SELECT node, journal::text, last_batch, chain, position FROM journals ORDER BY node, journal")
		if err != nil {
			return err
		}
		out, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (p clickday.JournalProgress, err error) {
			var journal string
			var chain []byte
			var last int64
			if err = row.Scan(&p.Node, &journal, &last, &chain, &p.Position); err != nil {
				return p, err
			}
			p.LastBatch = uint64(last)
			copy(p.Chain[:], chain)
			p.Journal, err = strconv.ParseUint(journal, 10, 64)
			return p, err
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: journals: %w", err)
	}
	return out, nil
}

// saveProgress moves each journal from where we think it is to where it is now.
func saveProgress(ctx context.Context, tx pgx.Tx, in *clickday.Intake) error {
	before := make(map[uint64]uint64, len(in.From))
	for _, p := range in.From {
		before[p.Journal] = p.LastBatch
	}
	for _, p := range in.To {
		tag, err := tx.Exec(ctx, `INSERT INTO journals (node, journal, last_batch, chain, position)
			VALUES ($1, $2::text::numeric, $3, $4, $5)
			ON CONFLICT (node, journal) DO UPDATE
			SET last_batch = excluded.last_batch, chain = excluded.chain, position = excluded.position
			WHERE journals.last_batch = $6`,
			in.Node, strconv.FormatUint(p.Journal, 10), int64(p.LastBatch), p.Chain[:], p.Position, int64(before[p.Journal]))
		if err != nil {
			return err
		}
		if tag.RowsAffected() != 1 {
			return fmt.Errorf("journal %d of node %d is not at batch %d: %w", p.Journal, in.Node, before[p.Journal], ErrFenced)
		}
	}
	return nil
}
