package postgres_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"puntuale/internal/places"
	"puntuale/internal/postgres"
	"puntuale/internal/postgres/pgtest"
)

// TestPlacesFollowTheImports: a running program takes new places up by itself.
func TestPlacesFollowTheImports(t *testing.T) {
	db := pgtest.New(t)
	t.Cleanup(func() {
		if err := places.Amend(nil); err != nil {
			t.Error(err)
		}
	})
	change := places.Change{Place: places.Place{Code: "M998", Name: "Borgo Di Prova", Province: "RM", From: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)}}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	done := make(chan struct{})
	go func() {
		defer close(done)
		db.FollowPlaces(ctx, 10*time.Millisecond, slog.New(slog.DiscardHandler))
	}()
	put := func(want string) {
		t.Helper()
		if err := db.ImportPlaces(ctx, &postgres.PlaceImport{At: time.Unix(1_800_000_000, 0), Operator: "prova"}, []places.Change{change}); err != nil {
			t.Fatal(err)
		}
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			if p, ok := places.Comune("M998"); ok && p.Name == want {
				return
			}
			select {
			case <-ctx.Done():
				t.Fatalf("after a minute M998 is not %q", want)
			case <-tick.C:
			}
		}
	}
	put("Borgo Di Prova")
	change.Name, change.To = "Borgo Che Fu", time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	put("Borgo Che Fu")
	if places.ComuneOn("M998", time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)) {
		t.Error("the last day is lost on the way")
	}
	stop()
	<-done
}
