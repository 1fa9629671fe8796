package loadprep

import (
	"bytes"
	"context"
	"crypto/sha256"
	"testing"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/forms"
	"puntuale/internal/loadprep/stock"
	"puntuale/internal/loadrun"
	"puntuale/internal/profile"
	"puntuale/internal/wire"
)

// shelf keeps what is stored.
type shelf struct {
	accounts     []stock.Account
	applications map[clickday.ApplicationID]stock.Application
}

func (s *shelf) StockAccounts(_ context.Context, list []stock.Account, _ time.Time) ([]clickday.AccountID, error) {
	var ids []clickday.AccountID
	for _, a := range list {
		s.accounts = append(s.accounts, a)
		ids = append(ids, clickday.AccountID(len(s.accounts)))
	}
	return ids, nil
}

func (s *shelf) StockApplications(_ context.Context, _ clickday.DayID, list []stock.Application) error {
	for _, a := range list {
		s.applications[a.ID] = a
	}
	return nil
}

func (s *shelf) StockReady(context.Context) error { return nil }

type ring map[uint32][]byte

func (r ring) TicketKey(id uint32) []byte { return r[id] }

func TestEnvelopesAreWhatTheInstallationExpects(t *testing.T) {
	models, err := forms.Load()
	if err != nil {
		t.Fatal(err)
	}
	p, err := profile.Load("P3")
	if err != nil {
		t.Fatal(err)
	}
	p.Mix.Bad = 0.1
	plan := p.Plan(profile.Options{Scale: 0.002, Until: 5 * time.Second, Seed: 5})
	part, err := loadrun.NewPart(t.TempDir(), 0)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 22, 7, 0, 0, 0, time.UTC)
	key := bytes.Repeat([]byte{7}, 32)
	s := &shelf{applications: map[clickday.ApplicationID]stock.Application{}}
	kit := Kit{Run: "t", Day: 9, TicketID: 3, TicketKey: key, NotAfter: now.Add(time.Hour), Now: now, Seed: 5, Models: models, Store: s}
	counts, err := Prepare(t.Context(), plan, kit, part)
	if err != nil {
		t.Fatal(err)
	}
	if want := plan.ModelCounts(); len(counts) != len(want) || len(counts) < 10 {
		t.Errorf("%d models, want %d", len(counts), len(want))
	}
	for _, c := range counts {
		if c.Envelopes != plan.ModelCounts()[c.Code] || c.Smallest < 500 || c.Median < c.Smallest || c.Largest < c.Median || c.Largest > 2500 {
			t.Errorf("model %+v", c)
		}
	}
	entries, err := part.Entries()
	if err != nil || len(entries) != len(plan.Of) {
		t.Fatalf("%d envelopes for %d applications, %v", len(entries), len(plan.Of), err)
	}
	file, err := part.Envelopes()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var dictionaries []wire.Dictionary
	for _, m := range models.All() {
		dictionaries = append(dictionaries, m.Dictionary())
	}
	open, err := wire.NewDecompressor(dictionaries...)
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	seen := map[loadrun.Badness]int{}
	for i, e := range entries {
		b := make([]byte, e.Size)
		if _, err := file.ReadAt(b, e.Offset); err != nil {
			t.Fatal(err)
		}
		bad := plan.Bad[i]
		seen[bad]++
		v, err := wire.ParseEnvelope(b)
		if err != nil || e.Submission != sha256.Sum256(b) || e.Application != v.Ticket.Application {
			t.Fatalf("envelope %d: %v", i, err)
		}
		if err := wire.CheckTicket(v.TicketBytes, &v.Ticket, ring{3: key}, now); (err == nil) != (bad != loadrun.BadTicket) {
			t.Errorf("envelope %d, bad %s: ticket %v", i, bad, err)
		}
		if err := v.CheckSignature(); (err == nil) != (bad != loadrun.BadSignature) {
			t.Errorf("envelope %d, bad %s: signature %v", i, bad, err)
		}
		doc, err := open.Document(&v)
		if err != nil || sha256.Sum256(doc) != v.Ticket.Digest {
			t.Errorf("envelope %d: its document is not the one of its ticket: %v", i, err)
		}
		sealable(t, models, plan.Models[plan.Model[i]], doc, now)
		a, known := s.applications[e.Application]
		if known != (bad != loadrun.BadTicket && bad != loadrun.BadDay) || (v.Ticket.Day == 9) != (bad != loadrun.BadDay) {
			t.Errorf("envelope %d, bad %s: known %t, day %d", i, bad, known, v.Ticket.Day)
		}
		if known && bad != loadrun.BadSeal && (a.Digest != v.Ticket.Digest || a.Stale != nil || a.Account != e.Account) {
			t.Errorf("envelope %d: the record has another seal", i)
		}
		if bad == loadrun.BadSeal && (a.StaleSum != v.Ticket.Digest || a.SealVersion() != 2 || a.Digest == v.Ticket.Digest) {
			t.Errorf("envelope %d: its seal is not stale", i)
		}
	}
	for _, b := range []loadrun.Badness{loadrun.NotBad, loadrun.BadTicket, loadrun.BadDay, loadrun.BadSignature, loadrun.BadSeal} {
		if seen[b] == 0 {
			t.Errorf("no envelope of badness %q", b)
		}
	}
	if len(s.accounts) != len(plan.Senders) {
		t.Errorf("%d accounts for %d senders", len(s.accounts), len(plan.Senders))
	}
}

// sealable checks that a document is of the model planned and that nothing is
// wrong with its answers.
func sealable(t *testing.T, models *forms.Catalogue, code clickday.ModelCode, doc []byte, now time.Time) {
	t.Helper()
	d, err := forms.Thaw(doc)
	if err != nil || d.Model != code {
		t.Fatalf("a document of model %s, want %s: %v", d.Model, code, err)
	}
	m, ok := models.Model(d.Model, d.ModelVersion)
	if !ok {
		t.Fatalf("no model %s version %d", d.Model, d.ModelVersion)
	}
	if issues := m.Check(d.Answers, now); len(issues) > 0 {
		t.Errorf("model %s: %+v", code, issues[0])
	}
}
