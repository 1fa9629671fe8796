package ranking

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
)

func testHeader() *Header {
	return &Header{
		Kind: Provisional, Day: "FLUSSI-2027", Granularity: time.Microsecond, TieCommitment: [32]byte{1, 2}, TieSeed: []byte{3, 4},
		ClosePairs: 5, Policy: "chronological", PolicyDocument: [32]byte{6}, Quotas: []Quota{{"AGR|TN|A", 10}, {"CARE|MD|B", 0}},
		Checkpoint: []byte("origin\n1\nroot\n\nsignature\n"), Timestamp: []byte{0x30, 0},
	}
}

func testLine(i int) []byte {
	return fmt.Appendf(nil, "numbered,%d,2026-11-22T09:00:00.%06dZ,kernel,ok,812,1,0,%064x,", i+1, i, i)
}

func testSigner(t testing.TB) (note.Signer, note.Verifier) {
	t.Helper()
	private, public, err := note.GenerateKey(zeros{}, "lists.example.it")
	if err != nil {
		t.Fatal(err)
	}
	s, err := note.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(public)
	if err != nil {
		t.Fatal(err)
	}
	return s, v
}

// zeros makes the same key every time.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func testFile(t testing.TB, h *Header, rows int) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := NewWriter(&out, h)
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		r := &Row{Position: int64(i), Line: testLine(i), Group: "AGR|TN|A", Place: Admitted}
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	signer, _ := testSigner(t)
	if err := w.Close(signer); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// rewrite reads a list and writes what it read, with the signature as it was.
func rewrite(file []byte) ([]byte, error) {
	r, err := NewReader(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	out := r.Header().appendTo(nil)
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		out = row.appendTo(out)
	}
	at := bytes.LastIndex(file, []byte(signaturePrefix))
	return append(out, file[at:]...), nil
}

func TestAListComesBackAsItWasWritten(t *testing.T) {
	bare := &Header{Kind: Final, Day: "A", Granularity: time.Second, Policy: "none", Checkpoint: []byte{1}}
	for _, h := range []*Header{testHeader(), bare} {
		for _, rows := range []int{0, 1, 300} {
			file := testFile(t, h, rows)
			r, err := NewReader(bytes.NewReader(file))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(r.Header(), h) {
				t.Errorf("header %+v", r.Header())
			}
			n := 0
			for ; ; n++ {
				row, err := r.Next()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				if row.Position != int64(n) || string(row.Line) != string(testLine(n)) || row.Group != "AGR|TN|A" || row.Place != Admitted {
					t.Fatalf("row %d: %+v", n, row)
				}
			}
			signed, text := r.Statement()
			_, verifier := testSigner(t)
			opened, err := note.Open(signed, note.VerifierList(verifier))
			if n != rows || err != nil || opened.Text != text {
				t.Errorf("%d rows of %d, %v: %q", n, rows, err, text)
			}
		}
	}
}

func TestWhatIsNoListIsRefused(t *testing.T) {
	file := string(testFile(t, testHeader(), 3))
	for name, change := range map[string][2]string{
		"other version":      {"# Puntuale list 1", "# Puntuale list 2"},
		"unknown line":       {"# kind: ", "# sort: "},
		"twice":              {"# day: FLUSSI-2027\n", "# day: FLUSSI-2027\n# day: FLUSSI-2027\n"},
		"missing":            {"# close-pairs: 5\n", ""},
		"granularity":        {"1us", "2us"},
		"upper-case hex":     {"0304", "0X04"},
		"leading zero":       {"\n1,numbered", "\n01,numbered"},
		"sign":               {"\n1,numbered", "\n+1,numbered"},
		"too few columns":    {",AGR|TN|A,admitted\n1,", ",admitted\n1,"},
		"unknown place":      {"admitted", "admitted "},
		"quotas not sorted":  {"CARE|MD|B=0", "AAAA|MD|B=0"},
		"negative quota":     {"CARE|MD|B=0", "CARE|MD|B=-1"},
		"carriage return":    {"\n", "\r\n"},
		"behind the end":     {"", ""},
		"no line of columns": {columns + "\n", ""},
		"comment among rows": {"\n2,numbered", "\n# x\n2,numbered"},
	} {
		changed := strings.Replace(file, change[0], change[1], 1)
		if name == "behind the end" {
			changed = file + "\n"
		}
		if _, err := rewrite([]byte(changed)); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for n := range len(file) {
		if _, err := rewrite([]byte(file[:n])); !errors.Is(err, ErrFormat) {
			t.Fatalf("cut at %d: %v", n, err)
		}
	}
}

func TestTheWriterRefusesWhatTheReaderWould(t *testing.T) {
	for name, change := range map[string]func(*Header){
		"kind":        func(h *Header) { h.Kind = "x" },
		"day":         func(h *Header) { h.Day = "a b" },
		"granularity": func(h *Header) { h.Granularity = 2 },
		"policy":      func(h *Header) { h.Policy = "x\ny" },
		"quota":       func(h *Header) { h.Quotas = []Quota{{"b", 1}, {"a", 1}} },
		"group":       func(h *Header) { h.Quotas = []Quota{{"a,b", 1}} },
		"checkpoint":  func(h *Header) { h.Checkpoint = nil },
	} {
		h := testHeader()
		change(h)
		if _, err := NewWriter(io.Discard, h); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	w, err := NewWriter(io.Discard, testHeader())
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]Row{
		"gap":   {Position: 1, Line: testLine(0)},
		"line":  {Line: []byte("a,b")},
		"group": {Line: testLine(0), Group: "a,b"},
		"place": {Line: testLine(0), Place: "maybe"},
	} {
		if err := w.Write(&r); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add(testFile(f, testHeader(), 2))
	f.Add([]byte(firstLine + "\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		again, err := rewrite(file)
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Errorf("an error without kind: %v", err)
			}
			return
		}
		if !bytes.Equal(again, file) {
			t.Errorf("read %q\nas   %q", file, again)
		}
	})
}
