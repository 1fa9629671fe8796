package admission

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/prometheus/client_golang/prometheus"

	"puntuale/internal/batch"
	"puntuale/internal/clickday"
	"puntuale/internal/forms"
	"puntuale/internal/postgres/admissiontest"
	"puntuale/internal/postgres/pgtest"
	"puntuale/internal/wire"
)

// scene is one sealed application that could be sent rightly.
type scene struct {
	*admissiontest.Office
	t       *testing.T
	account clickday.AccountID
	device  ed25519.PrivateKey
	sealed  *admissiontest.Sealed
}

func newScene(t *testing.T) *scene {
	s := &scene{Office: admissiontest.New(t, pgtest.New(t)), t: t}
	s.account, s.device = s.Account("anna@example.it")
	s.sealed = s.Seal(s.account, s.device)
	return s
}

func (s *scene) judge(store Store) *Judge {
	s.t.Helper()
	j, err := New(Config{
		Store: store, Models: s.Models, Tickets: s.Tickets, CalendarKey: s.CalendarKey,
		Log: slog.New(slog.DiscardHandler), Metrics: NewMetrics(prometheus.NewRegistry()),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(j.Close)
	return j
}

func (s *scene) right() []byte { return s.Envelope(&s.sealed.Ticket, s.sealed.Document, s.device) }

// resealed freezes changed content as the portal might have, with seal and ticket.
func (s *scene) resealed(change func(d *forms.Document)) []byte {
	s.t.Helper()
	d := s.sealed.Content
	change(&d)
	document, digest, err := forms.Freeze(&d)
	if err != nil {
		s.t.Fatal(err)
	}
	s.Exec("UPDATE seals SET document = $1, digest = $2", document, digest[:])
	t := s.sealed.Ticket
	t.Digest = digest
	return s.Envelope(&t, document, s.device)
}

func (s *scene) ticket(change func(t *wire.Ticket)) []byte {
	t := s.sealed.Ticket
	change(&t)
	return s.Envelope(&t, s.sealed.Document, s.device)
}

var arrived = admissiontest.Opens.Add(1234567 * time.Nanosecond)

// envelopes are made in a scene of their own, sent at arrived, and accepted
// where no code is wanted.
var envelopes = map[string]struct {
	make func(s *scene) []byte
	want clickday.Code
}{
	"right": {make: (*scene).right},
	"right, without a compression dictionary": {make: func(s *scene) []byte {
		compressed, err := wire.Compress(s.sealed.Document, wire.Dictionary{})
		if err != nil {
			s.t.Fatal(err)
		}
		return s.EnvelopeOf(wire.SealTicket(&s.sealed.Ticket, s.Tickets.Keys[1]), 0, compressed, s.device)
	}},
	"superseded after it arrived": {make: func(s *scene) []byte {
		s.Exec("UPDATE seals SET superseded_at = $1", arrived.Add(time.Millisecond))
		return s.right()
	}},
	"device revoked after it arrived": {make: func(s *scene) []byte {
		s.Exec("UPDATE devices SET revoked_at = $1", arrived.Add(time.Millisecond))
		return s.right()
	}},
	"garbage": {func(*scene) []byte { return bytes.Repeat([]byte("x"), 300) }, clickday.CodeMalformed},
	"cut":     {func(s *scene) []byte { e := s.right(); return e[:len(e)-1] }, clickday.CodeTruncated},
	"ticket of somebody else's making": {func(s *scene) []byte {
		ticket := wire.SealTicket(&s.sealed.Ticket, bytes.Repeat([]byte{9}, 32))
		return s.EnvelopeOf(ticket, 0, nil, s.device)
	}, clickday.CodeTicketInvalid},
	"ticket with an unknown key": {func(s *scene) []byte { return s.ticket(func(t *wire.Ticket) { t.KeyID = 7 }) }, clickday.CodeTicketKey},
	"ticket too old": {func(s *scene) []byte {
		return s.ticket(func(t *wire.Ticket) { t.NotAfter = arrived.Unix() - 1 })
	}, clickday.CodeTicketExpired},
	"signed by another device": {func(s *scene) []byte {
		return s.Envelope(&s.sealed.Ticket, s.sealed.Document, s.Device(s.account))
	}, clickday.CodeSignature},
	"document edited": {func(s *scene) []byte {
		d := s.sealed.Content
		d.Answers = forms.Answers{"employer_kind": "person"}
		edited, _, err := forms.Freeze(&d)
		if err != nil {
			s.t.Fatal(err)
		}
		return s.Envelope(&s.sealed.Ticket, edited, s.device)
	}, clickday.CodeDigest},
	"document not compressed": {func(s *scene) []byte {
		return s.EnvelopeOf(wire.SealTicket(&s.sealed.Ticket, s.Tickets.Keys[1]), 0, []byte("not zstd"), s.device)
	}, clickday.CodeDecompression},
	"document that swells": {func(s *scene) []byte {
		enc, err := zstd.NewWriter(nil, zstd.WithSingleSegment(true))
		if err != nil {
			s.t.Fatal(err)
		}
		bomb := enc.EncodeAll(make([]byte, wire.DocumentMax), nil)
		return s.EnvelopeOf(wire.SealTicket(&s.sealed.Ticket, s.Tickets.Keys[1]), 0, bomb, s.device)
	}, clickday.CodeDecompression},
	"document of another kind": {func(s *scene) []byte {
		t := s.sealed.Ticket
		t.Digest = sha256.Sum256([]byte("hello"))
		return s.Envelope(&t, []byte("hello"), s.device)
	}, clickday.CodeDocument},
	"document for another click day": {func(s *scene) []byte {
		return s.resealed(func(d *forms.Document) { d.Day = 2 })
	}, clickday.CodeDayMismatch},
	"document of another model": {func(s *scene) []byte {
		return s.resealed(func(d *forms.Document) { d.Model = "A" })
	}, clickday.CodeWrongModel},
	"document of another seal": {func(s *scene) []byte {
		return s.resealed(func(d *forms.Document) { d.SealVersion = 2 })
	}, clickday.CodeDigest},
	"document of another application": {func(s *scene) []byte {
		return s.resealed(func(d *forms.Document) { d.Application[0]++ })
	}, clickday.CodeDigest},
	"document against the rules": {func(s *scene) []byte {
		return s.resealed(func(d *forms.Document) { d.Answers = forms.Answers{"employer_kind": "person"} })
	}, clickday.CodeDocument},
	"day unknown": {func(s *scene) []byte {
		return s.resealedFor(2, "B")
	}, clickday.CodeUnknownDay},
	"seal unknown": {func(s *scene) []byte {
		s.Exec("DELETE FROM seals")
		return s.right()
	}, clickday.CodeUnknownSeal},
	"seal with another digest": {func(s *scene) []byte {
		s.Exec("UPDATE seals SET digest = $1", make([]byte, 32))
		return s.right()
	}, clickday.CodeDigest},
	"application of somebody else": {func(s *scene) []byte {
		other, device := s.Account("bruno@example.it")
		t := s.sealed.Ticket
		t.Account, t.Device = other, [32]byte(device.Public().(ed25519.PublicKey))
		return s.Envelope(&t, s.sealed.Document, device)
	}, clickday.CodeUnknownSeal},
	"superseded when it arrived": {func(s *scene) []byte {
		s.Exec("UPDATE seals SET superseded_at = $1", arrived.Add(-time.Millisecond))
		return s.right()
	}, clickday.CodeStaleSeal},
	"device unknown": {func(s *scene) []byte {
		s.Exec("DELETE FROM devices")
		return s.right()
	}, clickday.CodeDeviceRevoked},
	"device of another account": {func(s *scene) []byte {
		other, _ := s.Account("bruno@example.it")
		s.Exec("UPDATE devices SET account_id = $1", other)
		return s.right()
	}, clickday.CodeDeviceRevoked},
	"device revoked when it arrived": {func(s *scene) []byte {
		s.Exec("UPDATE devices SET revoked_at = $1", arrived.Add(-time.Millisecond))
		return s.right()
	}, clickday.CodeDeviceRevoked},
}

func TestEveryReasonToRefuse(t *testing.T) {
	for name, c := range envelopes {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			records := []batch.Record{admissiontest.Record(c.make(s), arrived, 1)}
			got, err := s.judge(s.DB).Judge(t.Context(), records)
			if err != nil || len(got) != 1 {
				t.Fatalf("%d submissions, %v", len(got), err)
			}
			want := clickday.Refused
			if c.want == "" {
				want = clickday.Queued
			}
			if g := got[0]; g.State != want || g.Reason != c.want || g.Stamp != records[0].Leaf.Stamp || g.ID != records[0].Leaf.ID {
				t.Fatalf("%s, reason %q, stamp %+v; want %s, %q", g.State, g.Reason, g.Stamp, want, c.want)
			}
		})
	}
}

