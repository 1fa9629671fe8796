package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"puntuale/internal/accounts"
	"puntuale/internal/postgres/pgtest"
)

// TestNodeWithATicketedAddress: what an operator sets, changes and takes away
// again is what clients are told.
func TestNodeWithATicketedAddress(t *testing.T) {
	db, ctx := pgtest.New(t), context.Background()
	for _, warm := range []string{"", "https://intake.example.it:8444", "https://warm.example.it", ""} {
		n := accounts.Node{ID: 3, URL: "https://intake.example.it", WarmURL: warm, PublicKey: bytes.Repeat([]byte{7}, 32), CA: "pem"}
		if err := db.SetNode(ctx, &n); err != nil {
			t.Fatal(err)
		}
		got, err := db.Nodes(ctx)
		if err != nil || len(got) != 1 || got[0].WarmURL != warm || got[0].URL != n.URL || got[0].CA != n.CA || !bytes.Equal(got[0].PublicKey, n.PublicKey) {
			t.Fatalf("warm %q: %+v %v", warm, got, err)
		}
	}
}

// TestKeysOfNodesAreKept: of a node that has another key, and of a retired one.
func TestKeysOfNodesAreKept(t *testing.T) {
	db, ctx := pgtest.New(t), context.Background()
	for _, key := range []byte{1, 1, 2} {
		n := accounts.Node{ID: 3, URL: "https://intake.example.it", PublicKey: bytes.Repeat([]byte{key}, 32)}
		if err := db.SetNode(ctx, &n); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.RetireNode(ctx, 3); err != nil {
		t.Fatal(err)
	}
	if err := db.RetireNode(ctx, 4); !errors.Is(err, accounts.ErrNotFound) {
		t.Error(err)
	}
	active, err := db.Nodes(ctx)
	if err != nil || len(active) != 0 {
		t.Errorf("%+v %v", active, err)
	}
	keys, err := db.NodeKeys(ctx)
	if err != nil || len(keys) != 2 || keys[0].ID != 3 || keys[0].PublicKey[0] != 1 || keys[1].PublicKey[0] != 2 {
		t.Errorf("%+v %v", keys, err)
	}
}
