package loadprep

import (
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/forms"
	"puntuale/internal/loadprep/stock"
	"puntuale/internal/loadrun"
	"puntuale/internal/profile"
	"puntuale/internal/wire"
)

const (
	// variety is how many different sets of answers there are of each model at most; every
	// document differs all the same, by its application.
	variety = 150
	// portion is how many applications are made and stored at a time.
	portion = 2000
)

// maker makes envelopes; safe for concurrent use once it is made.
type maker struct {
	Kit
	plan     *profile.Plan
	salt     uint64 // so that two runs with the same seed are of different applications
	forms    []*form
	devices  []ed25519.PrivateKey
	accounts []clickday.AccountID
}

// made is one envelope with what belongs to it.
type made struct {
	envelope []byte
	entry    loadrun.Entry
	stock    stock.Application
	known    bool // the installation is to know the application
}

// Prepare stores what the installation must know and writes the envelopes of the
// plan into the part.
// It returns what there is of each model, by code.
func Prepare(ctx context.Context, plan *profile.Plan, k Kit, part *loadrun.Part) ([]loadrun.ModelCount, error) {
	m, err := newMaker(plan, k)
	if err != nil {
		return nil, err
	}
	if err := m.senders(ctx); err != nil {
		return nil, err
	}
	out, err := part.NewEnvelopeWriter()
	if err != nil {
		return nil, err
	}
	for from := 0; from < len(plan.Of); from += portion {
		if err := m.portion(ctx, out, from, min(from+portion, len(plan.Of))); err != nil {
			out.Close() // it has not gone well before
			return nil, err
		}
	}
	if err := out.Close(); err != nil {
		return nil, err
	}
	return m.counts(), k.Store.StockReady(ctx)
}

func newMaker(plan *profile.Plan, k Kit) (*maker, error) {
	if len(k.TicketKey) == 0 || k.Models == nil || k.Store == nil {
		return nil, errKit
	}
	m := &maker{Kit: k, plan: plan}
	h := fnv.New64a()
	h.Write([]byte(k.Run)) // it never fails
	m.salt = h.Sum64()
	envelopes := plan.ModelCounts()
	for _, code := range plan.Models {
		f, err := newForm(&k, code, envelopes[code])
		if err != nil {
			return nil, err
		}
		m.forms = append(m.forms, f)
	}
	return m, nil
}

// senders makes an account and a device for each sender.
func (m *maker) senders(ctx context.Context) error {
	list := make([]stock.Account, len(m.plan.Senders))
	m.devices = make([]ed25519.PrivateKey, len(list))
	for i := range list {
		public, private, err := ed25519.GenerateKey(nil)
		if err != nil {
			return fmt.Errorf("loadprep: %w", err)
		}
		m.devices[i] = private
		a := &list[i]
		a.Kind, a.Name, a.TaxCode = accounts.Intermediary, fmt.Sprintf("Patronato di prova %d", i+1), fmt.Sprintf("8%010d", i)
		if m.plan.Senders[i].Private {
			a.Kind, a.Name, a.TaxCode = accounts.Person, fmt.Sprintf("Persona di prova %d", i+1), "RSSMRA80A01H501U"
		}
		a.Email = fmt.Sprintf("prova-%d.%s@example.it", i+1, m.Run)
		copy(a.Device[:], public)
	}
	for from := 0; from < len(list); from += portion {
		ids, err := m.Store.StockAccounts(ctx, list[from:min(from+portion, len(list))], m.Now)
		if err != nil {
			return err
		}
		m.accounts = append(m.accounts, ids...)
	}
	return nil
}

// portion makes, stores and writes some envelopes.
func (m *maker) portion(ctx context.Context, out *loadrun.EnvelopeWriter, from, to int) error {
	list := make([]made, to-from)
	order := m.byModel(from, to)
	group, gctx := errgroup.WithContext(ctx)
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		group.Go(func() error {
			for at := w; at < len(order); at += workers {
				if err := gctx.Err(); err != nil {
					return err
				}
				i := order[at] - from
				if err := m.one(&list[i], from+i); err != nil {
					return fmt.Errorf("loadprep: envelope %d: %w", from+i, err)
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	known := make([]stock.Application, 0, len(list))
	for i := range list {
		out.Add(list[i].envelope, list[i].entry)
		f := m.forms[m.plan.Model[from+i]]
		f.sizes = append(f.sizes, uint16(min(len(list[i].envelope), math.MaxUint16)))
		if list[i].known {
			known = append(known, list[i].stock)
		}
	}
	if err := m.Store.StockApplications(ctx, m.Day, known); err != nil {
		return err
	}
	if m.Progress != nil {
		m.Progress(to, len(m.plan.Of))
	}
	return nil
}

// one makes envelope i.
func (m *maker) one(e *made, i int) error {
	r := rand.New(rand.NewPCG(m.Seed^m.salt, uint64(i)))
	sender := m.plan.Of[i]
	a := &e.stock
	f := m.forms[m.plan.Model[i]]
	a.Account, a.Model, a.Version, a.Sealed = m.accounts[sender], f.model.Code, f.model.Version, m.Now
	id, err := clickday.ParseApplicationID(randomUUID(r))
	if err != nil {
		return err
	}
	a.ID, e.known = id, true
	which := r.IntN(len(f.texts))
	a.Answers = f.texts[which]
	doc := forms.Document{Application: id, Day: m.Day, Model: a.Model, ModelVersion: a.Version, SealVersion: 1, Answers: f.answers[which]}
	if a.Document, a.Digest, err = forms.Freeze(&doc); err != nil {
		return err
	}
	ticket := wire.Ticket{
		KeyID: m.TicketID, Day: m.Day, Model: a.Model, ModelVersion: a.Version, Application: id, SealVersion: 1, Digest: a.Digest,
		Account: a.Account, IssuedAt: m.Now.Unix(), NotAfter: m.NotAfter.Unix(),
	}
	copy(ticket.Device[:], m.devices[sender].Public().(ed25519.PublicKey))
	sent := a.Document
	if m.plan.Bad[i] == loadrun.BadSeal { // what is sent is not what counts
		a.Stale, a.StaleSum = a.Document, a.Digest
		doc.SealVersion = 2
		if a.Document, a.Digest, err = forms.Freeze(&doc); err != nil {
			return err
		}
	}
	return m.seal(e, &ticket, sent, f.dictionary, m.devices[sender], m.plan.Bad[i])
}

// seal makes the envelope, spoiled as planned.
func (m *maker) seal(e *made, t *wire.Ticket, document []byte, d wire.Dictionary, device ed25519.PrivateKey, bad loadrun.Badness) error {
	if bad == loadrun.BadDay {
		t.Day = ^clickday.DayID(0) - 7
		e.known = false
	}
	ticket := wire.SealTicket(t, m.TicketKey)
	if bad == loadrun.BadTicket {
		ticket = slices.Clone(ticket)
		ticket[len(ticket)-1] ^= 1
		e.known = false
	}
	compressed, err := wire.Compress(document, d)
	if err != nil {
		return err
	}
	e.envelope, err = wire.SealEnvelope(ticket, d.ID, compressed, device)
	if err != nil {
		return err
	}
	if bad == loadrun.BadSignature {
		e.envelope[len(e.envelope)-1] ^= 1
	}
	e.entry = loadrun.Entry{Submission: wire.IDOf(e.envelope), Application: t.Application, Account: t.Account}
	return nil
}

func randomUUID(r *rand.Rand) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], r.Uint64())
	binary.BigEndian.PutUint64(b[8:], r.Uint64())
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
