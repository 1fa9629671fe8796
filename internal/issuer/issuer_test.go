package issuer

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/keys"
	"puntuale/internal/pades"
	"puntuale/internal/postgres/admissiontest"
	"puntuale/internal/postgres/pgtest"
	"puntuale/internal/receipt"
)

// desk is an office with numbered submissions.
type desk struct {
	*admissiontest.Office
	t       *testing.T
	clock   *clock.Fake
	reg     *prometheus.Registry
	account clickday.AccountID
	device  ed25519.PrivateKey
	numbers int
}

func newDesk(t *testing.T) *desk {
	d := &desk{
		Office: admissiontest.New(t, pgtest.New(t)), t: t, reg: prometheus.NewRegistry(),
		clock: clock.NewFake(admissiontest.Opens.Add(time.Minute)),
	}
	d.account, d.device = d.Account("anna@example.it")
	return d
}

// number adds one submission with the next number.
func (d *desk) number() clickday.SubmissionID {
	d.t.Helper()
	d.numbers++
	s := d.Seal(d.account, d.device)
	e := d.Envelope(&s.Ticket, s.Document, d.device)
	id := sha256.Sum256(e)
	device := s.Ticket.Device
	d.Exec(`INSERT INTO submissions (id, application_id, seal_version, click_day_id, account_id, model, model_version, device, digest,
			arrived, source, clock, bound, node, journal, sequence, state, number, ingested_at, sequenced_at)
		VALUES ($1, $2, 1, 1, $3, 'B', 1, $4, $5, $6, 1, 1, 1000, 1, 18446744073709551615, $7::int, 'sequenced', $7::int, $8, $8)`,
		id[:], [16]byte(s.Content.Application), d.account, device[:], s.Ticket.Digest[:],
		admissiontest.Opens.UnixNano()+int64(d.numbers), d.numbers, admissiontest.Opens)
	return id
}

// cheap renders a stand-in, so that tests about storing need not wait for PDFs.
func cheap(data *receipt.Data) ([]byte, error) { return []byte("%PDF " + data.ProtocolNumber), nil }

type plainSeal struct{}

func (plainSeal) Sign(pdf []byte, _ time.Time) ([]byte, error) { return append(pdf, " sealed"...), nil }

func (d *desk) issuer(change func(*Config)) *Issuer {
	d.t.Helper()
	c := Config{
		Store: d.DB, Models: d.Models, CalendarKey: d.CalendarKey, Render: cheap, Seal: plainSeal{}, Body: "Ente",
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
			Clock: d.clock, Log: slog.New(slog.DiscardHandler), Metrics: NewMetrics(prometheus.NewRegistry()), Workers: 1,
		})
		if err == nil || !bytes.HasPrefix([]byte(err.Error()), []byte("verify-url")) {
			t.Errorf("%q: %v", url, err)
		}
	}
}
