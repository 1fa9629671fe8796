package issuer

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/receipt"
)

// Whatever somebody changes behind our back, nothing is certified that the
// evidence contradicts.
func TestAChangedRecordIsNotCertified(t *testing.T) {
	for name, change := range map[string]string{
		"stamp":               "UPDATE submissions SET arrived = arrived - 1 WHERE id = $1",
		"clock bound":         "UPDATE submissions SET bound = 1 WHERE id = $1",
		"number":              "UPDATE submissions SET number = 77 WHERE id = $1",
		"place":               "UPDATE submissions SET ledger_index = 0 WHERE id = $1",
		"leaf":                "UPDATE ledger_tiles SET data = set_byte(data, length(data) - 3, 65) WHERE level = -1 AND $1::bytea IS NOT NULL",
		"hash":                "UPDATE ledger_tiles SET data = set_byte(data, 4, get_byte(data, 4) # 1) WHERE level = 0 AND $1::bytea IS NOT NULL",
		"checkpoint":          "UPDATE ledger_heads SET root = sha256('') WHERE $1::bytea IS NOT NULL",
		"checkpoint's note":   "UPDATE ledger_heads SET note = overlay(note placing '9' from length(note) - 9) WHERE $1::bytea IS NOT NULL",
		"batch":               "UPDATE batches SET signature = sha512('') WHERE $1::bytea IS NOT NULL",
		"leaf of the batch":   "UPDATE batches SET leaves = set_byte(leaves, 3, get_byte(leaves, 3) # 1) WHERE $1::bytea IS NOT NULL",
		"key of the node":     "UPDATE intake_nodes SET public_key = sha256('') WHERE $1::bytea IS NOT NULL",
		"document":            "UPDATE seals SET document = document || '\\x00' FROM submissions s WHERE s.application_id = seals.application_id AND s.id = $1",
		"sequence in journal": "UPDATE submissions SET sequence = sequence + 1 WHERE id = $1",
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.number()
			d.all(d.issuer(nil))
			id := d.number()
			d.Exec(change, id[:])
			d.all(d.issuer(nil))
			d.check(id)
		})
	}
}

// A batch that is not recorded, as of before there was a table for them, costs
// the receipt its acknowledgement and nothing else.
func TestWithoutItsBatchAReceiptHasNoAcknowledgement(t *testing.T) {
	d := newDesk(t)
	d.number()
	d.Exec("DELETE FROM batches")
	var data *receipt.Data
	d.all(d.issuer(func(c *Config) {
		c.Render = func(r *receipt.Data) ([]byte, error) { data = r; return cheap(r) }
	}))
	d.check()
	if bytes.Contains(data.Evidence, []byte("acknowledgement")) || !bytes.Contains(data.Evidence, []byte("inclusion")) {
		t.Fatalf("evidence: %s", data.Evidence)
	}
}

// Issued again, a receipt keeps number, stamp and place, and what it was.
func TestIssuedAgain(t *testing.T) {
	d := newDesk(t)
	var ids []clickday.SubmissionID
	for range 5 {
		ids = append(ids, d.number())
	}
	made := map[clickday.SubmissionID]*receipt.Data{}
	i := d.issuer(func(c *Config) {
		c.Render = func(r *receipt.Data) ([]byte, error) {
			made[r.Submission] = r
			return append([]byte(r.Renew), cheapText(r)...), nil
		}
	})
	d.all(i)
	first := *made[ids[2]]
	issued := d.clock.Now()
	{
		edition, reason := 2, "nuovo sigillo"
		d.clock.Advance(time.Hour)
		n, err := d.DB.RenewReceipts(t.Context(), 0, &ids[2], time.Time{}, reason)
		if err != nil || n != 1 {
			t.Fatal(n, err)
		}
		progress, err := d.DB.ReceiptProgress(t.Context())
		if err != nil || len(progress) != 1 || progress[0] != (clickday.ReceiptProgress{Day: 1, DayCode: "B-2026", Numbered: 5, Receipted: 5, Renewing: 1}) {
			t.Fatalf("%+v, %v", progress, err)
		}
		clear(made)
		d.all(i)
		d.check()
		again := made[ids[2]]
		if len(made) != 1 || again == nil || again.Edition != edition || again.Renew != reason || !again.FirstIssued.Equal(issued) ||
			again.Number != first.Number || again.Stamp != first.Stamp || again.Ledger.Index != first.Ledger.Index {
			t.Fatalf("%d made, %+v; first %+v", len(made), again, first)
		}
	}
	if n, err := d.DB.RenewReceipts(t.Context(), 1, nil, issued.Add(time.Minute), "tutte"); err != nil || n != 4 {
		t.Fatalf("%d receipts older than the second edition, %v", n, err)
	}
	d.all(i)
	d.check()
	var old, current []byte
	var editions int
	err := d.DB.Pool.QueryRow(t.Context(), `SELECT h.pdf, r.pdf, (SELECT count(*) FROM receipt_history)
		FROM receipt_history h JOIN receipts r USING (submission_id) WHERE r.submission_id = $1 AND h.edition = 1 AND sha256(h.pdf) = h.sha256
		AND h.reason = 'nuovo sigillo' AND h.replaced_at = r.issued_at AND r.first_issued_at = h.issued_at`, ids[2][:]).Scan(&old, &current, &editions)
	if err != nil || editions != 5 || strings.HasPrefix(string(old), "nuovo sigillo") || !strings.HasPrefix(string(current), "nuovo sigillo") {
		t.Fatalf("%q, %q, %d editions kept, %v", old, current, editions, err)
	}
}

func cheapText(r *receipt.Data) string { return "%PDF " + r.ProtocolNumber }

// How many come before: counted from the first that waits.
func TestReceiptsAhead(t *testing.T) {
	d := newDesk(t)
	for range 6 {
		d.number()
	}
	ahead := func(number, want int64) {
		t.Helper()
		if n, err := d.DB.ReceiptsAhead(t.Context(), 1, number); err != nil || n != want {
			t.Fatalf("%d before number %d, %v; want %d", n, number, err, want)
		}
	}
	ahead(6, 5)
	d.Exec("UPDATE submissions SET state = 'receipted' WHERE number <= 4")
	ahead(6, 1)
	d.Exec("UPDATE submissions SET state = 'receipted'")
	ahead(6, 0)
}