// resealedFor is a coherent application for another day or model.
func (s *scene) resealedFor(day clickday.DayID, model clickday.ModelCode) []byte {
	s.sealed.Ticket.Day, s.sealed.Ticket.Model = day, model
	return s.resealed(func(d *forms.Document) { d.Day, d.Model = day, model })
}

// TestClaimsOfAnInvalidTicketAreNotBelieved keeps other people's accounts clean.
func TestClaimsOfAnInvalidTicketAreNotBelieved(t *testing.T) {
	s := newScene(t)
	ticket := wire.SealTicket(&s.sealed.Ticket, bytes.Repeat([]byte{9}, 32))
	got, err := s.judge(s.DB).Judge(t.Context(), []batch.Record{admissiontest.Record(s.EnvelopeOf(ticket, 0, nil, s.device), arrived, 1)})
	if err != nil || got[0].Account != 0 || got[0].Application != (clickday.ApplicationID{}) {
		t.Fatalf("account %d, application %s, %v", got[0].Account, got[0].Application, err)
	}
}

// failing is a store of which one call fails.
type failing struct {
	Store
	call string
}

var errDown = errors.New("down")

func (f failing) SealFacts(ctx context.Context, refs []clickday.SealRef) (map[clickday.SealRef]clickday.SealFact, error) {
	if f.call == "seals" {
		return nil, errDown
	}
	return f.Store.SealFacts(ctx, refs)
}

