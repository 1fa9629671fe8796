package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/portal/timetable"
	"puntuale/internal/postgres/pgtest"
)

func TestSeedStaysSecretUntilTheDayIsOver(t *testing.T) {
	db := pgtest.New(t)
	clk := clock.NewFake(time.Date(2027, 1, 10, 10, 0, 0, 0, time.UTC))
	opens, closes := clk.Now().Add(time.Hour), clk.Now().Add(2*time.Hour)
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{3}, ed25519.SeedSize))
	public := key.Public().(ed25519.PublicKey)
	change := timetable.Change{
		ID: 1, Code: "A", TitleIT: "A", TitleEN: "A", Models: []clickday.ModelCode{"B"}, Opens: &opens, Closes: &closes,
	}
	ctx := context.Background()
	cal, _, err := timetable.Set(ctx, db, key, clk, &change)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(at time.Time, id clickday.DayID, want error) []byte {
		t.Helper()
		seed, since, err := reveal(ctx, db, public, id, at)
		if want == nil && err == nil && since.IsZero() || want != nil && !errors.Is(err, want) || want == nil && err != nil {
			t.Errorf("day %d at %s: %v", id, at, err)
		}
		return seed
	}
	for _, at := range []time.Time{clk.Now(), opens, closes, closes.Add(revealMargin - 1)} {
		if seed := ask(at, 1, errNotOver); seed != nil {
			t.Fatalf("the seed is out at %s", at)
		}
	}
	if _, _, err := reveal(ctx, db, public, 2, closes.Add(time.Hour)); err == nil {
		t.Error("a day that is none")
	}
	// An operator who moves the close moves the moment of the seed.
	later := closes.Add(time.Hour)
	change.Closes = &later
	if _, _, err := timetable.Set(ctx, db, key, clk, &change); err != nil {
		t.Fatal(err)
	}
	ask(closes.Add(revealMargin), 1, errNotOver)
	seed := ask(later.Add(revealMargin), 1, nil)
	if sha256.Sum256(seed) != cal.Day(1).TieCommitment {
		t.Errorf("seed %x is not the one committed to", seed)
	}
	if again := ask(later.Add(48*time.Hour), 1, nil); !bytes.Equal(again, seed) {
		t.Error("another seed the second time")
	}
	if _, _, err := timetable.Set(ctx, db, key, clk, &change); !errors.Is(err, accounts.ErrState) {
		t.Error("a day was opened again with its seed known:", err)
	}
}
