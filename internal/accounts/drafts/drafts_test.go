package drafts_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"image"
	"image/png"
	"strings"
	"testing"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/accounts/drafts"
	"puntuale/internal/attachment"
	"puntuale/internal/bulk"
	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/forms"
	"puntuale/internal/forms/sample"
	"puntuale/internal/notices"
	"puntuale/internal/postgres"
	"puntuale/internal/postgres/pgtest"
)

var now = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

type world struct {
	*drafts.Service
	db     *postgres.DB
	models *forms.Catalogue
	clock  *clock.Fake
	mine   clickday.AccountID
	other  clickday.AccountID
	day    *clickday.Day
}

func newWorld(t testing.TB) *world {
	t.Helper()
	return newWorldOn(t, pgtest.New(t))
}

func newWorldOn(t testing.TB, db *postgres.DB) *world {
	t.Helper()
	models, err := forms.Load()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{db: db, models: models, clock: clock.NewFake(now)}
	w.Service = drafts.New(w.db, models, w.clock, time.UTC)
	w.day = &clickday.Day{ID: 5, Code: "FLUSSI-5", Prepare: now.Add(-time.Hour).UnixNano(), Opens: now.Add(48 * time.Hour).UnixNano(),
		Closes: now.Add(50 * time.Hour).UnixNano(), Models: []clickday.ModelCode{"B", "B2020", "A-BIS"}}
	if _, err := w.db.Pool.Exec(t.Context(), "INSERT INTO click_days (id, code, tie_seed) VALUES (5, 'FLUSSI-5', '\\x00')"); err != nil {
		t.Fatal(err)
	}
	for i, to := range []*clickday.AccountID{&w.mine, &w.other} {
		a, err := w.db.EnsureAccount(t.Context(), &accounts.Account{Kind: accounts.Person, Email: fmt.Sprintf("p%d@example.it", i), PasswordHash: "!",
			Name: "P", TaxCode: "RSSMRA80A01H501U", CreatedAt: now})
		if err != nil {
			t.Fatal(err)
		}
		*to = a.ID
	}
	return w
}

// ready makes a draft that can be sealed.
func (w *world) ready(t testing.TB, seed uint64) accounts.Application {
	t.Helper()
	m, _ := w.models.Newest("B2020")
	a, err := w.Begin(t.Context(), w.mine, w.day, "B2020")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Save(t.Context(), &a, m, a.Revision, sample.Of(sample.New(seed), m, sample.Person, w.Today())); err != nil {
		t.Fatal(err)
	}
	if a.State != clickday.Ready {
		t.Fatalf("state %s", a.State)
	}
	return a
}

func TestCopies(t *testing.T) {
	w := newWorld(t)
	a := w.ready(t, 1)
	m, _ := w.models.Newest("B2020")
	from := &drafts.Origin{Model: m, Answers: a.Answers}
	for how, want := range map[forms.Carry][3]bool{ // employer, contract, worker
		forms.CarryAll: {true, true, true}, forms.CarryEmployer: {true, false, false}, forms.CarryContract: {true, true, false},
	} {
		c, plan, err := w.Copy(t.Context(), w.mine, from, w.day, "B2020", how)
		if err != nil {
			t.Fatal(err)
		}
		got, _, err := w.Read(t.Context(), w.mine, c.ID)
		if err != nil || got.State != clickday.ToComplete || got.State != plan.State {
			t.Fatalf("%s: %s, %v", how, got.State, err)
		}
		has := [3]bool{got.Answers["employer_pec"] != "", got.Answers["contract_pay"] != "", got.Answers["worker_passport"] != ""}
		if has != want || got.Answers["declares_truth"] != "" || got.ID == a.ID {
			t.Errorf("%s begins with %v", how, got.Answers)
		}
	}
	if _, _, err := w.Copy(t.Context(), w.mine, from, w.day, "VA", forms.CarryAll); !errors.Is(err, drafts.ErrModel) {
		t.Errorf("a model that the day does not take: %v", err)
	}
	c, plan, err := w.Copy(t.Context(), w.mine, from, w.day, "A-BIS", forms.CarryAll)
	if err != nil || c.Answers["worker_passport"] != a.Answers["worker_passport"] || len(plan.Left) == 0 {
		t.Errorf("to another model: %v, left %v, %v", c.Answers, plan, err)
	}
	w.clock.Advance(1000 * time.Hour)
	if _, _, err := w.Copy(t.Context(), w.mine, from, w.day, "B2020", forms.CarryAll); !errors.Is(err, drafts.ErrDay) {
		t.Errorf("a day that is over: %v", err)
	}
}

