package postgres_test

import (
	"bytes"
	"context"
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
