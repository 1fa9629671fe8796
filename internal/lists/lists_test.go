package lists

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/forms"
	"puntuale/internal/ledger"
	"puntuale/internal/quota"
	"puntuale/internal/ranking"
)

// memory is a store of one day without quotas, which keeps what is published.
type memory struct {
	basis      Basis
	lines      [][]byte
	files      map[string]*bytes.Buffer
	placements int
}

func (m *memory) Basis(context.Context, clickday.DayID) (*Basis, error) { b := m.basis; return &b, nil }

func (m *memory) LedgerLines(_ context.Context, _ string, size int64, each func(int64, []byte) error) error {
	for i := range size {
		if err := each(i, bytes.Clone(m.lines[i])); err != nil {
			return err
		}
	}
	return nil
}

func (m *memory) SealedDocuments(context.Context, []clickday.SubmissionID) (map[clickday.SubmissionID][]byte, error) {
	return nil, errors.New("without quotas nobody asks for documents")
}

func (m *memory) PublishList(_ context.Context, _ *Published, fill func(Shelf) error) error {
	m.files = map[string]*bytes.Buffer{}
	return fill(m)
}

type memoryFile struct{ *bytes.Buffer }

func (memoryFile) Close() error { return nil }

func (m *memory) Create(_ context.Context, name, _ string) (io.WriteCloser, error) {
	m.files[name] = &bytes.Buffer{}
	return memoryFile{m.files[name]}, nil
}

func (m *memory) Place(_ context.Context, p []Placement) error { m.placements += len(p); return nil }

// plainSeal leaves documents as they are.
type plainSeal struct{}

func (plainSeal) Sign(pdf []byte, _ time.Time) ([]byte, error) { return pdf, nil }

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func testPress(t *testing.T, rows int) (*memory, *Press, *clickday.Day) {
	t.Helper()
	private, _, err := note.GenerateKey(zeros{}, "lists.example.it")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	models, err := forms.Load()
	if err != nil {
		t.Fatal(err)
	}
	opens := time.Date(2027, 1, 12, 8, 0, 0, 0, time.UTC)
	day := &clickday.Day{ID: 1, Code: "A-1", TitleIT: "Prova", TitleEN: "Trial", Opens: opens.UnixNano(), Closes: opens.Add(time.Hour).UnixNano()}
	m := &memory{basis: Basis{DayCode: "A-1", Head: ledger.Head{Size: int64(rows), Note: []byte("x\n")}}}
	for i := range rows {
		l := ledger.Leaf{
			Outcome: ledger.Numbered, Number: int64(i + 1), Arrived: day.Opens + int64(i)*1000, Source: clickday.StampKernel, Clock: clickday.ClockOK,
			Node: 1, Submission: sha256.Sum256(fmt.Append(nil, i)),
		}
		m.lines = append(m.lines, l.AppendLine(nil, day.Grain()))
	}
	p := &Press{Store: m, Models: models, Signer: signer, Seal: plainSeal{}, Body: "Ente", PublicURL: "https://p.example", Clock: clock.NewFake(opens.Add(time.Minute)), Workers: 1}
	return m, p, day
}

func TestTheSameListHasTheSameBytes(t *testing.T) {
	rows := partRows + 1
	m, p, day := testPress(t, rows)
	order := &Order{Day: day, Kind: ranking.Provisional, Operator: "Ufficio"}
	if _, _, err := p.Publish(context.Background(), order); err != nil {
		t.Fatal(err)
	}
	first := m.files
	if m.placements != rows || len(first) != 4 || first[PartName(2)] == nil {
		t.Errorf("%d placements, files %v", m.placements, len(first))
	}
	if _, _, err := p.Publish(context.Background(), order); err != nil {
		t.Fatal(err)
	}
	for name, b := range first {
		if b.Len() == 0 || !bytes.Equal(b.Bytes(), m.files[name].Bytes()) {
			t.Errorf("%s is empty or comes out otherwise the second time", name)
		}
	}
	if n := strings.Count(first[CSVName].String(), "\n"); n < rows {
		t.Errorf("%d lines", n)
	}
}

func TestAListNeedsSomebodyAndSomething(t *testing.T) {
	m, p, day := testPress(t, 1)
	if _, _, err := p.Publish(context.Background(), &Order{Day: day, Kind: ranking.Provisional}); err == nil {
		t.Error("nobody published it")
	}
	if _, _, err := p.Publish(context.Background(), &Order{Day: day, Kind: "x", Operator: "U"}); err == nil {
		t.Error("an unknown kind")
	}
	m.lines[0] = []byte("not a leaf")
	if _, _, err := p.Publish(context.Background(), &Order{Day: day, Kind: ranking.Provisional, Operator: "U"}); !errors.Is(err, ledger.ErrLeaf) {
		t.Errorf("a broken ledger: %v", err)
	}
	m.basis.Head.Size = 0
	if _, _, err := p.Publish(context.Background(), &Order{Day: day, Kind: ranking.Provisional, Operator: "U"}); !errors.Is(err, ErrNotReady) {
		t.Errorf("an empty ledger: %v", err)
	}
}

func TestGroupsInWords(t *testing.T) {
	models, err := forms.Load()
	if err != nil {
		t.Fatal(err)
	}
	w := NewWords(models)
	for g, want := range map[quota.Group][2]string{
		"AL|any|MI":           {"Albania · Milano", "Albania · Milano"},
		"MA|construction|any": {"Marocco · Edilizia", "Morocco · Construction"},
		"NORD|any|any":        {"NORD", "NORD"},
		quota.Everybody:       {"Tutti gli altri", "Everybody else"},
	} {
		if it, en := w.Group(g, "it"), w.Group(g, "en"); it != want[0] || en != want[1] {
			t.Errorf("%s: %q, %q", g, it, en)
		}
	}
	for _, rule := range []string{"chronological", "draw-all reallocate=sector", "draw-equals span=1s reallocate=province+nationality"} {
		r, err := quota.ParseRule(rule)
		if err != nil {
			t.Fatal(err)
		}
		if it, en := w.Rule(r, "it"), w.Rule(r, "en"); it == en || strings.Contains(it, "  ") || len(it) < 40 || len(en) < 40 {
			t.Errorf("%s: %q, %q", rule, it, en)
		}
	}
}

func TestResultsInWords(t *testing.T) {
	numbered, refused := ledger.Leaf{Outcome: ledger.Numbered, Number: 1}, ledger.Leaf{Outcome: ledger.Refused, Late: true}
	for want, c := range map[string]struct {
		leaf ledger.Leaf
		p    *Placement
	}{
		"numerata":          {numbered, &Placement{}},
		"in quota":          {numbered, &Placement{Decided: true, Placement: quota.Placement{Admitted: true}}},
		"in quota (rip. 2)": {numbered, &Placement{Decided: true, Placement: quota.Placement{Admitted: true, Round: 2}}},
		"non in quota":      {numbered, &Placement{Decided: true}},
		"ripetuta":          {ledger.Leaf{Outcome: ledger.Repeated, Number: 1}, nil},
		"rifiutata *":       {refused, nil},
	} {
		if got := resultWord(&c.leaf, c.p); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
