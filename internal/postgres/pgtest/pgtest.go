// Package pgtest gives each test a database of its own on a real server, which
// one test program shares. It never skips: without PostgreSQL the test fails.
package pgtest

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"fmt"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"puntuale/internal/devstack"
	"puntuale/internal/ledger"
	"puntuale/internal/postgres"
)

const template = "puntuale" // migrated once, copied for every test

var (
	once     sync.Once
	server   *devstack.Postgres
	startErr error
	admin    *postgres.DB
	counter  atomic.Int64
)

// New returns an empty, migrated database that goes with the test.
func New(t testing.TB) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(context.Background(), URL(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	db.Ledger = LedgerSigner()
	return db
}

// LedgerSigner is the ledger key of every test database, the same each time; its
// origin is "test.example/ledger".
func LedgerSigner() *ledger.Signer {
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{0x1e}, ed25519.SeedSize))
	s, err := ledger.SignerOf("test.example/ledger", key)
	if err != nil {
		panic(err) // both are constants
	}
	return s
}

// URL returns the address of an empty, migrated database that goes with the test,
// for programs that connect themselves.
func URL(t testing.TB) string {
	t.Helper()
	once.Do(start)
	if startErr != nil {
		t.Fatal(startErr)
	}
	ctx := context.Background()
	name := fmt.Sprintf("t%d", counter.Add(1))
	if _, err := admin.Pool.Exec(ctx, "CREATE DATABASE "+name+" TEMPLATE "+template+" STRATEGY file_copy"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := admin.Pool.Exec(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return withName(server.URL, name)
}

// start runs once per test program; the server ends with the program.
func start() {
	ctx := context.Background()
	if server, startErr = devstack.StartPostgres(ctx, devstack.Options{}); startErr != nil {
		return
	}
	db, err := postgres.Open(ctx, server.URL)
	if err != nil {
		startErr = err
		return
	}
	startErr = db.Migrate(ctx)
	db.Close() // a template may have no connections
	if startErr != nil {
		return
	}
	admin, startErr = postgres.Open(ctx, withName(server.URL, "postgres"))
}

func withName(address, name string) string {
	u, err := url.Parse(address)
	if err != nil {
		panic(err) // our own address
	}
	u.Path = "/" + name
	return u.String()
}
