package issuer

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"puntuale/internal/batch"
	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/keys"
	"puntuale/internal/ledger"
	"puntuale/internal/pades"
	"puntuale/internal/postgres"
	"puntuale/internal/postgres/admissiontest"
	"puntuale/internal/postgres/pgtest"
	"puntuale/internal/receipt"
	"puntuale/internal/wire"
)

// desk is an office with numbered submissions.
type desk struct {
	*admissiontest.Office
	t       *testing.T
	clock   *clock.Fake
	reg     *prometheus.Registry
	account clickday.AccountID
	device  ed25519.PrivateKey
	term    *postgres.Term
	node    ed25519.PrivateKey
	last    clickday.JournalProgress
	numbers int
}

func newDesk(t *testing.T) *desk {
	d := &desk{
		Office: admissiontest.New(t, pgtest.New(t)), t: t, reg: prometheus.NewRegistry(),
		clock: clock.NewFake(admissiontest.Opens.Add(time.Minute)),
		node:  ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize)),
		last:  clickday.JournalProgress{Node: 1, Journal: 1<<64 - 1},
	}
	d.account, d.device = d.Account("anna@example.it")
	d.Exec("UPDATE accounts SET kind = 'intermediary'") // who may send many
	d.Exec("INSERT INTO intake_nodes (node, public_key, url) VALUES (1, $1, '')", []byte(d.node.Public().(ed25519.PublicKey)))
	term, ok, err := d.DB.Lead(t.Context())
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	t.Cleanup(func() {
		if err := term.Close(); err != nil {
			t.Error(err)
		}
	})
	d.term = term
	return d
}

// number lets a node commit one submission in a batch of three, and the
// sequencer take and number it. The two others of the batch have other owners.
func (d *desk) number() clickday.SubmissionID {
	d.t.Helper()
	s := d.Seal(d.account, d.device)
	e := d.Envelope(&s.Ticket, s.Document, d.device)
	first := uint64(3*d.numbers + 1)
	d.numbers++
	records := make([]batch.Record, 3)
	for i := range records {
		records[i] = admissiontest.Record([]byte{byte(i)}, admissiontest.Opens.Add(time.Duration(first)*time.Millisecond), first+uint64(i))
		if i == 1 {
			records[i] = admissiontest.Record(e, admissiontest.Opens.Add(time.Duration(first)*time.Millisecond), first+uint64(i))
		}
		records[i].Leaf.Stamp.Journal, records[i].Leaf.Stamp.Bound = d.last.Journal, time.Microsecond
	}
	f, err := batch.Parse(batch.Encode(batch.Header{
		Node: 1, Journal: d.last.Journal, Batch: uint64(d.numbers), First: first, Prev: d.last.Chain,
	}, records, d.node))
	if err != nil {
		d.t.Fatal(err)
	}
	statement := f.Statement()
	next := clickday.JournalProgress{Node: 1, Journal: f.Journal, LastBatch: f.Batch, Chain: statement.Chain(), Position: fmt.Sprint(f.Batch)}
	in := &clickday.Intake{
		Node: 1, To: []clickday.JournalProgress{next}, Watermark: records[2].Leaf.Stamp.UnixNano + 1e6,
		Submissions: []clickday.Submission{{
			ID: records[1].Leaf.ID, Application: s.Content.Application, SealVersion: 1, Day: 1, Account: d.account, Model: "B", ModelVersion: 1,
			Device: s.Ticket.Device, Digest: s.Ticket.Digest, Envelope: e, Stamp: records[1].Leaf.Stamp, State: clickday.Queued,
		}},
		Batches: []clickday.Batch{{
			Journal: f.Journal, Number: f.Batch, First: f.First, Prev: f.Prev, KeyID: f.KeyID, Signature: f.Signature, Leaves: f.LeafHashes(),
		}},
	}
	if d.last.LastBatch > 0 {
		in.From = []clickday.JournalProgress{d.last}
	}
	if _, err := d.term.Ingest(d.t.Context(), in, admissiontest.Opens); err != nil {
		d.t.Fatal(err)
	}
	d.last = next
	if n, err := d.term.Number(d.t.Context(), 10, admissiontest.Opens); err != nil || n.Numbered != 1 {
		d.t.Fatalf("%+v, %v", n, err)
	}
	return records[1].Leaf.ID
}

// cheap renders a stand-in, so that tests about storing need not wait for PDFs.
func cheap(data *receipt.Data) ([]byte, error) { return []byte("%PDF " + data.ProtocolNumber), nil }

type plainSeal struct{}

func (plainSeal) Sign(pdf []byte, _ time.Time) ([]byte, error) { return append(pdf, " sealed"...), nil }

