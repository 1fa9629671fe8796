package postgres_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"

	"puntuale/internal/lists"
	"puntuale/internal/postgres/listtest"
	"puntuale/internal/ranking"
)

var errCut = errors.New("the connection is gone")

// faulty is a store whose publication fails, with or without effect.
type faulty struct {
	lists.Store
	applied bool
	before  func() // called when the files are on the shelf
}

func (f *faulty) PublishList(ctx context.Context, l *lists.Published, fill func(lists.Shelf) error) error {
	err := f.Store.PublishList(ctx, l, func(s lists.Shelf) error {
		if err := fill(s); err != nil {
			return err
		}
		if f.before != nil {
			f.before()
		}
		if !f.applied {
			return errCut
		}
		return nil
	})
	if err == nil {
		return errCut // committed, and nobody heard of it
	}
	return err
}

// rowsOf counts everything that a publication writes.
func (b *bureau) rowsOf() (n int) {
	b.t.Helper()
	err := b.db.Pool.QueryRow(context.Background(), `SELECT (SELECT count(*) FROM lists) + (SELECT count(*) FROM list_files)
		+ (SELECT count(*) FROM list_chunks) + (SELECT count(*) FROM placements)`).Scan(&n)
	if err != nil {
		b.t.Fatal(err)
	}
	return n
}

func ripe(t *testing.T) *bureau {
	t.Helper()
	b := newBureau(t)
	b.clock.Set(listtest.Opens)
	if _, err := b.quotas("chronological reallocate=province", placesOfSomeDay, "prova"); err != nil {
		t.Fatal(err)
	}
	b.clock.Set(afterwards)
	b.someDay()
	b.finish()
	return b
}

func TestPublicationFailsWithoutEffect(t *testing.T) {
	b := ripe(t)
	b.press.Store = &faulty{Store: b.db}
	if _, _, err := b.publish(ranking.Final, ""); !errors.Is(err, errCut) {
		t.Fatalf("%v", err)
	}
	if n := b.rowsOf(); n != 0 {
		t.Errorf("%d rows of a list that was not published", n)
	}
	b.press.Store = b.db
	if l := b.mustPublish(ranking.Final, ""); l.Version != 1 {
		t.Errorf("version %d", l.Version)
	}
}

// TestTheServerEndsTheTransaction: the connection is cut for real, when
// everything but the commit is done.
func TestTheServerEndsTheTransaction(t *testing.T) {
	b := ripe(t)
	b.press.Store = &faulty{Store: b.db, applied: true, before: func() {
		exec(t, b.db, "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND classid = $1 AND pid <> pg_backend_pid()", 0x6c697374)
	}}
	if _, _, err := b.publish(ranking.Final, ""); err == nil || errors.Is(err, errCut) {
		t.Fatalf("the commit succeeded: %v", err)
	}
	if n := b.rowsOf(); n != 0 {
		t.Errorf("%d rows of a list that was not published", n)
	}
	b.press.Store = b.db
	b.mustPublish(ranking.Final, "")
}

func TestPublicationFailsWithEffect(t *testing.T) {
	b := ripe(t)
	b.press.Store = &faulty{Store: b.db, applied: true}
	if _, _, err := b.publish(ranking.Final, ""); !errors.Is(err, errCut) {
		t.Fatalf("%v", err)
	}
	n := b.rowsOf()
	b.press.Store = b.db
	l, fresh, err := b.publish(ranking.Final, "")
	if err != nil || fresh || l.Version != 1 || b.rowsOf() != n {
		t.Errorf("the same order again: version %d, fresh %v, %v; %d rows, %d before", l.Version, fresh, err, b.rowsOf(), n)
	}
	if report := b.verify(b.file(l, lists.CSVName)); len(report.Findings) > 0 {
		t.Errorf("%+v", report.Findings)
	}
}

func TestQuotasFailWithEffect(t *testing.T) {
	b := newBureau(t)
	b.clock.Set(listtest.Opens)
	first, err := b.quotas("chronological", placesOfSomeDay, "prova")
	if err != nil {
		t.Fatal(err)
	}
	again, err := b.quotas("chronological", placesOfSomeDay, "prova") // the operator did not hear of it
	if err != nil || again.Version != first.Version {
		t.Errorf("version %d, %v", again.Version, err)
	}
	stale := *first
	if err := b.db.AddQuotas(context.Background(), &stale); !errors.Is(err, lists.ErrChanged) {
		t.Errorf("a version that is there: %v", err)
	}
	stale.Version = 5
	if err := b.db.AddQuotas(context.Background(), &stale); !errors.Is(err, lists.ErrChanged) {
		t.Errorf("a version with a gap: %v", err)
	}
}

