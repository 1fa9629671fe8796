package issuer

import (
	"crypto/ed25519"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	verifying "puntuale/internal/evidence"
	"puntuale/internal/keys"
	"puntuale/internal/pades"
	"puntuale/internal/postgres"
	"puntuale/internal/postgres/pgtest"
	"puntuale/internal/receipt"
	"puntuale/internal/trust"
)

// crashDesk is a desk whose issuer makes real receipts and reaches PostgreSQL
// through a relay that can be cut.
type crashDesk struct {
	*desk
	cut    *pgtest.Cutter
	issuer *Issuer
	trust  *trust.Keys
	last   clickday.SubmissionID
}

func newCrashDesk(t *testing.T) *crashDesk {
	t.Helper()
	d := newDesk(t)
	dir := t.TempDir()
	if err := keys.InitSeal(d.clock, dir, "Ente di prova"); err != nil {
		t.Fatal(err)
	}
	certificate := filepath.Join(dir, keys.SealCertFile)
	seal, err := pades.Load(filepath.Join(dir, keys.SealKeyFile), certificate)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(certificate)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(b)
	cut, address := pgtest.NewCutter(t, d.DB.Pool.Config().ConnString(), func(sql string) string { return strings.Join(strings.Fields(sql), " ") })
	through, err := postgres.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(through.Close)
	c := &crashDesk{desk: d, cut: cut, trust: &trust.Keys{
		Ledger: []string{pgtest.LedgerSigner().Verifier().String()}, Seals: [][]byte{block.Bytes},
		Nodes: []trust.Node{{Node: 1, Key: d.node.Public().(ed25519.PublicKey)}},
	}}
	c.issuer = d.issuer(func(cfg *Config) { cfg.Store, cfg.Render, cfg.Seal = through, receipt.Render, seal })
	return c
}

// history numbers two submissions, issues their receipts, and issues the first
// one again. A round trip that is cut is an error of one step; the next ones
// go on from the record.
func (c *crashDesk) history() (cut bool) {
	c.t.Helper()
	c.last = c.number()
	c.number()
	cut = c.steps()
	c.clock.Advance(time.Second)
	if n, err := c.DB.RenewReceipts(c.t.Context(), 0, &c.last, time.Time{}, "nuovo sigillo"); err != nil || n != 1 {
		c.t.Fatal(n, err)
	}
	return c.steps() || cut
}

func (c *crashDesk) steps() (cut bool) {
	c.t.Helper()
	// PostgreSQL keeps what a lost connection had locked until it notices the
	// loss; meanwhile a step finds nothing to do.
	wall := clock.System{}
	for end := wall.Now().Add(time.Minute); ; {
		if _, err := c.issuer.Step(c.t.Context()); err != nil {
			cut = true
		}
		var left int
		err := c.DB.Pool.QueryRow(c.t.Context(), `SELECT (SELECT count(*) FROM submissions WHERE state = 'sequenced')
			+ (SELECT count(*) FROM receipts WHERE renew IS NOT NULL)`).Scan(&left)
		if err != nil {
			c.t.Fatal(err)
		}
		if left == 0 {
			return cut
		}
		if end.Before(wall.Now()) {
			c.t.Fatalf("%d receipts are missing", left)
		}
	}
}

// verified wants one correct PDF for every number: sealed, of that number, with
// a proof that holds; one notice; and as many editions as were asked for.
func (c *crashDesk) verified(from int64) {
	c.t.Helper()
	c.check()
	var notices, renewed, kept, pending int
	err := c.DB.Pool.QueryRow(c.t.Context(), `SELECT (SELECT count(*) FROM notices), (SELECT count(*) FROM receipts WHERE edition = 2),
		(SELECT count(*) FROM receipt_history), (SELECT count(*) FROM receipts WHERE renew IS NOT NULL)`).Scan(&notices, &renewed, &kept, &pending)
	if err != nil || notices != c.numbers || renewed != c.numbers/2 || kept != renewed || pending != 0 {
		c.t.Fatalf("%d numbers: %d notices, %d second editions, %d kept, %d still to do, %v", c.numbers, notices, renewed, kept, pending, err)
	}
	rows, err := c.DB.Pool.Query(c.t.Context(), `SELECT s.number, r.pdf FROM receipts r JOIN submissions s ON s.id = r.submission_id
		WHERE s.number >= $1`, from)
	if err != nil {
		c.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var number int64
		var pdf []byte
		if err := rows.Scan(&number, &pdf); err != nil {
			c.t.Fatal(err)
		}
		report, err := verifying.Verify(pdf, c.trust)
		if err != nil || !report.OK() {
			c.t.Fatalf("receipt of number %d: %+v, %v", number, report, err)
		}
		want, said := clickday.ProtocolNumber("B-2026", number), ""
		for _, f := range report.Facts {
			said += f.Value + "\n"
		}
		if !strings.Contains(said, want+"\n") {
			c.t.Fatalf("receipt of number %d says\n%s", number, said)
		}
	}
	if err := rows.Err(); err != nil {
		c.t.Fatal(err)
	}
}

// TestCrashesWhileReceiptsAreIssued cuts the connection to PostgreSQL at every
// round trip of issuing and of issuing again, before the server has seen it and
// after it has done it: there is one correct PDF for each number (I11).
func TestCrashesWhileReceiptsAreIssued(t *testing.T) {
	c := newCrashDesk(t)
	cells := 0
	for at := 1; ; at++ {
		reached := false
		for _, applied := range []bool{false, true} {
			from := int64(c.numbers + 1)
			c.cut.Arm(at, applied)
			if c.history() {
				reached = true
				cells++
			}
			c.verified(from)
		}
		if !reached { // the history has no more round trips
			break
		}
	}
	if cells < 24 {
		t.Fatalf("only %d round trips were cut", cells)
	}
	t.Logf("%d round trips were cut", cells)
}
