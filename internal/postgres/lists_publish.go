package postgres

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/lists"
	"puntuale/internal/ranking"
)

// listChunk is how large the pieces of a file are, in bytes.
const listChunk = 1 << 20

// listLock is the class of the advisory locks under which lists are published;
// the day is the object.
const listLock = 0x6c697374

// PublishList stores a list with its files in one transaction. The contract
// stands at lists.Store.
func (db *DB) PublishList(ctx context.Context, l *lists.Published, fill func(lists.Shelf) error) error {
	var own error // of fill: passed on as it is
	err := db.InTx(ctx, func(tx pgx.Tx) error {
		if err := mayPublish(ctx, tx, l); err != nil {
			return err
		}
		var quotas *int
		if l.Quotas > 0 {
			quotas = &l.Quotas
		}
		_, err := tx.Exec(ctx, `INSERT INTO lists (click_day_id, version, kind, ledger_size, quota_version, rule, seed_revealed,
			summary, reason, operator, published_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
			l.Day, l.Version, l.Kind, l.Size, quotas, l.Rule, l.Revealed, l.Summary, l.Reason, l.Operator, l.At)
		if err != nil {
			return err
		}
		own = fill(&shelf{tx: tx, list: l})
		return own
	})
	if err != nil && (own != nil || errors.Is(err, lists.ErrBusy) || errors.Is(err, lists.ErrChanged)) {
		return err
	}
	if err != nil {
		return fmt.Errorf("postgres: publishing a list: %w", err)
	}
	return nil
}

// mayPublish excludes others until the transaction ends and looks whether what
// the list was made from still stands.
func mayPublish(ctx context.Context, tx pgx.Tx, l *lists.Published) error {
	var free, same, whole bool
	if err := tx.QueryRow(ctx, "SELECT pg_try_advisory_xact_lock($1, $2)", listLock, int32(l.Day)).Scan(&free); err != nil {
		return err
	}
	if !free {
		return lists.ErrBusy
	}
	err := tx.QueryRow(ctx, `SELECT
		$2 = 1 + (SELECT coalesce(max(version), 0) FROM lists WHERE click_day_id = $1) AND
		$3 = (SELECT coalesce(max(version), 0) FROM quota_versions WHERE click_day_id = $1),
		coalesce((SELECT size FROM ledgers WHERE click_day_id = $1), 0) = $4 AND `+undecidedOf+` = 0`,
		l.Day, l.Version, l.Quotas, l.Size).Scan(&same, &whole)
	if err != nil {
		return err
	}
	if !same || l.Kind == ranking.Final && !whole {
		return lists.ErrChanged
	}
	return nil
}

// shelf writes into the transaction of a list.
type shelf struct {
	tx   pgx.Tx
	list *lists.Published
}

// Create begins a file.
func (s *shelf) Create(ctx context.Context, name, media string) (io.WriteCloser, error) {
	return &shelved{ctx: ctx, shelf: s, file: lists.File{Name: name, Media: media}, sum: sha256.New(), buffer: make([]byte, 0, listChunk)}, nil
}

// shelved is a file that is being written.
type shelved struct {
	ctx    context.Context // of Create: an io.Writer has none
	shelf  *shelf
	file   lists.File
	sum    hash.Hash
	buffer []byte
	chunk  int
}

func (f *shelved) Write(b []byte) (int, error) {
	n := len(b)
	for len(b) > 0 {
		k := min(len(b), cap(f.buffer)-len(f.buffer))
		f.buffer, b = append(f.buffer, b[:k]...), b[k:]
		if len(f.buffer) == cap(f.buffer) {
			if err := f.flush(); err != nil {
				return n - len(b), err
			}
		}
	}
	return n, nil
}

func (f *shelved) flush() error {
	if len(f.buffer) == 0 {
		return nil
	}
	l := f.shelf.list
	_, err := f.shelf.tx.Exec(f.ctx, "INSERT INTO list_chunks (click_day_id, version, name, chunk, data) VALUES ($1, $2, $3, $4, $5)",
		l.Day, l.Version, f.file.Name, f.chunk, f.buffer)
	if err != nil {
		return fmt.Errorf("postgres: %s: %w", f.file.Name, err)
	}
	f.sum.Write(f.buffer)
	f.file.Size += int64(len(f.buffer))
	f.chunk++
	f.buffer = f.buffer[:0]
	return nil
}

// Close stores the rest, and the file's entry.
func (f *shelved) Close() error {
	if err := f.flush(); err != nil {
		return err
	}
	copy(f.file.SHA256[:], f.sum.Sum(nil))
	l := f.shelf.list
	_, err := f.shelf.tx.Exec(f.ctx, "INSERT INTO list_files (click_day_id, version, name, media, size, sha256) VALUES ($1, $2, $3, $4, $5, $6)",
		l.Day, l.Version, f.file.Name, f.file.Media, f.file.Size, f.file.SHA256[:])
	if err != nil {
		return fmt.Errorf("postgres: %s: %w", f.file.Name, err)
	}
	l.Files = append(l.Files, f.file)
	return nil
}

var placementColumns = []string{"click_day_id", "version", "submission_id", "quota_group", "decided", "admitted", "rank", "round", "source"}

// Place stores placements.
func (s *shelf) Place(ctx context.Context, placements []lists.Placement) error {
	if len(placements) == 0 {
		return nil
	}
	_, err := s.tx.CopyFrom(ctx, pgx.Identifier{"placements"}, placementColumns, pgx.CopyFromSlice(len(placements), func(i int) ([]any, error) {
		p := &placements[i]
		return []any{
			int64(s.list.Day), int32(s.list.Version), p.Submission[:], string(p.Group), p.Decided, p.Admitted,
			p.Rank, int32(p.Round), string(p.Source),
		}, nil
	}))
	if err != nil {
		return fmt.Errorf("postgres: placements: %w", err)
	}
	return nil
}
