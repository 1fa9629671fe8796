package wire

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/klauspost/compress/zstd"

	"puntuale/internal/clickday"
)

func newDecompressor(tb testing.TB, ds ...Dictionary) *Decompressor {
	tb.Helper()
	d, err := NewDecompressor(ds...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(d.Close)
	return d
}

// noise returns bytes that do not compress.
func noise(n int) []byte {
	b := make([]byte, n)
	rng := rand.NewChaCha8([32]byte{1})
	rng.Read(b)
	return b
}

func TestCompressRoundTrip(t *testing.T) {
	dec := newDecompressor(t, testDictionary())
	for _, d := range []Dictionary{{}, testDictionary()} {
		for _, doc := range [][]byte{{}, {1}, testDocument(), noise(DocumentMax), noise(255), noise(256), noise(65_000)} {
			frame, err := Compress(doc, d)
			if err != nil {
				t.Fatal(err)
			}
			got, err := dec.Decompress(frame)
			if err != nil || !bytes.Equal(got, doc) {
				t.Fatalf("%d bytes, dictionary %d: %v", len(doc), d.ID, err)
			}
		}
	}
	plain, _ := Compress(testDocument(), Dictionary{})
	small, _ := Compress(testDocument(), testDictionary())
	if len(small) >= len(plain) {
		t.Errorf("dictionary does not help: %d bytes with, %d without", len(small), len(plain))
	}
}

func TestCompressRefusesWhatNobodyWouldAccept(t *testing.T) {
	_, err := Compress(make([]byte, DocumentMax+1), Dictionary{})
	wantCode(t, err, clickday.CodeOversized)
	_, err = Compress(make([]byte, DocumentMax), Dictionary{})
	wantCode(t, err, clickday.CodeDecompression)
}

// rawFrame builds a zstd frame by hand: descriptor, window or none, dictionary
// id or none, content size, blocks.
func rawFrame(head []byte, blocks ...[]byte) []byte {
	b := append([]byte{0x28, 0xb5, 0x2f, 0xfd}, head...)
	for _, x := range blocks {
		b = append(b, x...)
	}
	return b
}

// block returns a raw (kind 0) or repeated-byte (kind 1) block.
func block(last bool, kind, size int, content ...byte) []byte {
	v := size<<3 | kind<<1
	if last {
		v |= 1
	}
	return append([]byte{byte(v), byte(v >> 8), byte(v >> 16)}, content...)
}

// sized is the head of a single-segment frame that states size in eight bytes.
func sized(size uint64) []byte { return binary.LittleEndian.AppendUint64([]byte{0xe0}, size) }

func bombs() map[string][]byte {
	var many []byte
	for range 4000 {
		many = append(many, block(false, 1, 128<<10, 'x')...)
	}
	good := rawFrame(sized(3), block(true, 0, 3, 'a', 'b', 'c'))
	return map[string][]byte{
		"nothing":                      {},
		"magic alone":                  {0x28, 0xb5, 0x2f, 0xfd},
		"gzip":                         {0x1f, 0x8b, 8, 0, 0, 0, 0, 0},
		"states 2^63":                  rawFrame(sized(1<<63), block(true, 1, 10, 'x')),
		"states 2^31":                  rawFrame(sized(1<<31), block(true, 1, 10, 'x')),
		"states 65537":                 rawFrame(sized(DocumentMax+1), many),
		"ratio":                        rawFrame(sized(DocumentMax), block(true, 1, DocumentMax, 'x')),
		"no size":                      rawFrame([]byte{0x00, 0x30}, block(true, 1, 10, 'x')),
		"no size, many blocks":         rawFrame([]byte{0x00, 0x30}, many, block(true, 1, 10, 'x')),
		"many blocks over the size":    rawFrame(sized(DocumentMax), many, block(true, 1, 10, 'x')),
		"huge window":                  rawFrame([]byte{0xc0, 0xf8, 10, 0, 0, 0, 0, 0, 0, 0}, block(true, 1, 10, 'x')),
		"fewer bytes than stated":      rawFrame(sized(11), block(true, 1, 10, 'x')),
		"more bytes than stated":       rawFrame(sized(9), block(true, 1, 10, 'x')),
		"block cut":                    rawFrame(sized(10), block(true, 0, 10, 'x')),
		"no last block":                rawFrame(sized(10), block(false, 1, 10, 'x')),
		"reserved block":               rawFrame(sized(10), block(true, 3, 10, 'x')),
		"byte after the frame":         append(bytes.Clone(good), 0),
		"second frame":                 append(bytes.Clone(good), rawFrame(sized(0), block(true, 0, 0))...),
		"skippable frame after it":     append(bytes.Clone(good), 0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0),
		"skippable frame":              {0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0},
		"skippable frame before":       append([]byte{0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0}, good...),
		"unknown dictionary":           rawFrame([]byte{0x23, 9, 9, 9, 9, 1}, block(true, 0, 1, 'a')),
		"checksum that does not match": rawFrame([]byte{0x24, 1}, block(true, 0, 1, 'a'), []byte{1, 2, 3, 4}),
	}
}

func TestBombsAreRefusedWithoutMemory(t *testing.T) {
	dec := newDecompressor(t, testDictionary())
	if got, err := dec.Decompress(rawFrame(sized(3), block(true, 0, 3, 'a', 'b', 'c'))); err != nil || string(got) != "abc" {
		t.Fatalf("%q, %v", got, err)
	}
	for name, frame := range bombs() {
		if len(frame) > EnvelopeMax {
			t.Errorf("%s: frame of %d bytes would not fit an envelope", name, len(frame))
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range 20 {
			_, err := dec.Decompress(frame)
			wantCode(t, err, clickday.CodeDecompression)
		}
		runtime.ReadMemStats(&after)
		if per := (after.TotalAlloc - before.TotalAlloc) / 20; per > 4*DocumentMax {
			t.Errorf("%s: %d bytes allocated", name, per)
		}
	}
}

func TestDocumentOfAnEnvelope(t *testing.T) {
	dict := testDictionary()
	dec := newDecompressor(t, dict)
	named, _ := Compress(testDocument(), dict)
	plain, _ := Compress(testDocument(), Dictionary{})
	for name, c := range map[string]struct {
		id    uint32
		frame []byte
		want  clickday.Code
	}{
		"named in both":                {dict.ID, named, ""},
		"no dictionary":                {0, plain, ""},
		"id left out of the frame":     {dict.ID, foreignFrame(t), ""},
		"frame wants one, envelope 0":  {0, named, clickday.CodeDecompression},
		"frame wants another":          {dict.ID + 1, named, clickday.CodeDecompression},
		"unknown, frame without id":    {dict.ID + 1, plain, clickday.CodeDecompression},
		"made with one, said to be no": {0, foreignFrame(t), clickday.CodeDecompression},
		"garbage":                      {dict.ID, []byte("garbage"), clickday.CodeDecompression},
	} {
		got, err := dec.Document(&Envelope{DictionaryID: c.id, Compressed: c.frame})
		if codeOf(t, err) != c.want || err == nil && !bytes.Equal(got, testDocument()) {
			t.Errorf("%s: %x, %v", name, got, err)
		}
	}
}

// foreignFrame is testDocument as the reference implementation of zstd (1.5.4,
// level 19) compresses it with the dictionary's content: without an id.
func foreignFrame(tb testing.TB) []byte {
	tb.Helper()
	return unhex(tb, foreignFrameHex)
}

func TestWindowedFramesGetTheirDictionaryNamed(t *testing.T) {
	dict := testDictionary()
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderDictRaw(dict.ID, dict.Content), zstd.WithSingleSegment(false), zstd.WithWindowSize(1<<10))
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	doc := bytes.Repeat(testDocument(), 20)
	frame := enc.EncodeAll(doc, nil)
	var h zstd.Header
	if err := h.Decode(frame); err != nil || h.SingleSegment || h.DictionaryID != dict.ID {
		t.Fatalf("not the frame this test is about: %+v, %v", h, err)
	}
	without := append(bytes.Clone(frame[:6]), frame[10:]...)
	without[4] &^= 3
	if got := nameDictionary(without, &h, dict.ID); !bytes.Equal(got, frame) {
		t.Fatalf("%s, want %s", hex.EncodeToString(got[:16]), hex.EncodeToString(frame[:16]))
	}
}

func BenchmarkCompress(b *testing.B) {
	doc := testDocument()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Compress(doc, testDictionary()); err != nil {
			b.Fatal(err)
		}
	}
}