func TestSealingMany(t *testing.T) {
	w := newWorld(t)
	one, two, old := w.ready(t, 1), w.ready(t, 2), w.ready(t, 3)
	if list, err := w.db.ReadyApplications(t.Context(), w.mine, 5, 10); err != nil || len(list) != 3 {
		t.Fatalf("%d ready, %v", len(list), err)
	}
	n, refused := w.SealAll(t.Context(), w.mine, []drafts.Chosen{{ID: one.ID, Revision: one.Revision}, {ID: old.ID, Revision: 1}, {ID: two.ID, Revision: two.Revision}})
	if n != 2 || len(refused) != 1 || refused[0].ID != old.ID || !errors.Is(refused[0].Err, accounts.ErrChanged) {
		t.Errorf("sealed %d, refused %v", n, refused)
	}
	counts, err := w.db.DayCounts(t.Context(), w.mine)
	if err != nil || counts[5][clickday.Sealed] != 2 || counts[5][clickday.Ready] != 1 {
		t.Errorf("counts %v, %v", counts, err)
	}
	if n, refused := w.SealAll(t.Context(), w.other, []drafts.Chosen{{ID: old.ID, Revision: old.Revision}}); n != 0 || !errors.Is(refused[0].Err, accounts.ErrNotFound) {
		t.Errorf("another account sealed %d, %v", n, refused)
	}
}

func TestDeleting(t *testing.T) {
	w := newWorld(t)
	a := w.ready(t, 1)
	if err := w.Seal(t.Context(), w.mine, a.ID, a.Revision); err != nil {
		t.Fatal(err)
	}
	if err := w.Delete(t.Context(), w.mine, a.ID); !errors.Is(err, accounts.ErrState) {
		t.Errorf("a sealed one: %v", err)
	}
	if err := w.Reopen(t.Context(), w.mine, a.ID); err != nil {
		t.Fatal(err)
	}
	if err := w.Attach(t.Context(), w.mine, a.ID, "passport", "p.png", picture(t, 1)); err != nil {
		t.Fatal(err)
	}
	if err := w.Delete(t.Context(), w.other, a.ID); !errors.Is(err, accounts.ErrNotFound) {
		t.Errorf("somebody else's: %v", err)
	}
	if err := w.Delete(t.Context(), w.mine, a.ID); err != nil {
		t.Errorf("a re-opened one: %v", err)
	}
	if _, _, err := w.Read(t.Context(), w.mine, a.ID); !errors.Is(err, accounts.ErrNotFound) {
		t.Errorf("it is still there: %v", err)
	}
}

