package admission

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"puntuale/internal/batch"
	"puntuale/internal/clickday"
	"puntuale/internal/postgres/admissiontest"
	"puntuale/internal/wire"
)

// zstdFrame is a frame written by hand: its head, then blocks.
func zstdFrame(head []byte, blocks ...[]byte) []byte {
	return append(append([]byte{0x28, 0xb5, 0x2f, 0xfd}, head...), bytes.Join(blocks, nil)...)
}

// repeated is a block that says "so many of this byte" in four bytes.
func repeated(last bool, size int) []byte {
	v := size<<3 | 1<<1
	if last {
		v |= 1
	}
	return []byte{byte(v), byte(v >> 8), byte(v >> 16), 'x'}
}

// swelling are compressed documents that fit an envelope and would be large: the
// largest one half a gigabyte. Each is signed and has a good ticket, so it gets
// past the intake.
func swelling(t *testing.T) map[string]struct {
	frame []byte
	want  clickday.Code
} {
	t.Helper()
	many := bytes.Repeat(repeated(false, 128<<10), 3900)
	head := func(size uint64) []byte { return binary.LittleEndian.AppendUint64([]byte{0xe0}, size) }
	enc, err := zstd.NewWriter(nil, zstd.WithSingleSegment(true), zstd.WithEncoderLevel(zstd.SpeedBestCompression))
	if err != nil {
		t.Fatal(err)
	}
	thousand := enc.EncodeAll(make([]byte, 15<<20), nil) // real zstd, far over 1:1000
	inner := zstdFrame(head(512<<20), many, repeated(true, 1))
	return map[string]struct {
		frame []byte
		want  clickday.Code
	}{
		"half a gigabyte":                       {inner, clickday.CodeDecompression},
		"half a gigabyte that states 64 KiB":    {zstdFrame(head(wire.DocumentMax), many, repeated(true, 1)), clickday.CodeDecompression},
		"half a gigabyte that states nothing":   {zstdFrame([]byte{0x00, 0x30}, many, repeated(true, 1)), clickday.CodeDecompression},
		"one byte that states 2^62":             {zstdFrame(head(1<<62), repeated(true, 1)), clickday.CodeDecompression},
		"one byte that wants a window of 2^41":  {zstdFrame([]byte{0xc0, 0xf8, 1, 0, 0, 0, 0, 0, 0, 0}, repeated(true, 1)), clickday.CodeDecompression},
		"1:1000":                                {thousand, clickday.CodeDecompression},
		"within the size, over the ratio":       {enc.EncodeAll(make([]byte, wire.DocumentMax), nil), clickday.CodeDecompression},
		"one in another, of which none is open": {enc.EncodeAll(incompressible(inner[:12<<10]), nil), clickday.CodeDigest},
		"gzip":                                  {append([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3}, many[:9000]...), clickday.CodeDecompression},
	}
}

// incompressible spreads a frame so that compressing it once more keeps its size
// within the ratio.
func incompressible(b []byte) []byte {
	out := bytes.Clone(b)
	x := uint32(1)
	for i := len(out) / 2; i < len(out); i++ {
		x = x*1664525 + 1013904223
		out[i] = byte(x >> 24)
	}
	return out
}

// The worker is the first that opens a document. Whatever swells there is refused
// for what it is, its arrival stays in the record, and it costs no more memory than
// an honest one.
func TestSwellingDocumentsReachOnlyTheCaps(t *testing.T) {
	const each = 40
	s := newScene(t)
	j := s.judge(s.DB)
	for name, c := range swelling(t) {
		t.Run(name, func(t *testing.T) {
			var records []batch.Record
			envelope := s.EnvelopeOf(wire.SealTicket(&s.sealed.Ticket, s.Tickets.Keys[1]), 0, c.frame, s.device)
			for i := range each {
				records = append(records, admissiontest.Record(envelope, arrived.Add(time.Duration(i)), uint64(i+1)))
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			got, err := j.Judge(t.Context(), records)
			runtime.ReadMemStats(&after)
			if err != nil || len(got) != each {
				t.Fatalf("%d judged, %v", len(got), err)
			}
			for i, g := range got {
				if g.State != clickday.Refused || g.Reason != c.want || g.Stamp != records[i].Leaf.Stamp {
					t.Fatalf("%s, reason %q; want %q", g.State, g.Reason, c.want)
				}
			}
			if per := (after.TotalAlloc - before.TotalAlloc) / each; per > 8*wire.DocumentMax {
				t.Errorf("%d bytes of memory for one", per)
			}
		})
	}
	if got, err := j.Judge(t.Context(), []batch.Record{admissiontest.Record(s.right(), arrived, 1)}); err != nil || got[0].State != clickday.Queued {
		t.Fatalf("an honest one afterwards: %+v, %v", got, err)
	}
}
