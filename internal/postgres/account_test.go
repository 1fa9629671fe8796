package postgres_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/postgres"
	"puntuale/internal/postgres/pgtest"
)

var monday = time.Date(2027, 1, 11, 10, 0, 0, 0, time.UTC)

func TestAttemptsInParallelAllCount(t *testing.T) {
	db := pgtest.New(t)
	throttle := accounts.Throttle{Free: 3, Base: time.Minute, Max: time.Hour, Forget: time.Hour}
	var passed atomic.Int64
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			ok, _, err := db.CountAttempt(context.Background(), [32]byte{1}, monday, throttle)
			if err != nil {
				t.Error(err)
			}
			if ok {
				passed.Add(1)
			}
		})
	}
	wg.Wait()
	if got := passed.Load(); got != 4 { // the fourth starts the wait
		t.Errorf("%d of 20 attempts at the same instant pass, want 4", got)
	}
	if err := db.ClearAttempts(context.Background(), [32]byte{1}); err != nil {
		t.Fatal(err)
	}
	if ok, _, err := db.CountAttempt(context.Background(), [32]byte{1}, monday, throttle); err != nil || !ok {
		t.Errorf("after a log-in: %v, %v", ok, err)
	}
}

func TestSessionsEndAndAreNotReadableFromTheTable(t *testing.T) {
	ctx, db, c := context.Background(), pgtest.New(t), clock.NewFake(monday)
	s := postgres.NewSessions(db, c)
	if err := s.CommitCtx(ctx, "secret", []byte("one"), monday.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := s.Commit("secret", []byte("two"), monday.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if data, ok, err := s.Find("secret"); err != nil || !ok || string(data) != "two" {
		t.Errorf("Find = %q, %v, %v", data, ok, err)
	}
	var stored []byte
	if err := db.Pool.QueryRow(ctx, "SELECT token_hash FROM web_sessions").Scan(&stored); err != nil || len(stored) != 32 {
		t.Errorf("the table holds %q, %v", stored, err)
	}
	c.Advance(time.Hour)
	if _, ok, err := s.FindCtx(ctx, "secret"); ok || err != nil {
		t.Errorf("a session that is over is found: %v, %v", ok, err)
	}
	if n, err := s.DeleteExpired(ctx); n != 1 || err != nil {
		t.Errorf("DeleteExpired = %d, %v", n, err)
	}
	if err := s.Delete("secret"); err != nil {
		t.Errorf("ending a session that is gone: %v", err)
	}
}

// draft makes an account with one application in the given state.
func draft(t *testing.T, db *postgres.DB, state clickday.ApplicationState) accounts.Application {
	t.Helper()
	ctx := context.Background()
	acc, err := db.EnsureAccount(ctx, &accounts.Account{Kind: accounts.Person, Email: "a@example.it", PasswordHash: "-", Name: "A", TaxCode: "-", CreatedAt: monday})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Pool.Exec(ctx, "INSERT INTO click_days VALUES (1, 'UNO', '\\x00') ON CONFLICT DO NOTHING"); err != nil {
		t.Fatal(err)
	}
	a := accounts.Application{
		ID: clickday.NewApplicationID(), Account: acc.ID, Day: 1, Model: "B", ModelVersion: 1, Answers: map[string]string{"x": "1"}, State: state, CreatedAt: monday,
	}
	if err := db.CreateApplication(ctx, &a); err != nil {
		t.Fatal(err)
	}
	return a
}

func freeze(a *accounts.Application, version uint32) ([]byte, clickday.Digest, error) {
	return []byte(a.Answers["x"]), clickday.Digest{byte(version)}, nil
}

func TestSealTakesExactlyOneOfManyAtOnce(t *testing.T) {
	ctx, db := context.Background(), pgtest.New(t)
	a := draft(t, db, clickday.Ready)
	var sealed atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			err := db.SealApplication(ctx, a.Account, a.ID, 1, monday, freeze)
			switch {
			case err == nil:
				sealed.Add(1)
			case !errors.Is(err, accounts.ErrState):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := sealed.Load(); got != 1 {
		t.Errorf("%d seals at once", got)
	}
	seal, err := db.CurrentSeal(ctx, a.Account, a.ID)
	if err != nil || seal.Version != 1 || string(seal.Document) != "1" {
		t.Errorf("seal %+v, %v", seal, err)
	}
}

func TestAFailedFreezeLeavesTheDraft(t *testing.T) {
	ctx, db := context.Background(), pgtest.New(t)
	a := draft(t, db, clickday.Ready)
	broken := errors.New("broken")
	err := db.SealApplication(ctx, a.Account, a.ID, 1, monday, func(*accounts.Application, uint32) ([]byte, clickday.Digest, error) {
		return nil, clickday.Digest{}, broken
	})
	if !errors.Is(err, broken) {
		t.Errorf("error is %v", err)
	}
	if got, err := db.Application(ctx, a.Account, a.ID); err != nil || got.State != clickday.Ready || got.Revision != 1 || got.SealVersion != 0 {
		t.Errorf("after a failed freeze: %+v, %v", got, err)
	}
}

func TestReopenedVersionsCountUp(t *testing.T) {
	ctx, db := context.Background(), pgtest.New(t)
	a := draft(t, db, clickday.Ready)
	for version := uint32(1); version <= 3; version++ {
		now, err := db.Application(ctx, a.Account, a.ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.SealApplication(ctx, a.Account, a.ID, now.Revision, monday, freeze); err != nil {
			t.Fatal(err)
		}
		if seal, err := db.CurrentSeal(ctx, a.Account, a.ID); err != nil || seal.Version != version {
			t.Errorf("seal %d is version %d, %v", version, seal.Version, err)
		}
		if list, err := db.Unnumbered(ctx, a.Account, []clickday.DayID{1}); err != nil || len(list) != 1 || list[0].Seal.Version != version {
			t.Errorf("to sync after seal %d: %+v, %v", version, list, err)
		}
		if _, err := db.SaveAnswers(ctx, a.Account, a.ID, now.Revision+1, nil, clickday.Ready, monday); !errors.Is(err, accounts.ErrState) {
			t.Errorf("a sealed application is saved: %v", err)
		}
		if err := db.ReopenApplication(ctx, a.Account, a.ID, clickday.Ready, monday); err != nil {
			t.Fatal(err)
		}
	}
	if list, err := db.Unnumbered(ctx, a.Account, []clickday.DayID{1}); err != nil || len(list) != 0 {
		t.Errorf("to sync after re-opening: %+v, %v", list, err)
	}
	if err := db.ReopenApplication(ctx, a.Account, a.ID, clickday.Ready, monday); !errors.Is(err, accounts.ErrState) {
		t.Errorf("re-opening a draft: %v", err)
	}
	if err := db.ReopenApplication(ctx, a.Account+1, a.ID, clickday.Ready, monday); !errors.Is(err, accounts.ErrNotFound) {
		t.Errorf("re-opening another account's application: %v", err)
	}
}
