package postgres_test

import (
	"context"
	"strings"
	"testing"

	"puntuale/internal/postgres"
	"puntuale/internal/postgres/pgtest"
)

func TestMigrateTwiceChangesNothing(t *testing.T) {
	db := pgtest.New(t)
	if err := db.Migrate(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func TestOpenNamesTheSettingAndHidesThePassword(t *testing.T) {
	for _, url := range []string{"postgres://u:geheim@[::bad/x", "postgres://u:geheim@127.0.0.1:1/x"} {
		_, err := postgres.Open(context.Background(), url)
		if err == nil || !strings.Contains(err.Error(), "DATABASE_URL") || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%v", err)
		}
	}
}
