package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
)

// NodeKeys returns every public key that an intake node has or had, retired
// nodes included; only ID and PublicKey are set. What a node has signed goes on
// being checked with them.
func (db *DB) NodeKeys(ctx context.Context) ([]accounts.Node, error) {
	rows, err := db.Pool.Query(ctx, "SELECT node, public_key FROM node_keys ORDER BY node, public_key")
	if err != nil {
		return nil, fmt.Errorf("postgres: keys of nodes: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (n accounts.Node, err error) {
		err = row.Scan(&n.ID, &n.PublicKey)
		return n, err
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: keys of nodes: %w", err)
	}
	return list, nil
}

// RetireNode takes a node out of the installation that will not come back:
// numbers no longer wait for it, and mini-clients are no longer told of it. What
// it delivers all the same is taken, and decided as late. An unknown node is
// accounts.ErrNotFound.
func (db *DB) RetireNode(ctx context.Context, id clickday.NodeID) error {
	tag, err := db.Pool.Exec(ctx, "UPDATE intake_nodes SET active = false WHERE node = $1", id)
	if err != nil {
		return fmt.Errorf("postgres: node %d: %w", id, err)
	}
	if tag.RowsAffected() == 0 {
		return fmt.Errorf("node %d: %w", id, accounts.ErrNotFound)
	}
	return nil
}