func (f failing) DeviceFacts(ctx context.Context, ids [][32]byte) (map[[32]byte]clickday.DeviceFact, error) {
	if f.call == "devices" {
		return nil, errDown
	}
	return f.Store.DeviceFacts(ctx, ids)
}

func (f failing) SignedCalendar(ctx context.Context) ([]byte, error) {
	if f.call == "calendar" {
		return nil, errDown
	}
	return f.Store.SignedCalendar(ctx)
}

// TestNobodyIsRefusedForOurFault: without facts there is no judgement.
func TestNobodyIsRefusedForOurFault(t *testing.T) {
	s := newScene(t)
	records := []batch.Record{admissiontest.Record(s.right(), arrived, 1)}
	for _, call := range []string{"seals", "devices", "calendar"} {
		if _, err := s.judge(failing{s.DB, call}).Judge(t.Context(), records); !errors.Is(err, errDown) {
			t.Errorf("%s fail: %v", call, err)
		}
	}
	unknown := s.ticket(func(t *wire.Ticket) { t.ModelVersion = 99 })
	_, err := s.judge(s.DB).Judge(t.Context(), []batch.Record{admissiontest.Record(unknown, arrived, 1)})
	if !errors.Is(err, ErrUnknownModel) {
		t.Errorf("a model that only the portal knows: %v", err)
	}
	s.Exec("UPDATE calendars SET signed = $1", []byte("PCA1 and then nonsense"))
	if _, err := s.judge(s.DB).Judge(t.Context(), records); err == nil {
		t.Error("judged without a calendar")
	}
}

// TestABatchIsJudgedRecordByRecord keeps the order and mixes outcomes.
func TestABatchIsJudgedRecordByRecord(t *testing.T) {
	s := newScene(t)
	var records []batch.Record
	for i := range 40 {
		e := s.right()
		switch i % 4 {
		case 1:
			e = s.ticket(func(t *wire.Ticket) { t.SealVersion = 7 })
		case 2:
			next := s.Seal(s.account, s.device)
			e = s.Envelope(&next.Ticket, next.Document, s.device)
		}
		records = append(records, admissiontest.Record(e, arrived.Add(time.Duration(i)), uint64(i+1)))
	}
	got, err := s.judge(s.DB).Judge(t.Context(), records)
	if err != nil {
		t.Fatal(err)
	}
	for i, g := range got {
		if g.ID != records[i].Leaf.ID || (g.State == clickday.Refused) != (i%4 == 1) {
			t.Errorf("record %d: %s %s", i, g.State, g.Reason)
		}
	}
}

func BenchmarkJudge(b *testing.B) {
	o := admissiontest.New(b, pgtest.New(b))
	account, device := o.Account("anna@example.it")
	var records []batch.Record
	for i := range 2000 {
		s := o.Seal(account, device)
		records = append(records, admissiontest.Record(o.Envelope(&s.Ticket, s.Document, device), arrived, uint64(i+1)))
	}
	j, err := New(Config{
		Store: o.DB, Models: o.Models, Tickets: o.Tickets, CalendarKey: o.CalendarKey,
		Log: slog.New(slog.DiscardHandler), Metrics: NewMetrics(prometheus.NewRegistry()),
	})
	if err != nil {
		b.Fatal(err)
	}
	defer j.Close()
	for b.Loop() {
		got, err := j.Judge(b.Context(), records)
		if err != nil || got[0].State != clickday.Queued {
			b.Fatal(got[0].Reason, err)
		}
	}
	b.ReportMetric(float64(len(records)*b.N)/b.Elapsed().Seconds(), "records/s")
}

// TestThePassportOfTheWorkerIsHandedOn, and every model has it where it is sought.
func TestThePassportOfTheWorkerIsHandedOn(t *testing.T) {
	s := newScene(t)
	good := admissiontest.Record(s.right(), arrived, 1)
	bad := admissiontest.Record(s.ticket(func(t *wire.Ticket) { t.SealVersion = 7 }), arrived, 2)
	got, err := s.judge(s.DB).Judge(t.Context(), []batch.Record{good, bad})
	if want := s.sealed.Content.Answers[passportField]; err != nil || want == "" || got[0].Passport != want || got[1].Passport != "" {
		t.Fatalf("passports %q and %q, want %q and none, %v", got[0].Passport, got[1].Passport, want, err)
	}
	for _, m := range s.Models.All() {
		found := false
		for i := range m.Pages {
			for k := range m.Pages[i].Fields {
				f := &m.Pages[i].Fields[k]
				found = found || f.ID == passportField && f.Type == forms.TypePassport
			}
		}
		if !found {
			t.Errorf("model %s %d does not ask for the passport as %s", m.Code, m.Version, passportField)
		}
	}
}
