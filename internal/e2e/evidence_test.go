package e2e

import (
	"bufio"
	"cmp"
	"context"
	"crypto/sha256"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/batch"
	"puntuale/internal/clickday"
	"puntuale/internal/client/store"
	"puntuale/internal/installation"
	"puntuale/internal/journal"
	"puntuale/internal/keys"
	"puntuale/internal/postgres"
	"puntuale/internal/queue/redisqueue"
	"puntuale/internal/wire"
)

// claim is what one place says about one submission.
type claim struct {
	arrived  int64
	journal  uint64
	sequence uint64
}

func claimOf(s *clickday.Stamp) claim { return claim{s.UnixNano, s.Journal, s.Sequence} }

// claims is everything that one place says about one submission: a repeat that
// had arrived earlier than the record may be recorded too, and the earliest counts.
type claims []claim

func (c claims) earliest() claim {
	if len(c) == 0 {
		return claim{}
	}
	return slices.MinFunc(c, func(a, b claim) int { return cmp.Compare(a.arrived, b.arrived) })
}

// evidence is what one place says.
type evidence map[clickday.SubmissionID]claims

// collect adds the records of a batch, once each however often it lies there.
func (e evidence) collect(f *batch.Frame) {
	for i := range f.Records {
		l := &f.Records[i].Leaf
		if c := claimOf(&l.Stamp); !slices.Contains(e[l.ID], c) {
			e[l.ID] = append(e[l.ID], c)
		}
	}
}

// numbered is a row of Postgres.
type numbered struct {
	claim
	id          clickday.SubmissionID
	application string
	state       string
	number      *int64
	tie         [32]byte
	pdf         []byte
}

// fromClient reads every acknowledgement on the client's disk and checks its
// signature and path.
func fromClient(t *testing.T, dir string, in *installation.Installation) map[clickday.SubmissionID]claim {
	t.Helper()
	s, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	node, err := keys.ReadPublic(in.KeyFile(keys.NodePubFile(1)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[clickday.SubmissionID]claim{}
	for _, r := range s.All() {
		ack, err := wire.ParseAcknowledgement(r.Acknowledgement)
		if err != nil {
			t.Fatalf("application %s, state %s: %v", r.Application, r.State, err)
		}
		if err := ack.Check(wire.IDOf(r.Envelope), node); err != nil {
			t.Fatalf("application %s: %v", r.Application, err)
		}
		out[ack.Leaf.ID] = claimOf(&ack.Leaf.Stamp)
	}
	return out
}

// fromJournal reads every record of the journal, of a stopped intake. A submission
// may stand there again only with an earlier time.
func fromJournal(t *testing.T, in *installation.Installation) evidence {
	t.Helper()
	node, err := keys.ReadPublic(in.KeyFile(keys.NodePubFile(1)))
	if err != nil {
		t.Fatal(err)
	}
	out := evidence{}
	_, err = journal.Scan(in.JournalDir(), node, func(f *batch.Frame) error {
		out.collect(f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for id, c := range out {
		if !slices.IsSortedFunc(c, func(a, b claim) int { return cmp.Compare(b.arrived, a.arrived) }) {
			t.Errorf("the journal holds %s again without need: %+v", id, c)
		}
	}
	return out
}

// fromRedis reads every batch that lies in the stream, be it more than once.
func fromRedis(t *testing.T, in *installation.Installation) evidence {
	t.Helper()
	q, err := redisqueue.Open(in.RedisURL)
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	out := evidence{}
	for after := ""; ; {
		entries, err := q.Read(t.Context(), 1, after, 100)
		if err != nil {
			t.Fatal(err)
		}
		if len(entries) == 0 {
			return out
		}
		for _, e := range entries {
			f, err := batch.Parse(e.Frame)
			if err != nil {
				t.Fatal(err)
			}
			out.collect(&f)
			after = e.ID
		}
	}
}

func connect(t *testing.T, in *installation.Installation) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), in.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

// fromPostgres reads every submission of the day, in order of arrival with ties
// as published, and its receipt.
func fromPostgres(t *testing.T, db *postgres.DB) []numbered {
	t.Helper()
	rows, err := db.Pool.Query(t.Context(), `
		SELECT s.id, s.application_id::text, s.state, s.number, s.arrived, s.journal::text, s.sequence::text,
		       d.tie_seed, coalesce(r.pdf, '')
		FROM submissions s JOIN click_days d ON d.id = s.click_day_id LEFT JOIN receipts r ON r.submission_id = s.id`)
	if err != nil {
		t.Fatal(err)
	}
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (numbered, error) {
		var n numbered
		var id, seed []byte
		var journalText, sequenceText string
		err := row.Scan(&id, &n.application, &n.state, &n.number, &n.arrived, &journalText, &sequenceText, &seed, &n.pdf)
		if err != nil {
			return n, err
		}
		n.id = clickday.SubmissionID(id)
		n.journal, n.sequence = parseUint(t, journalText), parseUint(t, sequenceText)
		n.tie = sha256.Sum256(append(append([]byte(nil), seed...), id...))
		return n, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func parseUint(t *testing.T, s string) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// count answers one number from Postgres, 0 while it cannot.
func count(ctx context.Context, db *postgres.DB, query string) int {
	var n int
	if err := db.Pool.QueryRow(ctx, query).Scan(&n); err != nil {
		return 0
	}
	return n
}

// receiptFiles lists what the client has saved.
func receiptFiles(t *testing.T, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*.pdf"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// acknowledged asks the intake how many submissions it has made durable since
// its start.
func acknowledged(in *installation.Installation) int {
	res, err := http.Get(in.AdminURL + "/metrics")
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		if value, ok := strings.CutPrefix(lines.Text(), `puntuale_intake_accepted_total{stamp="kernel"} `); ok {
			n, err := strconv.ParseFloat(value, 64)
			if err != nil {
				return 0
			}
			return int(n)
		}
	}
	return 0
}
