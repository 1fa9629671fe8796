package seed

import (
	"context"
	"testing"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/accounts/drafts"
	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/forms"
	"puntuale/internal/postgres"
	"puntuale/internal/postgres/pgtest"
)

func counts(t *testing.T, db *postgres.DB, email string, day clickday.DayID) map[clickday.ApplicationState]int {
	t.Helper()
	a, err := db.AccountByEmail(context.Background(), email)
	if err != nil {
		t.Fatal(err)
	}
	n, err := db.CountApplications(context.Background(), a.ID, day)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestASecondRunAddsOnlyWhatIsMissing(t *testing.T) {
	ctx, db := context.Background(), pgtest.New(t)
	if _, err := db.Pool.Exec(ctx, "INSERT INTO click_days VALUES (1, 'UNO', '\\x00'), (2, 'DUE', '\\x00')"); err != nil {
		t.Fatal(err)
	}
	models, err := forms.Load()
	if err != nil {
		t.Fatal(err)
	}
	c := clock.NewFake(time.Date(2027, 1, 10, 10, 0, 0, 0, time.UTC))
	s := Seeder{Store: db, Drafts: drafts.New(db, models, c, time.UTC), Models: models, Clock: c}
	for _, step := range []struct {
		day          clickday.DayID
		password     string
		intermediary int
		made         [3]Made
	}{
		{1, "prima password", 3, [3]Made{{Sealed: 1, Drafts: 1}, {Sealed: 2, Drafts: 1}, {Sealed: 3}}},
		{1, "prima password", 3, [3]Made{{Old: 2}, {Old: 3}, {Old: 3}}},
		{1, "altra password", 4, [3]Made{{Old: 2}, {Old: 3}, {Sealed: 1, Old: 3}}},
		{2, "altra password", 2, [3]Made{{Sealed: 1, Drafts: 1}, {Sealed: 2, Drafts: 1}, {Sealed: 2}}},
	} {
		made, err := s.Run(ctx, step.day, step.password, step.intermediary)
		if err != nil {
			t.Fatal(err)
		}
		for i, m := range made {
			m.Email = ""
			if m != step.made[i] {
				t.Errorf("day %d: account %d made %+v, want %+v", step.day, i, m, step.made[i])
			}
		}
		login := accounts.NewAuthenticator(db, c, accounts.DefaultThrottle, 1)
		if _, err := login.Login(ctx, "mario.rossi@example.it", step.password); err != nil {
			t.Errorf("log-in with the password of the run: %v", err)
		}
	}
	if n := counts(t, db, "info@aziendabianchi.example.it", 1); n[clickday.Sealed] != 2 || n[clickday.Ready] != 1 {
		t.Errorf("the company has %v", n)
	}
	if n := counts(t, db, "mario.rossi@example.it", 2); n[clickday.Sealed] != 1 || n[clickday.ToComplete] != 1 {
		t.Errorf("the person has %v", n)
	}
	var distinct, all int
	if err := db.Pool.QueryRow(ctx, "SELECT count(DISTINCT answers->>'worker_passport'), count(*) FROM applications WHERE state = 'sealed'").Scan(&distinct, &all); err != nil {
		t.Fatal(err)
	}
	if distinct != all {
		t.Errorf("%d sealed applications for %d workers", all, distinct)
	}
}

func TestSeedRefusesAShortPassword(t *testing.T) {
	db := pgtest.New(t)
	c := clock.NewFake(time.Date(2027, 1, 10, 10, 0, 0, 0, time.UTC))
	models, err := forms.Load()
	if err != nil {
		t.Fatal(err)
	}
	s := Seeder{Store: db, Drafts: drafts.New(db, models, c, time.UTC), Models: models, Clock: c}
	if _, err := s.Run(context.Background(), 1, "corta", 1); err == nil {
		t.Error("a password of five letters is accepted")
	}
}