func picture(t testing.TB, width int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, width, 1))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestFilesAreBoundToTheSeal: what lies beside the document is written into the
// seal, and nothing changes below it.
func TestFilesAreBoundToTheSeal(t *testing.T) {
	w := newWorld(t)
	a := w.ready(t, 1)
	content := picture(t, 40)
	attach := func(kind string, b []byte) error {
		return w.Attach(t.Context(), w.mine, a.ID, kind, "../Foto \"1\".jpg", b)
	}
	for what, c := range map[string]struct {
		kind    string
		content []byte
		want    error
	}{"kind": {"diary", content, drafts.ErrKind}, "content": {"passport", []byte("MZ"), attachment.ErrType}} {
		if err := attach(c.kind, c.content); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", what, err, c.want)
		}
	}
	if err := attach("passport", content); err != nil {
		t.Fatal(err)
	}
	if err := attach("identity", content); !errors.Is(err, drafts.ErrTwice) {
		t.Errorf("the same file again: %v", err)
	}
	for i := 1; i < attachment.MaxFiles; i++ {
		if err := attach("identity", picture(t, i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := attach("identity", picture(t, 99)); !errors.Is(err, drafts.ErrTooMany) {
		t.Errorf("one too many: %v", err)
	}
	list, err := w.db.Files(t.Context(), w.mine, a.ID)
	if err != nil || len(list) != attachment.MaxFiles || list[0].Name != "Foto _1_.png" || list[0].Content != nil {
		t.Fatalf("%d files, %+v, %v", len(list), list[0], err)
	}
	if f, err := w.db.File(t.Context(), w.mine, a.ID, list[0].ID); err != nil || !bytes.Equal(f.Content, content) || f.SHA256 != sha256.Sum256(content) {
		t.Errorf("the file is %+v, %v", f, err)
	}
	if _, err := w.db.File(t.Context(), w.other, a.ID, list[0].ID); !errors.Is(err, accounts.ErrNotFound) {
		t.Errorf("somebody else reads it: %v", err)
	}
	if err := w.db.RemoveFile(t.Context(), w.other, a.ID, list[1].ID); !errors.Is(err, accounts.ErrNotFound) {
		t.Errorf("somebody else removes it: %v", err)
	}
	if err := w.db.RemoveFile(t.Context(), w.mine, a.ID, list[1].ID); err != nil {
		t.Error(err)
	}
	if err := w.Seal(t.Context(), w.mine, a.ID, a.Revision); err != nil {
		t.Fatal(err)
	}
	seal, err := w.db.CurrentSeal(t.Context(), w.mine, a.ID)
	line := fmt.Sprintf("%x passport %d Foto _1_.png\n", sha256.Sum256(content), len(content))
	if err != nil || !strings.HasPrefix(seal.Attachments, line) || strings.Count(seal.Attachments, "\n") != attachment.MaxFiles-1 {
		t.Errorf("the seal says %q, %v", seal.Attachments, err)
	}
	if err := w.db.RemoveFile(t.Context(), w.mine, a.ID, list[0].ID); !errors.Is(err, accounts.ErrState) {
		t.Errorf("removed below the seal: %v", err)
	}
	if err := attach("identity", picture(t, 98)); !errors.Is(err, accounts.ErrState) {
		t.Errorf("added below the seal: %v", err)
	}
}

// table writes a file of n applications, the last of which is wrong.
func (w *world) table(n int) []byte {
	m, _ := w.models.Newest("B2020")
	var list []bulk.Exported
	for i := range n {
		a := sample.Of(sample.New(uint64(i)), m, sample.Person, w.Today())
		if i == n-1 {
			a["contract_hours"] = "12"
		}
		list = append(list, bulk.Exported{Answers: a})
	}
	return bulk.Export(m, list, "it")
}

// file writes three good rows, other ones each time.
func (w *world) file(n *uint64) []byte {
	m, _ := w.models.Newest("B2020")
	var list []bulk.Exported
	for range 3 {
		*n++
		list = append(list, bulk.Exported{Answers: sample.Of(sample.New(*n), m, sample.Person, w.Today())})
	}
	return bulk.Export(m, list, "it")
}

func (w *world) count(t testing.TB) int {
	t.Helper()
	counts, err := w.db.DayCounts(t.Context(), w.mine)
	if err != nil {
		t.Fatal(err)
	}
	return counts[5][clickday.Ready]
}

func TestUploads(t *testing.T) {
	w := newWorld(t)
	file := w.table(20)
	u, again, err := w.Upload(t.Context(), w.mine, w.day, "B2020", "elenco.csv", file)
	if err != nil || again {
		t.Fatalf("first: %v, %v", again, err)
	}
	same, again, err := w.Upload(t.Context(), w.mine, w.day, "B2020", "copia.csv", file)
	if err != nil || !again || same.ID != u.ID || same.Applied() {
		t.Errorf("the same file: %v, %+v, %v", again, same, err)
	}
	if _, err := w.db.Upload(t.Context(), w.other, u.ID); !errors.Is(err, accounts.ErrNotFound) {
		t.Errorf("somebody else reads it: %v", err)
	}
	if err := w.Apply(t.Context(), &u, w.day); err != nil || u.Taken != 19 || u.Refused != 1 {
		t.Fatalf("apply: %+v, %v", u, err)
	}
	if err := w.Apply(t.Context(), &same, w.day); !errors.Is(err, drafts.ErrApplied) {
		t.Errorf("applied twice at a time: %v", err)
	}
	if u, err := w.Import(t.Context(), w.mine, w.day, "B2020", "elenco.csv", file); !errors.Is(err, drafts.ErrApplied) || u.Taken != 19 {
		t.Errorf("the same file later: %+v, %v", u, err)
	}
	counts, err := w.db.DayCounts(t.Context(), w.mine)
	if err != nil || counts[5][clickday.Ready] != 19 || len(counts[5]) != 1 {
		t.Errorf("%v, %v", counts, err)
	}
	list, err := w.db.ApplicationsTo(t.Context(), w.mine, 5, "B2020", 100)
	m, _ := w.models.Newest("B2020")
	if err != nil || len(list) != 19 || len(m.Check(list[3].Answers, w.Today())) > 0 || list[3].Revision != 1 {
		t.Errorf("%d drafts, %v", len(list), err)
	}
	if known, err := w.db.Passports(t.Context(), w.mine, 5); err != nil || !known[list[0].Answers[forms.PassportField]] {
		t.Errorf("passports %v, %v", known, err)
	}
	if all, err := w.db.Uploads(t.Context(), w.mine, 5); err != nil || len(all) != 1 || all[0].Content != nil || all[0].Taken != 19 {
		t.Errorf("uploads %+v, %v", all, err)
	}
}

// TestWhoLeavesTakesTablesAndFilesAlong: nothing of what was never sent is left.
func TestWhoLeavesTakesTablesAndFilesAlong(t *testing.T) {
	w := newWorld(t)
	a := w.ready(t, 1)
	if err := w.Attach(t.Context(), w.mine, a.ID, "passport", "p.png", picture(t, 1)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.Upload(t.Context(), w.mine, w.day, "B2020", "x.csv", w.table(2)); err != nil {
		t.Fatal(err)
	}
	letter := func(bool) notices.Letter {
		return notices.Letter{To: "p0@example.it", Lang: "it", Subject: "s", Text: "t", Key: "leave"}
	}
	if _, err := w.db.Leave(t.Context(), w.mine, now, letter); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"uploads", "attachments", "applications"} {
		var n int
		if err := w.db.Pool.QueryRow(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil || n != 0 {
			t.Errorf("%d rows are left in %s, %v", n, table, err)
		}
	}
}

func TestUploadsThatMakeNothing(t *testing.T) {
	w := newWorld(t)
	if u, err := w.Import(t.Context(), w.mine, w.day, "B2020", "x.csv", []byte("a;b\n1;2\n")); !errors.Is(err, drafts.ErrNothing) || u.Applied() {
		t.Errorf("a strange file: %+v, %v", u, err)
	}
	if _, err := w.Import(t.Context(), w.mine, w.day, "VA", "x.csv", w.table(2)); !errors.Is(err, drafts.ErrModel) {
		t.Errorf("a model that the day does not take: %v", err)
	}
	u, _, err := w.Upload(t.Context(), w.mine, w.day, "B2020", "x.csv", w.table(3))
	if err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(drafts.KeepUploads + time.Hour)
	if err := w.Apply(t.Context(), &u, w.day); !errors.Is(err, drafts.ErrDay) {
		t.Errorf("a day that is over: %v", err)
	}
	later := *w.day
	later.Closes = w.clock.Now().Add(time.Hour).UnixNano()
	if _, _, err := w.Upload(t.Context(), w.mine, &later, "B2020", "y.csv", w.table(4)); err != nil {
		t.Fatal(err)
	}
	old, err := w.db.Upload(t.Context(), w.mine, u.ID)
	if err != nil || old.Content != nil {
		t.Errorf("the old file is still there: %v", err)
	}
	if err := w.Apply(t.Context(), &old, &later); !errors.Is(err, drafts.ErrExpired) {
		t.Errorf("an expired file: %v", err)
	}
}

// TestImportIsCutOff: a connection that is cut at any step of applying, before or
// after the server has done it, leaves all drafts or none; trying again ends with
// all of them once.
func TestImportIsCutOff(t *testing.T) {
	url := pgtest.URL(t)
	cutter, through := pgtest.NewCutter(t, url, func(sql string) string { return sql })
	open := func(url string) *postgres.DB {
		db, err := postgres.Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(db.Close)
		return db
	}
	w := newWorldOn(t, open(url))
	cut := drafts.New(open(through), w.models, w.clock, time.UTC)
	const rows = 3
	done, files := 0, uint64(0)
	for _, applied := range []bool{false, true} {
		for step := 1; ; step++ {
			if step > 20 {
				t.Fatal("applying does not come to an end")
			}
			u, _, err := w.Upload(t.Context(), w.mine, w.day, "B2020", "x.csv", w.file(&files))
			if err != nil {
				t.Fatal(err)
			}
			cutter.Arm(step, applied)
			first := cut.Apply(t.Context(), &u, w.day)
			last := len(cutter.Seen()) < step
			cutter.Arm(0, false)
			if first == nil != last {
				t.Fatalf("cut at step %d (applied: %v) of %q: %v", step, applied, cutter.Seen(), first)
			}
			n := w.count(t)
			if all := done + rows; n != done && n != all {
				t.Fatalf("cut at step %d (applied: %v): %d drafts, want %d or %d", step, applied, n, done, all)
			}
			again, err := w.db.Upload(t.Context(), w.mine, u.ID)
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Apply(t.Context(), &again, w.day); err != nil && !errors.Is(err, drafts.ErrApplied) {
				t.Fatal(err)
			}
			done += rows
			if n := w.count(t); n != done {
				t.Fatalf("after trying again: %d drafts, want %d", n, done)
			}
			if last {
				break
			}
		}
	}
}

func BenchmarkImport(b *testing.B) {
	w := newWorld(b)
	m, _ := w.models.Newest("B2020")
	var n int
	for b.Loop() {
		b.StopTimer()
		var list []bulk.Exported
		for range 1000 {
			n++
			list = append(list, bulk.Exported{Answers: sample.Of(sample.New(uint64(n)), m, sample.Person, w.Today())})
		}
		file := bulk.Export(m, list, "it")
		b.StartTimer()
		if _, err := w.Import(b.Context(), w.mine, w.day, "B2020", "x.csv", file); err != nil {
			b.Fatal(err)
		}
	}
}