func (d *desk) issuer(change func(*Config)) *Issuer {
	d.t.Helper()
	c := Config{
		Store: d.DB, Models: d.Models, CalendarKey: d.CalendarKey, Render: cheap, Seal: plainSeal{}, Body: "Ente",
		Ledger:    pgtest.LedgerSigner().Verifier(),
		VerifyURL: "https://portale.example.it/r/", Clock: d.clock, Log: slog.New(slog.DiscardHandler),
		Metrics: NewMetrics(prometheus.NewRegistry()), Workers: 2,
	}
	if change != nil {
		change(&c)
	}
	i, err := New(c)
	if err != nil {
		d.t.Fatal(err)
	}
	return i
}

// all steps until nothing is due.
func (d *desk) all(i *Issuer) {
	d.t.Helper()
	for {
		n, err := i.Step(d.t.Context())
		if err != nil {
			d.t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

// check wants exactly one receipt per numbered submission but the missing ones.
func (d *desk) check(missing ...clickday.SubmissionID) {
	d.t.Helper()
	ctx := d.t.Context()
	var receipts, receipted, odd int
	err := d.DB.Pool.QueryRow(ctx, `SELECT (SELECT count(*) FROM receipts), (SELECT count(*) FROM submissions WHERE state = 'receipted'),
		(SELECT count(*) FROM receipts r JOIN submissions s ON s.id = r.submission_id WHERE s.state <> 'receipted' OR sha256(r.pdf) <> r.sha256)`).
		Scan(&receipts, &receipted, &odd)
	want := d.numbers - len(missing)
	if err != nil || receipts != want || receipted != want || odd != 0 {
		d.t.Fatalf("%d receipts, %d receipted, %d odd, %v; want %d", receipts, receipted, odd, err, want)
	}
	for _, id := range missing {
		var state string
		if err := d.DB.Pool.QueryRow(ctx, "SELECT state FROM submissions WHERE id = $1", id[:]).Scan(&state); err != nil || state != "sequenced" {
			d.t.Fatalf("submission %s: %s, %v", id, state, err)
		}
	}
}

func TestTheRealReceiptIsMadeFromTheRecord(t *testing.T) {
	d := newDesk(t)
	dir := t.TempDir()
	if err := keys.InitSeal(d.clock, dir, "Ente di prova"); err != nil {
		t.Fatal(err)
	}
	seal, err := pades.Load(filepath.Join(dir, keys.SealKeyFile), filepath.Join(dir, keys.SealCertFile))
	if err != nil {
		t.Fatal(err)
	}
	id := d.number()
	var data *receipt.Data
	i := d.issuer(func(c *Config) {
		c.Seal = seal
		c.Render = func(r *receipt.Data) ([]byte, error) { data = r; return receipt.Render(r) }
	})
	d.all(i)
	d.check()
	var pdf []byte
	if err := d.DB.Pool.QueryRow(t.Context(), "SELECT pdf FROM receipts").Scan(&pdf); err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(pdf, []byte("%PDF-1.")) || !bytes.Contains(pdf, []byte("ETSI.CAdES.detached")) {
		t.Fatal("not a sealed PDF")
	}
	if data.ProtocolNumber != "B-2026/0000001" || data.DayTitle != "Subordinati" || data.Applicant != "Anna Verdi" ||
		data.ApplicantTaxCode != "VRDNNA80A41H501X" || data.Employer == "" || data.Worker == "" || len(data.Preview) == 0 ||
		data.Submission != id || data.Stamp.Journal != 1<<64-1 || data.Stamp.Bound != 1000 ||
		data.VerifyURL != "https://portale.example.it/r/"+id.String() || data.Issued != d.clock.Now() {
		t.Fatalf("data of the receipt: %+v", data)
	}
	checkEvidence(t, d, data, 0)
}

// checkEvidence follows what a receipt carries, with the public keys alone.
func checkEvidence(t *testing.T, d *desk, data *receipt.Data, index int64) {
	t.Helper()
	e, err := ledger.ParseEvidence(data.Evidence)
	if err != nil {
		t.Fatal(err)
	}
	leaf, head, err := e.Check(pgtest.LedgerSigner().Verifier())
	if err != nil || leaf.Submission != data.Submission || leaf.Number != data.Number || e.Index != index ||
		head.Size != data.Ledger.Size || head.Root != data.Ledger.Root || data.Ledger.Index != index {
		t.Fatalf("evidence %+v, head %+v, %v; on the receipt: %+v", e, head, err, data.Ledger)
	}
	a, err := wire.ParseAcknowledgement(e.Acknowledgement)
	if err == nil {
		err = a.Check(data.Submission, d.node.Public().(ed25519.PublicKey))
	}
	if err != nil || a.Leaf.Stamp != data.Stamp {
		t.Fatalf("acknowledgement %+v, %v", a, err)
	}
}

func TestIssuingTwiceChangesNothing(t *testing.T) {
	d := newDesk(t)
	for range 20 {
		d.number()
	}
	d.all(d.issuer(nil))
	d.check()
	d.all(d.issuer(func(c *Config) {
		c.Render = func(*receipt.Data) ([]byte, error) { return nil, errors.New("rendered again") }
	}))
	d.check()
}

func TestSeveralProcessesShareTheWork(t *testing.T) {
	d := newDesk(t)
	for range 60 {
		d.number()
	}
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	var mu sync.Mutex
	seen := make(map[clickday.SubmissionID]int)
	var wg sync.WaitGroup
	for range 3 {
		i := d.issuer(func(c *Config) {
			c.Render = func(r *receipt.Data) ([]byte, error) {
				mu.Lock()
				defer mu.Unlock()
				seen[r.Submission]++
				if len(seen) == d.numbers {
					stop() // as a signal would, in the middle of a transaction
				}
				return cheap(r)
			}
		})
		wg.Go(func() {
			if err := i.Run(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	// The server may still hold the rows of the transactions that were cut off,
	// which an issuer passes over; this waits until it has let go of them.
	d.Exec("SELECT FROM submissions FOR UPDATE")
	d.all(d.issuer(nil)) // what was being stored at that moment
	d.check()
	for id, n := range seen {
		if n != 1 {
			t.Errorf("%s was made %d times", id, n)
		}
	}
}

func TestOneThatFailsDoesNotHoldUpTheOthers(t *testing.T) {
	d := newDesk(t)
	bad, odd, panics := d.number(), d.number(), d.number()
	for range 20 {
		d.number()
	}
	d.Exec("UPDATE seals SET document = document || '\\x00' FROM submissions s WHERE s.application_id = seals.application_id AND s.id = $1", odd[:])
	var attempts int
	broken := true
	i := d.issuer(func(c *Config) {
		c.Render = func(r *receipt.Data) ([]byte, error) {
			switch {
			case broken && r.Submission == bad:
				attempts++
				return nil, errors.New("no font")
			case broken && r.Submission == panics:
				panic("index out of range")
			}
			return cheap(r)
		}
	})
	d.all(i)
	d.check(bad, odd, panics)
	d.all(i)
	if attempts != 1 {
		t.Fatalf("%d attempts without a pause", attempts)
	}
	for want, wait := range []time.Duration{2, 4, 8} {
		d.clock.Advance(wait*time.Second - 1)
		d.all(i)
		if attempts != want+1 {
			t.Fatalf("%d attempts just before %d s are over", attempts, wait)
		}
		d.clock.Advance(1)
		d.all(i)
		if attempts != want+2 {
			t.Fatalf("%d attempts after %d s, want %d", attempts, wait, want+2)
		}
	}
	broken = false
	d.clock.Advance(16 * time.Second)
	d.all(i)
	d.check(odd) // a stored document that has changed is never certified
}

// faulty fails one call, with or without effect.
type faulty struct {
	Store
	applied bool
	left    int
}

var errInjected = errors.New("injected")

func (f *faulty) IssueReceipts(ctx context.Context, limit int, except []clickday.SubmissionID,
	make func([]byte, []clickday.Numbered) ([]clickday.Receipt, error),
) (int, error) {
	if f.left == 0 {
		return f.Store.IssueReceipts(ctx, limit, except, make)
	}
	f.left--
	if f.applied {
		if _, err := f.Store.IssueReceipts(ctx, limit, except, make); err != nil {
			return 0, err
		}
	}
	return 0, errInjected
}

func TestAnUnknownResultIsAsked(t *testing.T) {
	for _, applied := range []bool{false, true} {
		t.Run(fmt.Sprint("applied ", applied), func(t *testing.T) {
			d := newDesk(t)
			for range 3 {
				d.number()
			}
			i := d.issuer(func(c *Config) { c.Store = &faulty{d.DB, applied, 1} })
			if _, err := i.Step(t.Context()); !errors.Is(err, errInjected) {
				t.Fatal(err)
			}
			d.all(i)
			d.check()
		})
	}
}

// TestWithoutCalendarNothingIsCertified, and nothing is complained about before
// there is something to certify.
func TestWithoutCalendarNothingIsCertified(t *testing.T) {
	d := newDesk(t)
	d.Exec("DELETE FROM calendars")
	i := d.issuer(nil)
	if n, err := i.Step(t.Context()); n != 0 || err != nil {
		t.Fatal(n, err)
	}
	id := d.number()
	if _, err := i.Step(t.Context()); err == nil {
		t.Fatal("issued without a calendar")
	}
	d.check(id)
}

func TestBadSettingsAreNamed(t *testing.T) {
	d := newDesk(t)
	for _, url := range []string{"", "portal", "ftp://x/", "https://"} {
		_, err := New(Config{
			Store: d.DB, Models: d.Models, CalendarKey: d.CalendarKey, Render: cheap, Seal: plainSeal{}, VerifyURL: url,
			Ledger: pgtest.LedgerSigner().Verifier(),
			Clock:  d.clock, Log: slog.New(slog.DiscardHandler), Metrics: NewMetrics(prometheus.NewRegistry()), Workers: 1,
		})
		if err == nil || !bytes.HasPrefix([]byte(err.Error()), []byte("verify-url")) {
			t.Errorf("%q: %v", url, err)
		}
	}
}
