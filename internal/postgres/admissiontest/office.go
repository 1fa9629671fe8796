// Package admissiontest sets up, in a test's database, what the portal would
// have: accounts, computers, sealed applications, a calendar; and makes the
// envelopes that a mini-client would send.
package admissiontest

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"math/rand/v2"
	"testing"
	"time"

	"puntuale/internal/batch"
	"puntuale/internal/clickday"
	"puntuale/internal/forms"
	"puntuale/internal/forms/sample"
	"puntuale/internal/keys"
	"puntuale/internal/postgres"
	"puntuale/internal/wire"
)

// Instants of the one click day, which has number 1 and takes model B.
var (
	SealedAt = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	Opens    = SealedAt.Add(24 * time.Hour)
	Closes   = Opens.Add(12 * time.Hour)
)

// Office is one small installation.
type Office struct {
	DB          *postgres.DB
	Models      *forms.Catalogue
	Tickets     *keys.TicketKeys
	CalendarKey ed25519.PublicKey

	t   testing.TB
	rnd *rand.Rand
}

// New fills an empty database with calendar and click day.
func New(t testing.TB, db *postgres.DB) *Office {
	t.Helper()
	models, err := forms.Load()
	if err != nil {
		t.Fatal(err)
	}
	calendarKey := keyOf(0xca)
	o := &Office{
		DB: db, Models: models, CalendarKey: calendarKey.Public().(ed25519.PublicKey), t: t, rnd: sample.New(1),
		Tickets: &keys.TicketKeys{Current: 1, Keys: map[uint32][]byte{1: bytes.Repeat([]byte{1}, 32)}},
	}
	o.Exec("INSERT INTO click_days (id, code, tie_seed) VALUES (1, 'B-2026', $1)", bytes.Repeat([]byte{5}, 32))
	signed, err := wire.SealCalendar(&clickday.Calendar{Version: 1, Days: []clickday.Day{{
		ID: 1, Code: "B-2026", TitleIT: "Subordinati", TitleEN: "Employees", Models: []clickday.ModelCode{"B"},
		Opens: Opens.UnixNano(), Closes: Closes.UnixNano(), State: clickday.DayScheduled,
	}}}, calendarKey)
	if err != nil {
		t.Fatal(err)
	}
	o.Exec("INSERT INTO calendars (version, signed, created_at) VALUES (1, $1, $2)", signed, SealedAt)
	return o
}

// Exec runs a statement.
func (o *Office) Exec(sql string, args ...any) {
	o.t.Helper()
	if _, err := o.DB.Pool.Exec(context.Background(), sql, args...); err != nil {
		o.t.Fatal(err)
	}
}

func keyOf(b byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{b}, ed25519.SeedSize))
}

// Account adds an account with one paired computer.
func (o *Office) Account(email string) (clickday.AccountID, ed25519.PrivateKey) {
	o.t.Helper()
	var id clickday.AccountID
	err := o.DB.Pool.QueryRow(context.Background(), `INSERT INTO accounts (kind, email, password_hash, display_name, tax_code, created_at)
		VALUES ('person', $1, '', 'Anna Verdi', 'VRDNNA80A41H501X', $2) RETURNING id`, email, SealedAt).Scan(&id)
	if err != nil {
		o.t.Fatal(err)
	}
	return id, o.Device(id)
}

// Device pairs one more computer.
func (o *Office) Device(account clickday.AccountID) ed25519.PrivateKey {
	o.t.Helper()
	seed := make([]byte, ed25519.SeedSize)
	for i := range seed {
		seed[i] = byte(o.rnd.Uint32())
	}
	key := ed25519.NewKeyFromSeed(seed)
	o.Exec("INSERT INTO devices (account_id, public_key, name, created_at) VALUES ($1, $2, 'PC', $3)",
		account, []byte(key.Public().(ed25519.PublicKey)), SealedAt)
	return key
}

// Sealed is a sealed application with the ticket that a sync would give.
type Sealed struct {
	Document []byte
	Content  forms.Document
	Ticket   wire.Ticket
}

// Seal adds an application of an account, sealed once, with a ticket for the device.
func (o *Office) Seal(account clickday.AccountID, device ed25519.PrivateKey) *Sealed {
	o.t.Helper()
	s := &Sealed{Content: forms.Document{
		Application: o.applicationID(), Day: 1, Model: "B", ModelVersion: 1, SealVersion: 1, Answers: sample.ModelB(o.rnd, sample.Any),
	}}
	var digest clickday.Digest
	var err error
	if s.Document, digest, err = forms.Freeze(&s.Content); err != nil {
		o.t.Fatal(err)
	}
	s.Ticket = wire.Ticket{
		KeyID: 1, Day: 1, Model: "B", ModelVersion: 1, Application: s.Content.Application, SealVersion: 1, Digest: digest,
		Device: [32]byte(device.Public().(ed25519.PublicKey)), Account: account,
		IssuedAt: SealedAt.Unix(), NotAfter: Closes.Add(time.Hour).Unix(),
	}
	id := [16]byte(s.Content.Application)
	o.Exec(`INSERT INTO applications (id, account_id, click_day_id, model, model_version, state, seal_version, created_at, updated_at)
		VALUES ($1, $2, 1, 'B', 1, 'sealed', 1, $3, $3)`, id, account, SealedAt)
	o.Exec("INSERT INTO seals (application_id, version, document, digest, sealed_at) VALUES ($1, 1, $2, $3, $4)",
		id, s.Document, digest[:], SealedAt)
	return s
}

func (o *Office) applicationID() (id clickday.ApplicationID) {
	for i := range id {
		id[i] = byte(o.rnd.Uint32())
	}
	return id
}

// Envelope makes the envelope of a ticket and a document, whatever they say.
func (o *Office) Envelope(t *wire.Ticket, document []byte, device ed25519.PrivateKey) []byte {
	o.t.Helper()
	m, _ := o.Models.Model("B", 1)
	compressed, err := wire.Compress(document, m.Dictionary())
	if err != nil {
		o.t.Fatal(err)
	}
	return o.EnvelopeOf(wire.SealTicket(t, o.Tickets.Keys[1]), m.Dictionary().ID, compressed, device)
}

// EnvelopeOf puts any bytes together.
func (o *Office) EnvelopeOf(ticket []byte, dictionary uint32, compressed []byte, device ed25519.PrivateKey) []byte {
	o.t.Helper()
	e, err := wire.SealEnvelope(ticket, dictionary, compressed, device)
	if err != nil {
		o.t.Fatal(err)
	}
	return e
}

// Record is an envelope as a node has made it durable.
func Record(envelope []byte, at time.Time, sequence uint64) batch.Record {
	return batch.Record{Envelope: envelope, Leaf: wire.Leaf{ID: wire.IDOf(envelope), Stamp: clickday.Stamp{
		UnixNano: at.UnixNano(), Source: clickday.StampKernel, Clock: clickday.ClockOK, Node: 1, Journal: 1, Sequence: sequence,
	}}}
}
