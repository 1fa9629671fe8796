package postgres

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/clickday"
	"puntuale/internal/wire"
)

// saveBatches records the group commits that submissions came in, in the
// transaction that records the submissions.
func saveBatches(ctx context.Context, tx pgx.Tx, node clickday.NodeID, batches []clickday.Batch) error {
	if len(batches) == 0 {
		return nil
	}
	var journal, first, number []string
	var key []int64
	var prev, signature, leaves [][]byte
	for i := range batches {
		b := &batches[i]
		journal = append(journal, strconv.FormatUint(b.Journal, 10))
		first = append(first, strconv.FormatUint(b.First, 10))
		number = append(number, strconv.FormatUint(b.Number, 10))
		key = append(key, int64(b.KeyID))
		prev, signature = append(prev, b.Prev[:]), append(signature, b.Signature[:])
		all := make([]byte, 0, 32*len(b.Leaves))
		for k := range b.Leaves {
			all = append(all, b.Leaves[k][:]...)
		}
		leaves = append(leaves, all)
	}
	_, err := tx.Exec(ctx, `INSERT INTO batches (node, journal, first, batch, key_id, prev, signature, leaves)
		SELECT $1, u.journal::numeric, u.first::numeric, u.batch::numeric, u.key_id, u.prev, u.signature, u.leaves
		FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::bytea[], $7::bytea[], $8::bytea[])
			AS u (journal, first, batch, key_id, prev, signature, leaves)
		ON CONFLICT DO NOTHING`, node, journal, first, number, key, prev, signature, leaves)
	return err
}

// batchID names a group commit.
type batchID struct {
	node           clickday.NodeID
	journal, first uint64
}

// committed is a batch with what its acknowledgements need.
type committed struct {
	number, first uint64
	keyID         uint32
	prev          [32]byte
	signature     [ed25519.SignatureSize]byte
	count         int
	tree          *wire.Tree
}

// setAcknowledgements rebuilds the acknowledgements of submissions from their
// batches. Where a batch is not recorded it leaves nil.
func setAcknowledgements(ctx context.Context, tx pgx.Tx, due []clickday.Numbered) error {
	found, err := batchesOf(ctx, tx, due)
	if err != nil {
		return fmt.Errorf("batches: %w", err)
	}
	for i := range due {
		n := &due[i]
		b := found[i]
		if b == nil {
			continue
		}
		at := n.Stamp.Sequence - b.first
		n.Acknowledgement = wire.AppendAcknowledgement(nil, &wire.Acknowledgement{
			Leaf: wire.Leaf{ID: n.Submission, Stamp: n.Stamp}, Batch: b.number, Index: uint32(at), Count: uint32(b.count),
			Prev: b.prev, KeyID: b.keyID, Signature: b.signature, Path: b.tree.AppendPath(nil, int(at)),
		})
	}
	return nil
}

// batchesOf returns the batch of each submission, or nil.
func batchesOf(ctx context.Context, tx pgx.Tx, due []clickday.Numbered) ([]*committed, error) {
	var nodes []int32
	var journals, sequences []string
	for i := range due {
		s := &due[i].Stamp
		nodes = append(nodes, int32(s.Node))
		journals = append(journals, strconv.FormatUint(s.Journal, 10))
		sequences = append(sequences, strconv.FormatUint(s.Sequence, 10))
	}
	// Many records share a batch: first which one each is in, then each once.
	rows, err := tx.Query(ctx, `SELECT coalesce(b.first::text, '') FROM unnest($1::int[], $2::text[], $3::text[])
		WITH ORDINALITY AS w (node, journal, sequence, at)
		LEFT JOIN LATERAL (SELECT first FROM batches b WHERE b.node = w.node AND b.journal = w.journal::numeric
			AND b.first <= w.sequence::numeric ORDER BY b.first DESC LIMIT 1) b ON true ORDER BY w.at`, nodes, journals, sequences)
	if err != nil {
		return nil, err
	}
	firsts, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	ids := make([]batchID, len(due))
	known := map[batchID]*committed{}
	for i, text := range firsts {
		if text == "" {
			continue
		}
		first, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return nil, err
		}
		ids[i] = batchID{due[i].Stamp.Node, due[i].Stamp.Journal, first}
		known[ids[i]] = nil
	}
	if err := readBatches(ctx, tx, known); err != nil {
		return nil, err
	}
	out := make([]*committed, len(due))
	for i := range due {
		if b := known[ids[i]]; b != nil && due[i].Stamp.Sequence-b.first < uint64(b.count) {
			out[i] = b
		}
	}
	return out, nil
}

// readBatches fills in the batches that are named.
func readBatches(ctx context.Context, tx pgx.Tx, known map[batchID]*committed) error {
	var nodes []int32
	var journals, firsts []string
	for id := range known {
		nodes = append(nodes, int32(id.node))
		journals = append(journals, strconv.FormatUint(id.journal, 10))
		firsts = append(firsts, strconv.FormatUint(id.first, 10))
	}
	rows, err := tx.Query(ctx, `SELECT b.node, b.journal::text, b.first::text, b.batch::text, b.key_id, b.prev, b.signature, b.leaves
		FROM unnest($1::int[], $2::text[], $3::text[]) AS w (node, journal, first)
		JOIN batches b ON b.node = w.node AND b.journal = w.journal::numeric AND b.first = w.first::numeric`, nodes, journals, firsts)
	if err != nil {
		return err
	}
	var id batchID
	var journal, first, number string
	var key int64
	var prev, signature, leaves []byte
	_, err = pgx.ForEachRow(rows, []any{&id.node, &journal, &first, &number, &key, &prev, &signature, &leaves}, func() error {
		var err1, err2, err3 error
		b := &committed{keyID: uint32(key), count: len(leaves) / 32}
		id.journal, err1 = strconv.ParseUint(journal, 10, 64)
		id.first, err2 = strconv.ParseUint(first, 10, 64)
		b.number, err3 = strconv.ParseUint(number, 10, 64)
		if err1 != nil || err2 != nil || err3 != nil || len(prev) != 32 || len(signature) != ed25519.SignatureSize || len(leaves)%32 != 0 {
			return fmt.Errorf("batch %s of journal %s of node %d is not what was stored", number, journal, id.node)
		}
		b.first, b.prev, b.signature = id.first, [32]byte(prev), [ed25519.SignatureSize]byte(signature)
		hashes := make([][32]byte, 0, b.count)
		for r := bytes.NewReader(leaves); r.Len() > 0; {
			var h [32]byte
			if _, err := r.Read(h[:]); err != nil {
				return err
			}
			hashes = append(hashes, h)
		}
		b.tree = wire.NewTree(hashes)
		known[id] = b
		return nil
	})
	return err
}
