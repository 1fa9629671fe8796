package ledger

import (
	"bytes"
	"testing"
	"time"
)

func FuzzParseLeaf(f *testing.F) {
	f.Add(sample.AppendLine(nil, time.Microsecond))
	f.Add(sampleLeaf(func(l *Leaf) { l.Outcome, l.Number, l.Reason = Refused, 0, "document_altered" }).AppendLine(nil, time.Second))
	f.Add([]byte("repeated,9223372036854775807,0001-01-01T00:00:00Z,user-space,degraded,1,1,1,,"))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := ParseLeaf(b)
		if err != nil {
			return
		}
		for grain := time.Microsecond; grain <= time.Second; grain *= 10 {
			if bytes.Equal(l.AppendLine(nil, grain), b) {
				return
			}
		}
		t.Errorf("%q was taken, and is not written so", b)
	})
}

func FuzzTile(f *testing.F) {
	f.Add(int8(-1), uint8(2), []byte("\x00\x03abc\x00\x00"))
	f.Add(int8(0), uint8(2), make([]byte, 64))
	f.Fuzz(func(t *testing.T, level int8, width uint8, b []byte) {
		tile := Tile{Level: int(level), Width: int(width), Data: b}
		if h, err := tile.Hashes(); err == nil && !bytes.Equal(join(h), b) {
			t.Errorf("hash tile %x is read as %v", b, h)
		}
		if lines, err := tile.Lines(); err == nil {
			var again []byte
			for _, l := range lines {
				again = appendEntry(again, l)
			}
			if !bytes.Equal(again, b) || len(lines) != int(width) {
				t.Errorf("bundle %x is read as %q", b, lines)
			}
		}
		if cut, err := tile.Cut(1); err == nil && !bytes.HasPrefix(b, cut.Data) {
			t.Errorf("the first of %x is %x", b, cut.Data)
		}
	})
}

func FuzzParsePath(f *testing.F) {
	for _, s := range []string{"tile/0/000", "tile/entries/x001/234.p/9", "tile/7/x9/x/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if tile, err := ParsePath(s); err == nil && tile.Path() != s {
			t.Errorf("%q is %+v, whose path is %q", s, tile, tile.Path())
		}
	})
}

func FuzzCheckpoint(f *testing.F) {
	h, err := testSigner(f).Sign("B-2026", 5, emptyRoot)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(h.Note)
	f.Add([]byte("a\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n"))
	v := testSigner(f).Verifier()
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, err := v.Open("B-2026", b); err == nil && (got.Size != h.Size || got.Root != h.Root) {
			t.Errorf("taken without our signature: %q", b)
		}
	})
}

func FuzzParseEvidence(f *testing.F) {
	e := sampleEvidence(f)
	b, err := e.Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"format":"puntuale-evidence-1"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := ParseEvidence(b)
		if err != nil {
			return
		}
		if again, err := e.Marshal(); err != nil || !bytes.Equal(again, b) {
			t.Errorf("%q was taken, and is not written so: %v", b, err)
		}
	})
}
