package timetable

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/postgres/pgtest"
	"puntuale/internal/wire"
)

var opens = time.Date(2027, 1, 12, 8, 0, 0, 0, time.UTC)

func change(id clickday.DayID, code string) *Change {
	closes := opens.Add(10 * time.Hour)
	return &Change{ID: id, Code: code, TitleIT: "Prova", TitleEN: "Trial", Models: []clickday.ModelCode{"B"}, Opens: &opens, Closes: &closes}
}

func key(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, k, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestAChangeKeepsTheRest(t *testing.T) {
	ctx, db, k := context.Background(), pgtest.New(t), key(t)
	c := clock.NewFake(opens.Add(-48 * time.Hour))
	first, _, err := Set(ctx, db, k, c, change(1, "UNO"))
	if err != nil {
		t.Fatal(err)
	}
	if d := first.Day(1); first.Version != 1 || d.Prepare != c.Now().UnixNano() || d.Sync != d.Prepare || d.State != clickday.DayScheduled {
		t.Errorf("first version: %+v", first)
	}
	if _, _, err := Set(ctx, db, k, c, change(2, "DUE")); err != nil {
		t.Fatal(err)
	}
	later := opens.Add(2 * time.Hour)
	cal, signed, err := Set(ctx, db, k, c, &Change{ID: 1, Opens: &later})
	if err != nil {
		t.Fatal(err)
	}
	want := *first.Day(1)
	want.Opens = later.UnixNano()
	if got := *cal.Day(1); cal.Version != 3 || len(cal.Days) != 2 || got.Opens != want.Opens || got.Code != want.Code || got.TieCommitment != want.TieCommitment {
		t.Errorf("after moving the opening: %+v, want %+v", got, want)
	}
	r := NewReader(db, k.Public().(ed25519.PublicKey))
	if got, raw, err := r.Current(ctx); err != nil || got.Version != 3 || !slices.Equal(raw, signed) {
		t.Errorf("Current = version %d, %v", got.Version, err)
	}
	if _, _, err := NewReader(db, key(t).Public().(ed25519.PublicKey)).Current(ctx); !errors.Is(err, &wire.Error{Code: clickday.CodeSignature}) {
		t.Errorf("another key reads the calendar: %v", err)
	}
}

func TestRefusedChangesLeaveNothing(t *testing.T) {
	ctx, db, k := context.Background(), pgtest.New(t), key(t)
	c := clock.NewFake(opens.Add(-48 * time.Hour))
	if cal, raw, err := NewReader(db, k.Public().(ed25519.PublicKey)).Current(ctx); err != nil || raw != nil || len(cal.Days) != 0 {
		t.Fatalf("before the first calendar: %+v, %v", cal, err)
	}
	if _, _, err := Set(ctx, db, k, c, change(1, "UNO")); err != nil {
		t.Fatal(err)
	}
	before := opens.Add(-time.Hour)
	bad := map[string]*Change{
		"closes before it opens":   {ID: 1, Closes: &before},
		"a new day without a code": {ID: 2, Opens: &opens},
		"unknown state":            {ID: 1, State: "perhaps"},
		"a code that is no code":   change(3, "zwei drei"),
		"no number":                change(0, "ZERO"),
		"a model that is no model": {ID: 1, Models: []clickday.ModelCode{"b?"}},
	}
	for what, ch := range bad {
		if _, _, err := Set(ctx, db, k, c, ch); err == nil {
			t.Errorf("%s is accepted", what)
		}
	}
	if _, _, err := Set(ctx, db, k, c, change(1, "ALTRO")); !errors.Is(err, accounts.ErrState) {
		t.Errorf("the code of a day can change: %v", err)
	}
	if _, _, err := Set(ctx, db, key(t), c, change(1, "UNO")); !errors.Is(err, &wire.Error{Code: clickday.CodeSignature}) {
		t.Errorf("another key continues the calendar: %v", err)
	}
	var versions, days int
	if err := db.Pool.QueryRow(ctx, "SELECT (SELECT count(*) FROM calendars), (SELECT count(*) FROM click_days)").Scan(&versions, &days); err != nil {
		t.Fatal(err)
	}
	if versions != 1 || days != 1 {
		t.Errorf("refused changes left %d versions and %d days", versions, days)
	}
}

func TestChangesInParallelMakeVersionsInOrder(t *testing.T) {
	ctx, db, k := context.Background(), pgtest.New(t), key(t)
	c := clock.NewFake(opens.Add(-48 * time.Hour))
	const n = 12
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { _, _, errs[i] = Set(ctx, db, k, c, change(clickday.DayID(i+1), "DAY-"+string(rune('A'+i)))) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	cal, _, err := NewReader(db, k.Public().(ed25519.PublicKey)).Current(ctx)
	if err != nil || cal.Version != n || len(cal.Days) != n {
		t.Errorf("version %d with %d days, %v; want %d", cal.Version, len(cal.Days), err, n)
	}
}

func TestPush(t *testing.T) {
	var mu sync.Mutex
	var got []string
	node := func(status int) string {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			b, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			got = append(got, r.Method+" "+r.URL.Path+" "+r.Header.Get("Content-Type")+" "+string(b))
			mu.Unlock()
			w.WriteHeader(status)
		}))
		t.Cleanup(srv.Close)
		return srv.URL
	}
	urls := []string{node(204), "http://127.0.0.1:1", node(409), node(200) + "/"}
	results := Push(context.Background(), http.DefaultClient, urls, []byte("signed"))
	for i, ok := range []bool{true, false, false, true} {
		if results[i].URL != urls[i] || (results[i].Err == nil) != ok {
			t.Errorf("push to %s: %v", urls[i], results[i].Err)
		}
	}
	for _, g := range got {
		if g != "PUT /calendar "+wire.TypeCalendar+" signed" {
			t.Errorf("a node got %q", g)
		}
	}
	if len(got) != 3 {
		t.Errorf("%d nodes were reached", len(got))
	}
}

// TestADayStaysWhatItIs: a rehearsal is made as one, its code says so, and no
// other day becomes one.
func TestADayStaysWhatItIs(t *testing.T) {
	ctx, db, k := context.Background(), pgtest.New(t), key(t)
	c := clock.NewFake(opens.Add(-48 * time.Hour))
	played := change(900, "PROVA")
	if _, _, err := Set(ctx, db, k, c, played); err == nil {
		t.Error("a real day with the code of a rehearsal")
	}
	played.Rehearsal = true
	if cal, _, err := Set(ctx, db, k, c, played); err != nil || !cal.Day(900).Rehearsal {
		t.Fatalf("%+v %v", cal, err)
	}
	if _, _, err := Set(ctx, db, k, c, played); err != nil { // the same again
		t.Error(err)
	}
	real := change(1, "UNO")
	if _, _, err := Set(ctx, db, k, c, real); err != nil {
		t.Fatal(err)
	}
	real.Rehearsal = true
	if _, _, err := Set(ctx, db, k, c, real); !errors.Is(err, ErrRehearsal) {
		t.Errorf("a real day has become a rehearsal: %v", err)
	}
}