// TestTwoOperators publish at once: while one writes the other is told so, and
// whoever prepared on what has changed meanwhile has published nothing.
func TestTwoOperators(t *testing.T) {
	b := ripe(t)
	other := b.press
	b.press.Store = &faulty{Store: b.db, applied: true, before: func() {
		_, _, err := other.Publish(context.Background(), &lists.Order{Day: b.day, Kind: ranking.Final, Operator: "Altro"})
		if !errors.Is(err, lists.ErrBusy) {
			t.Errorf("the second operator: %v", err)
		}
	}}
	if _, _, err := b.publish(ranking.Final, ""); !errors.Is(err, errCut) {
		t.Fatalf("%v", err)
	}
	b.press.Store = &overtaken{Store: b.db, by: func() {
		if _, err := b.quotas("chronological", "any,any,any,1\n", "altra versione"); err != nil {
			t.Error(err)
		}
	}}
	if _, _, err := b.publish(ranking.Final, "rettifica"); !errors.Is(err, lists.ErrChanged) {
		t.Errorf("quotas changed on the way: %v", err)
	}
}

// overtaken has something happen between preparation and publication.
type overtaken struct {
	lists.Store
	by func()
}

func (o *overtaken) PublishList(ctx context.Context, l *lists.Published, fill func(lists.Shelf) error) error {
	o.by()
	return o.Store.PublishList(ctx, l, fill)
}

func TestManyOperatorsPublishOneList(t *testing.T) {
	b := ripe(t)
	const operators = 4
	var wg sync.WaitGroup
	fresh := make([]bool, operators)
	for i := range operators {
		wg.Go(func() {
			_, ok, err := b.publish(ranking.Final, "")
			fresh[i] = ok
			if err != nil && !errors.Is(err, lists.ErrBusy) && !errors.Is(err, lists.ErrChanged) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	n := 0
	for _, f := range fresh {
		if f {
			n++
		}
	}
	all, err := b.db.Lists(context.Background())
	if err != nil || len(all) != 1 || n != 1 {
		t.Errorf("%d lists, %d operators published, %v", len(all), n, err)
	}
}

func TestALateSubmissionStopsAFinalList(t *testing.T) {
	b := ripe(t)
	b.press.Store = &overtaken{Store: b.db, by: func() {
		account := listtest.Account(t, b.db, "altro@example.it")
		listtest.Send(t, b.db, b.day, 900, []listtest.Sent{{
			Answers: listtest.Answers(900, "Z100", "food", "F205"), Account: account, Arrived: listtest.Opens.Add(1),
		}})
	}}
	if _, _, err := b.publish(ranking.Final, ""); !errors.Is(err, lists.ErrChanged) {
		t.Errorf("%v", err)
	}
}

func TestWhatIsPublishedStays(t *testing.T) {
	b := ripe(t)
	b.mustPublish(ranking.Final, "")
	for _, table := range []string{"lists", "list_files", "list_chunks", "placements", "quota_versions"} {
		for _, sql := range []string{"DELETE FROM ", "TRUNCATE "} {
			if _, err := b.db.Pool.Exec(context.Background(), sql+table+map[bool]string{true: " CASCADE"}[sql == "TRUNCATE "]); err == nil ||
				!strings.Contains(err.Error(), "does not change") {
				t.Errorf("%s%s: %v", sql, table, err)
			}
		}
		if _, err := b.db.Pool.Exec(context.Background(), "UPDATE "+table+" SET click_day_id = 1"); err == nil {
			t.Errorf("%s was changed", table)
		}
	}
}

// TestAShelfIsStreamed: a file larger than one piece comes back whole.
func TestAShelfIsStreamed(t *testing.T) {
	b := ripe(t)
	l := b.mustPublish(ranking.Provisional, "")
	next := *l
	next.Version, next.Files = 2, nil
	want := strings.Repeat("0123456789abcdef\n", 200_000)
	err := b.db.PublishList(context.Background(), &next, func(s lists.Shelf) error {
		one, err := s.Create(context.Background(), "a", lists.MediaCSV)
		if err != nil {
			return err
		}
		two, err := s.Create(context.Background(), "b", lists.MediaCSV)
		if err != nil {
			return err
		}
		_, err = io.WriteString(one, want[:1<<20+7])
		_, err2 := io.WriteString(two, "x")
		_, err3 := io.Copy(one, strings.NewReader(want[1<<20+7:]))
		return errors.Join(err, err2, err3, two.Close(), one.Close())
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := b.file(&next, "a"); string(got) != want || sum(got) != next.Files[1].SHA256 {
		t.Errorf("%d bytes of %d", len(got), len(want))
	}
	if _, err := b.db.ListFile(context.Background(), l.DayCode, 2, "c"); !errors.Is(err, lists.ErrNotFound) {
		t.Errorf("%v", err)
	}
}
