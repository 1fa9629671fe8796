package evidence_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/evidence"
	"puntuale/internal/forms"
	"puntuale/internal/keys"
	"puntuale/internal/ledger"
	"puntuale/internal/pades"
	"puntuale/internal/receipt"
	"puntuale/internal/timestamping"
	"puntuale/internal/timestamping/tsatest"
	"puntuale/internal/trust"
	"puntuale/internal/verdict"
	"puntuale/internal/wire"
)

const day = "FLUSSI-2027"

var at = time.Date(2027, 1, 12, 9, 0, 0, 0, time.UTC)

// world is a body with its keys, a node, a ledger, and one submission in it.
type world struct {
	t      testing.TB
	keys   *trust.Keys
	seal   *pades.Seal
	ledger *ledger.Signer
	node   ed25519.PrivateKey
	stamp  clickday.Stamp
	leaf   ledger.Leaf
	proof  ledger.Evidence
}

func newWorld(t testing.TB) *world {
	t.Helper()
	dir := t.TempDir()
	if err := keys.InitSeal(clock.NewFake(at), dir, "Ministero di prova"); err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, node: ed25519.NewKeyFromSeed(bytes.Repeat([]byte{3}, 32))}
	var err error
	if w.seal, err = pades.Load(filepath.Join(dir, keys.SealKeyFile), filepath.Join(dir, keys.SealCertFile)); err != nil {
		t.Fatal(err)
	}
	certificate, err := keys.ReadCertificate(filepath.Join(dir, keys.SealCertFile))
	if err != nil {
		t.Fatal(err)
	}
	if w.ledger, err = ledger.SignerOf("ledger.example.it", ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32))); err != nil {
		t.Fatal(err)
	}
	authority := tsatest.Start(t, clock.NewFake(at), tsatest.Options{})
	w.keys = &trust.Keys{
		Format: trust.Format, Ledger: []string{w.ledger.Verifier().String()}, Seals: [][]byte{certificate.Raw},
		Nodes: []trust.Node{{Node: 2, Key: w.node.Public().(ed25519.PublicKey)}}, Timestamps: [][]byte{authority.Root.Raw},
	}
	w.stamp = clickday.Stamp{
		UnixNano: at.Add(-time.Hour).UnixNano() + 123456789, Source: clickday.StampKernel, Clock: clickday.ClockOK,
		Bound: 250500 * time.Nanosecond, Node: 2, Journal: 99, Sequence: 4,
	}
	w.leaf = ledger.Leaf{
		Outcome: ledger.Numbered, Number: 42, Arrived: w.stamp.UnixNano, Source: clickday.StampKernel, Clock: clickday.ClockOK,
		Bound: w.stamp.Bound, Node: 2, Submission: wire.IDOf([]byte("envelope")),
	}
	w.prove(time.Microsecond)
	ask := &timestamping.Authority{URL: authority.URL, HTTP: http.DefaultClient, Roots: authority.Roots(), Clock: clock.NewFake(at), MaxOff: time.Minute}
	if w.proof.Timestamp, _, err = ask.Ask(context.Background(), []byte(w.proof.Checkpoint)); err != nil {
		t.Fatal(err)
	}
	return w
}

// prove puts the leaf into a ledger of a thousand others and acknowledges it.
func (w *world) prove(grain time.Duration) {
	w.t.Helper()
	line := w.leaf.AppendLine(nil, grain)
	var tiles []ledger.Tile
	var edge ledger.Edge
	for i := range 1000 {
		other := w.leaf
		other.Number, other.Submission[0] = int64(i+1), byte(i)
		next := other.AppendLine(nil, grain)
		if i == 700 {
			next = line
		}
		more, err := edge.Grow([][]byte{next})
		if err != nil {
			w.t.Fatal(err)
		}
		tiles = append(tiles, more...)
	}
	prover := ledger.NewProver(edge.Size(), func(want ledger.Tile) (ledger.Tile, error) {
		for _, t := range slices.Backward(tiles) {
			if t.Level == want.Level && t.Index == want.Index && t.Width >= want.Width {
				return t, nil
			}
		}
		return ledger.Tile{}, errors.New("no such tile")
	})
	p, err := prover.Inclusion(700)
	if err != nil {
		w.t.Fatal(err)
	}
	head, err := w.ledger.Sign(day, edge.Size(), edge.Root())
	if err != nil {
		w.t.Fatal(err)
	}
	w.proof = ledger.Evidence{
		Day: day, Leaf: string(line), Index: 700, Checkpoint: string(head.Note), Inclusion: p.Hashes,
		Acknowledgement: w.acknowledge(), LedgerKey: w.ledger.Verifier().DayKey(day),
		NodeKey: hex.EncodeToString(w.node.Public().(ed25519.PublicKey)),
	}
}

