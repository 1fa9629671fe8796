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

// TestModelsInTurn: families go to the person, firms to the company, everything
// to the intermediary.
func TestModelsInTurn(t *testing.T) {
	ctx, db := context.Background(), pgtest.New(t)
	if _, err := db.Pool.Exec(ctx, "INSERT INTO click_days VALUES (1, 'UNO', '\\x00')"); err != nil {
		t.Fatal(err)
	}
	models, err := forms.Load()
	if err != nil {
		t.Fatal(err)
	}
	var all []clickday.ModelCode
	for _, m := range models.All() {
		all = append(all, m.Code)
	}
	c := clock.NewFake(time.Date(2027, 1, 10, 10, 0, 0, 0, time.UTC))
	s := Seeder{Store: db, Drafts: drafts.New(db, models, c, time.UTC), Models: models, Clock: c, Codes: all}
	if _, err := s.Run(ctx, 1, "prima password", 2*len(all)); err != nil {
		t.Fatal(err)
	}
	for email, want := range map[string]string{
		"mario.rossi@example.it": "A A-BIS", "info@aziendabianchi.example.it": "B B2020 C-STAG-A",
		"patronato@example.it": "A A-BIS B B2020 C-STAG-A C-STAG-T LS LS1 LS2 VA VB Z",
	} {
		var got string
		err := db.Pool.QueryRow(ctx, `SELECT string_agg(DISTINCT model, ' ' ORDER BY model) FROM applications
			WHERE account_id = (SELECT id FROM accounts WHERE email = $1)`, email).Scan(&got)
		if err != nil || got != want {
			t.Errorf("%s has %s (%v), want %s", email, got, err, want)
		}
	}
	s.Codes = []clickday.ModelCode{"NOBODY"}
	if _, err := s.Run(ctx, 1, "prima password", 50); err == nil {
		t.Error("a model that does not exist is taken")
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
