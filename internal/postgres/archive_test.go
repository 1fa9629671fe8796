package postgres_test

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"puntuale/internal/accounts"
	shelf "puntuale/internal/archive"
	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/forms/sample"
)

func TestImport(t *testing.T) {
	s := newShelf(t, 2)
	const file = "\xef\xbb\xbfreference;email;model;sent_at;state;number;employer;worker_surname;worker_name;nationality;worker_passport\n" +
		"1;u0@example.it;B;31/01/2011 08:00:01,5;accepted;K/1;\"Rossi; & figli\";Khan;Ali;Pakistan;AB1\n" +
		"2;U1@Example.it;c-stag;2011-02-02T08:00:00+01:00;;;Verdi;Li;Wei;Z210;\n" +
		"3;nobody@example.it;B;31/01/2011;;;;;;;\n" +
		"1;u0@example.it;B;31/01/2011;;;;;;;\n" +
		"4;u0@example.it;B;ieri;;;;;;;\n" +
		"5;u0@example.it;B;31/01/2011;perso;;;;;;\n" +
		"6;u0@example.it;B;31/01/2011;;;;;;Atlantide;\n" +
		";u0@example.it;B;31/01/2011;;;;;;;\n" +
		"7;u0@example.it;B!;31/01/2011;;;;;;;\n"
	run := func(text string, check bool) (shelf.Summary, string) {
		t.Helper()
		var report strings.Builder
		im := shelf.Import{Store: s.db, Clock: clock.NewFake(monday), Source: "SUI", Errors: &report, Check: check, Batch: 2}
		sum, err := im.Run(context.Background(), strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		return sum, report.String()
	}
	if sum, _ := run(file, true); sum.Added != 0 || sum.Wrong != 7 {
		t.Errorf("check: %+v", sum)
	}
	sum, report := run(file, false)
	if sum != (shelf.Summary{Rows: 9, Stored: shelf.Stored{Added: 2}, Wrong: 7}) {
		t.Errorf("first: %+v", sum)
	}
	for _, want := range []string{"line,reference,column,error", "4,3,email,no account", "5,1,reference,", "6,4,sent_at,", "7,5,state,", "8,6,nationality,", "9,,reference,", "10,7,model,"} {
		if !strings.Contains(report, want) {
			t.Errorf("the report lacks %q:\n%s", want, report)
		}
	}
	if sum, _ = run(file, false); sum.Added != 0 || sum.Changed != 0 || sum.Same != 2 {
		t.Errorf("again: %+v", sum)
	}
	if sum, _ = run(strings.Replace(file, "Verdi", "Bianchi", 1), false); sum.Changed != 1 || sum.Same != 1 {
		t.Errorf("changed: %+v", sum)
	}
	if got := s.find(1, shelf.Query{Words: shelf.WordsOf("bianchi cina")}); len(got) != 1 {
		t.Errorf("after the change: %q", got)
	}
	r, err := s.db.Archived(context.Background(), s.accounts[0], shelf.IDOf("SUI", "1"))
	if err != nil {
		t.Fatal(err)
	}
	if r.Year != 2011 || r.Worker != "Khan Ali" || r.Nationality != "Z236" || r.Answers["worker_passport"] != "AB1" || r.Employer != "Rossi; & figli" ||
		!r.SentAt.Equal(time.Date(2011, 1, 31, 7, 0, 1, 500_000_000, time.UTC)) {
		t.Errorf("stored %+v", r)
	}
	for _, head := range []string{"", "reference;email;model", "reference;reference;email;model;sent_at", "reference;email;model;sent_at;Che cosa?"} {
		im := shelf.Import{Store: s.db, Clock: clock.NewFake(monday), Source: "SUI", Errors: io.Discard}
		if _, err := im.Run(context.Background(), strings.NewReader(head)); err == nil {
			t.Errorf("a file that begins %q is taken", head)
		}
	}
}

func TestTimeline(t *testing.T) {
	s := newShelf(t, 2)
	ctx := context.Background()
	id := s.draft(0, "B", sample.ModelB(sample.New(1), sample.Person), monday)
	at := func(h int) time.Time { return monday.Add(time.Duration(h) * time.Hour) }
	s.exec("INSERT INTO devices (account_id, public_key, name, created_at) VALUES ($1, '\\x01', 'Ufficio', $2)", s.accounts[0], monday)
	freeze := func(*accounts.Application, uint32) ([]byte, clickday.Digest, error) {
		return []byte{1}, clickday.Digest{}, nil
	}
	if err := s.db.SealApplication(ctx, s.accounts[0], id, 1, at(1), freeze); err != nil {
		t.Fatal(err)
	}
	for _, h := range []int{2, 3} {
		if err := s.db.NoteSync(ctx, s.accounts[0], 1, at(1), at(h)); err != nil {
			t.Fatal(err)
		}
	}
	var syncs int
	if err := s.db.Pool.QueryRow(ctx, "SELECT count(*) FROM device_syncs").Scan(&syncs); err != nil || syncs != 1 {
		t.Errorf("%d syncs on record, want the first alone (%v)", syncs, err)
	}
	if err := s.db.ReopenApplication(ctx, s.accounts[0], id, clickday.Ready, at(4)); err != nil {
		t.Fatal(err)
	}
	if err := s.db.SealApplication(ctx, s.accounts[0], id, 3, at(5), freeze); err != nil {
		t.Fatal(err)
	}
	s.exec(`INSERT INTO submissions (id, application_id, seal_version, click_day_id, account_id, model, model_version, device, digest,
		arrived, source, clock, bound, node, journal, sequence, state, number, ingested_at, sequenced_at)
		VALUES ('\x01', $1, 2, 1, $2, 'B', 1, '\x01', '\x01', $3, 0, 0, 0, 1, 1, 1, 'receipted', 7, $4, $4)`, [16]byte(id), s.accounts[0], at(6).UnixNano()+123456789, at(7))
	s.exec("INSERT INTO receipts VALUES ('\\x01', 'PDF', '\\x01', $1)", at(8))
	events, err := s.db.Timeline(ctx, s.accounts[0], id)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range events {
		got = append(got, fmt.Sprint(e.Kind, e.Version, e.Detail))
		if e.Kind == shelf.Arrived && (!e.Exact || e.At.UnixNano() != at(6).UnixNano()+123456789) {
			t.Errorf("arrival %v", e.At)
		}
	}
	want := []string{"created0", "sealed1", "synced1Ufficio", "reopened1", "sealed2", "arrived2", "numbered2FLUSSI-2027", "receipted0"}
	if !slices.Equal(got, want) {
		t.Errorf("timeline\n%q, want\n%q", got, want)
	}
	if events, err := s.db.Timeline(ctx, s.accounts[1], id); err != nil || len(events) > 0 {
		t.Errorf("another account sees %v, %v", events, err)
	}
	n := 0
	each := func(*shelf.Receipt) error { n++; return nil }
	for _, who := range s.accounts {
		if err := s.db.ReceiptsOf(ctx, who, at(0), at(24), each); err != nil {
			t.Fatal(err)
		}
	}
	if n != 1 {
		t.Errorf("%d receipts of two accounts, want 1", n)
	}
}