func (w *world) acknowledge() []byte {
	leaf := wire.Leaf{ID: w.leaf.Submission, Stamp: w.stamp}
	tree := wire.NewTree([][32]byte{{1}, wire.HashLeaf(wire.AppendLeaf(nil, &leaf)), {3}})
	s := wire.BatchStatement{Node: w.stamp.Node, Journal: w.stamp.Journal, Batch: 17, Count: 3, Root: tree.Root(), Prev: [32]byte{9}}
	return wire.AppendAcknowledgement(nil, &wire.Acknowledgement{
		Leaf: leaf, Batch: 17, Index: 1, Count: 3, Prev: s.Prev, KeyID: wire.KeyID(w.node.Public().(ed25519.PublicKey)),
		Signature: [64]byte(ed25519.Sign(w.node, s.Message())), Path: tree.AppendPath(nil, 1),
	})
}

func (w *world) json() []byte {
	w.t.Helper()
	b, err := w.proof.Marshal()
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

func (w *world) pdf() []byte {
	w.t.Helper()
	pdf, err := receipt.Render(&receipt.Data{
		Body: "Ministero di prova", Number: 42, ProtocolNumber: clickday.ProtocolNumber(day, 42), DayCode: day, DayTitle: "Giorno", Model: "B",
		ModelTitle: "Modello", Stamp: w.stamp, Submission: w.leaf.Submission, Applicant: "Nguyễn Thị Ánh", Issued: at,
		VerifyURL: "https://example.it/verify", Evidence: w.json(),
		Preview: []forms.Section{{Title: "Datore", Rows: []forms.Row{{Label: "Nome", Value: "Łukasz Ștefănescu"}}}},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	sealed, err := w.seal.Sign(pdf, at)
	if err != nil {
		w.t.Fatal(err)
	}
	return sealed
}

func (w *world) verify(file []byte) *verdict.Report {
	w.t.Helper()
	r, err := evidence.Verify(file, w.keys)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func states(r *verdict.Report) map[string]verdict.State {
	out := map[string]verdict.State{}
	for _, c := range r.Checks {
		out[c.ID] = c.State
	}
	return out
}

func TestAReceiptIsProven(t *testing.T) {
	w := newWorld(t)
	pdf := w.pdf()
	r := w.verify(pdf)
	if !r.OK() {
		t.Fatal(r.Findings)
	}
	for _, id := range []string{"seal", "proof", "checkpoint", "inclusion", "timestamp", "acknowledgement", "same"} {
		if got := states(r)[id]; got != verdict.Proven {
			t.Errorf("%s: %q", id, got)
		}
	}
	var out bytes.Buffer
	for lang, want := range map[string]string{"it": "DIMOSTRATO", "en": "PROVEN"} {
		if err := r.Print(&out, lang); err != nil || strings.Contains(out.String(), "%!") || !strings.Contains(out.String(), want) || !strings.Contains(out.String(), "FLUSSI-2027/0000042") {
			t.Errorf("%v\n%s", err, out.String())
		}
	}
	if r := w.verify(w.json()); !r.OK() || states(r)["seal"] != verdict.Open {
		t.Errorf("prova.json alone: %+v", r)
	}
}

// pdfsig is of the same opinion about the seal, before and after a change.
func TestPdfsigAgrees(t *testing.T) {
	w := newWorld(t)
	pdf := w.pdf()
	path := filepath.Join(t.TempDir(), "r.pdf")
	says := func() bool {
		if err := os.WriteFile(path, pdf, 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("pdfsig", "-nocert", path).CombinedOutput()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatalf("pdfsig (poppler-utils): %v", err)
		}
		return strings.Contains(string(out), "Signature is Valid") && strings.Contains(string(out), "Total document signed")
	}
	if !says() || !w.verify(pdf).OK() {
		t.Fatal("a fresh receipt is not valid")
	}
	for _, i := range []int{20, len(pdf) / 2, len(pdf) - 3} {
		pdf[i] ^= 1
		if says() || w.verify(pdf).OK() {
			t.Errorf("byte %d: pdfsig %v, we %v", i, says(), w.verify(pdf).OK())
		}
		pdf[i] ^= 1
	}
}

// Every byte of the seal and around it, upper-case digits and filling zeros
// among them, and every 61st elsewhere.
func TestOneChangedByteOfAReceiptIsFound(t *testing.T) {
	w := newWorld(t)
	pdf := w.pdf()
	from := bytes.LastIndex(pdf, []byte("/ByteRange"))
	check := func(i int, bit byte) {
		pdf[i] ^= bit
		r, err := evidence.Verify(pdf, w.keys)
		if err == nil && r.OK() {
			t.Errorf("byte %d: %q became %q and nobody noticed", i, pdf[i]^bit, pdf[i])
		}
		pdf[i] ^= bit
	}
	for i := range pdf {
		if i > from {
			check(i, 0x01<<(5*(i%2))) // in letters the other case, or the next one
		} else if i%61 == 0 {
			check(i, 0x04)
		}
	}
	for name, other := range map[string][]byte{
		"longer": append(slices.Clone(pdf), '\n'), "shorter": pdf[:len(pdf)-1], "update": append(slices.Clone(pdf), pdf[from-500:]...),
	} {
		if r := w.verify(other); r.OK() {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestOneChangedByteOfTheProofAloneIsFound(t *testing.T) {
	w := newWorld(t)
	file := w.json()
	stamp := bytes.Index(file, []byte(`"timestamp"`))
	end := stamp + bytes.IndexByte(file[stamp:], '\n')
	for i := range file {
		if i > stamp && i < end && i%17 != 0 { // the token is long, and has its own tests
			continue
		}
		bit := byte(0x01 << (5 * (i % 2)))
		file[i] ^= bit
		r, err := evidence.Verify(file, w.keys)
		if err == nil && r.OK() && (i < stamp || i > end) {
			t.Errorf("byte %d: %q became %q and nobody noticed", i, file[i]^bit, file[i])
		}
		file[i] ^= bit
	}
}

// What the body's own people could do with the body's own keys.
func TestContradictionsAreFound(t *testing.T) {
	other := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{4}, 32))
	for name, c := range map[string]struct {
		change func(w *world)
		want   string
	}{
		"arrival moved":      {func(w *world) { w.leaf.Arrived -= 1e6; w.prove(time.Microsecond) }, "same"},
		"bound made smaller": {func(w *world) { w.leaf.Bound = time.Microsecond; w.prove(time.Microsecond) }, "same"},
		"another node":       {func(w *world) { w.leaf.Node = 3; w.prove(time.Microsecond) }, "same"},
		"another source":     {func(w *world) { w.leaf.Source = clickday.StampUserSpace; w.prove(time.Microsecond) }, "same"},
		"another clock":      {func(w *world) { w.leaf.Clock = clickday.ClockDegraded; w.prove(time.Microsecond) }, "same"},
		"another submission": {func(w *world) {
			a := w.proof.Acknowledgement
			w.leaf.Submission[0]++
			w.prove(time.Microsecond)
			w.proof.Acknowledgement = a
		}, "acknowledgement"},
		"a node nobody knows":    {func(w *world) { w.node = other; w.prove(time.Microsecond) }, "acknowledgement"},
		"another key named":      {func(w *world) { w.proof.NodeKey = strings.Repeat("0", 64) }, "acknowledgement"},
		"another ledger key":     {func(w *world) { w.proof.LedgerKey += "x" }, "checkpoint"},
		"another day":            {func(w *world) { w.proof.Day = "OTHER" }, "checkpoint"},
		"another place":          {func(w *world) { w.proof.Index++ }, "inclusion"},
		"another line":           {func(w *world) { w.leaf.Number++; w.proof.Leaf = string(w.leaf.AppendLine(nil, time.Microsecond)) }, "inclusion"},
		"heads swapped":          {func(w *world) { w.swapHead() }, "inclusion"},
		"time-stamp of another":  {func(w *world) { token := w.proof.Timestamp; w.swapHead(); w.proof.Timestamp = token }, "timestamp"},
		"seal nobody knows":      {func(w *world) { w.keys.Seals = nil }, "seal"},
		"ledger nobody knows":    {func(w *world) { w.keys.Ledger = nil }, "checkpoint"},
		"authority nobody knows": {func(w *world) { w.keys.Timestamps = w.keys.Seals }, "timestamp"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c.change(w)
			r := w.verify(w.pdf())
			if !r.Found(c.want) {
				t.Errorf("no finding %q: %+v", c.want, r.Findings)
			}
		})
	}
}

// swapHead takes the signed head of another tree of the same day.
func (w *world) swapHead() {
	head, err := w.ledger.Sign(day, 1000, tlog.Hash{1})
	if err != nil {
		w.t.Fatal(err)
	}
	w.proof.Checkpoint = string(head.Note)
}

func TestCoarserLedgersAgreeWithTheirAcknowledgement(t *testing.T) {
	w := newWorld(t)
	for _, grain := range []time.Duration{time.Microsecond, time.Millisecond, time.Second} {
		w.prove(grain)
		if r := w.verify(w.json()); !r.OK() {
			t.Errorf("%s: %+v", grain, r.Findings)
		}
	}
}

func TestWhatIsMissingIsSaid(t *testing.T) {
	w := newWorld(t)
	w.proof.Acknowledgement, w.proof.NodeKey, w.proof.Timestamp = nil, "", nil
	r := w.verify(w.pdf())
	if s := states(r); !r.OK() || s["acknowledgement"] != verdict.Open || s["timestamp"] != verdict.Open {
		t.Errorf("%+v", r)
	}
	if _, err := evidence.Verify([]byte("hello"), w.keys); !errors.Is(err, evidence.ErrKind) {
		t.Error(err)
	}
	plain, err := w.seal.Sign(bare(t), at)
	if err != nil {
		t.Fatal(err)
	}
	if r := w.verify(plain); !r.Found("proof") || r.Found("seal") {
		t.Errorf("a sealed PDF without proof: %+v", r.Findings)
	}
	if r := w.verify(bare(t)); !r.Found("seal") {
		t.Errorf("a PDF without seal: %+v", r.Findings)
	}
}

// bare is a receipt without a proof.
func bare(t *testing.T) []byte {
	t.Helper()
	pdf, err := receipt.Render(&receipt.Data{
		Body: "B", Number: 1, ProtocolNumber: "D/1", DayCode: "D", DayTitle: "D", Model: "B", ModelTitle: "M",
		Stamp: clickday.Stamp{UnixNano: 1}, Applicant: "A", Issued: at, VerifyURL: "https://example.it/v",
	})
	if err != nil {
		t.Fatal(err)
	}
	return pdf
}

func FuzzVerify(f *testing.F) {
	w := newWorld(f)
	pdf := w.pdf()
	f.Add(pdf)
	f.Add(pdf[bytes.LastIndex(pdf, []byte("%PDF-")):])
	alone := w.json()
	f.Add(alone)
	f.Fuzz(func(t *testing.T, file []byte) {
		r, err := evidence.Verify(file, w.keys)
		if err == nil && r.OK() && !bytes.Equal(file, pdf) && !bytes.Equal(file, alone) {
			t.Errorf("proven: %q", file)
		}
	})
}
