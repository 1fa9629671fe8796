package postgres_test

import (
	"context"
	"crypto/sha256"
	"os"
	"testing"

	"puntuale/internal/postgres"
)

func sum(b []byte) [32]byte { return sha256.Sum256(b) }

// tempDir outlives the test that asks first; the system clears it.
func tempDir() (string, error) { return os.MkdirTemp("", "puntuale-seal-") }

func exec(t *testing.T, db *postgres.DB, sql string, args ...any) {
	t.Helper()
	if _, err := db.Pool.Exec(context.Background(), sql, args...); err != nil {
		t.Fatal(err)
	}
}
