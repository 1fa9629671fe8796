package wire

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"sync"

	"github.com/klauspost/compress/zstd"

	"puntuale/internal/clickday"
)

// DocumentMax is the size limit of a canonical document in bytes, before
// compression; RatioMax that of document size over compressed size.
const (
	DocumentMax = 64 << 10
	RatioMax    = 200
)

// Dictionary is the raw content that the zstd frames of one model version refer
// to. An empty one means that documents are compressed without.
type Dictionary struct {
	ID      uint32
	Content []byte
}

// Compress returns the zstd frame of a canonical document. The frame holds the
// content size, so that Decompress can refuse before it allocates.
func Compress(document []byte, d Dictionary) ([]byte, error) {
	if len(document) > DocumentMax {
		return nil, fail(clickday.CodeOversized, "document of %d bytes, at most %d", len(document), DocumentMax)
	}
	c, err := takeCompressor(d)
	if err != nil {
		return nil, err
	}
	frame := c.enc.EncodeAll(document, nil)
	idleCompressors.Put(c)
	if len(document) > RatioMax*len(frame) {
		return nil, fail(clickday.CodeDecompression, "document of %d bytes in %d, over the ratio allowed", len(document), len(frame))
	}
	return frame, nil
}

// compressor is an encoder with its dictionary. Its tables are kept for the next
// document of the same model, until the garbage collector wants them. The best
// level would save some 15 bytes of 560 at fifteen times the time and 70 MB.
type compressor struct {
	dict Dictionary
	enc  *zstd.Encoder
}

var idleCompressors sync.Pool

func takeCompressor(d Dictionary) (*compressor, error) {
	if c, ok := idleCompressors.Get().(*compressor); ok && c.dict.ID == d.ID && bytes.Equal(c.dict.Content, d.Content) {
		return c, nil
	}
	opts := []zstd.EOption{
		zstd.WithEncoderLevel(zstd.SpeedBetterCompression), zstd.WithEncoderConcurrency(1),
		zstd.WithSingleSegment(true), zstd.WithEncoderCRC(false), zstd.WithWindowSize(2 * DocumentMax),
	}
	d.Content = bytes.Clone(d.Content)
	if d.ID != 0 {
		opts = append(opts, zstd.WithEncoderDictRaw(d.ID, d.Content))
	}
	enc, err := zstd.NewWriter(nil, opts...)
	if err != nil {
		return nil, fmt.Errorf("wire: compressor: %w", err)
	}
	return &compressor{d, enc}, nil
}

// Decompressor undoes Compress for the dictionaries it was made with. It is
// safe for concurrent use.
type Decompressor struct{ dec *zstd.Decoder }

// NewDecompressor returns a Decompressor that knows these dictionaries.
func NewDecompressor(ds ...Dictionary) (*Decompressor, error) {
	opts := []zstd.DOption{
		zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(DocumentMax),
		zstd.WithDecoderMaxWindow(max(DocumentMax, zstd.MinWindowSize)), zstd.WithDecodeAllCapLimit(true),
	}
	for _, d := range ds {
		if d.ID != 0 {
			opts = append(opts, zstd.WithDecoderDictRaw(d.ID, d.Content))
		}
	}
	dec, err := zstd.NewReader(nil, opts...)
	if err != nil {
		return nil, fmt.Errorf("wire: decompressor: %w", err)
	}
	return &Decompressor{dec}, nil
}

// Document returns the canonical document of an envelope. The frame must refer
// to the dictionary that the envelope names, or to none at all: C libraries
// write no id for a raw dictionary. Errors carry CodeDecompression.
func (d *Decompressor) Document(e *Envelope) ([]byte, error) {
	var h zstd.Header
	if err := h.Decode(e.Compressed); err != nil {
		return nil, fail(clickday.CodeDecompression, "zstd header: %v", err)
	}
	switch h.DictionaryID {
	case e.DictionaryID:
		return d.Decompress(e.Compressed)
	case 0:
		return d.Decompress(nameDictionary(e.Compressed, &h, e.DictionaryID))
	default:
		return nil, fail(clickday.CodeDecompression, "frame wants dictionary %d, envelope names %d", h.DictionaryID, e.DictionaryID)
	}
}

// nameDictionary writes the id into the header of a frame that has none.
func nameDictionary(frame []byte, h *zstd.Header, id uint32) []byte {
	const descriptorAt = 4 // after the magic; its low two bits are the size of the id
	at := descriptorAt + 1
	if !h.SingleSegment {
		at++ // window descriptor
	}
	if frame[descriptorAt]&3 != 0 { // an id field that holds zero
		return frame
	}
	out := make([]byte, 0, len(frame)+4)
	out = append(out, frame[:at]...)
	out[descriptorAt] |= 3
	out = binary.LittleEndian.AppendUint32(out, id)
	return append(out, frame[at:]...)
}

// Decompress returns the document of a frame. It refuses, with
// CodeDecompression, anything but exactly one frame that states its size, and
// sizes over DocumentMax or RatioMax, before it allocates for them.
func (d *Decompressor) Decompress(frame []byte) ([]byte, error) {
	var h zstd.Header
	if err := h.Decode(frame); err != nil {
		return nil, fail(clickday.CodeDecompression, "zstd header: %v", err)
	}
	if !h.HasFCS || h.FrameContentSize > math.MaxInt32 {
		return nil, fail(clickday.CodeDecompression, "zstd frame does not state its size")
	}
	if !oneFrame(frame, &h) {
		return nil, fail(clickday.CodeDecompression, "not exactly one zstd frame")
	}
	size := int(h.FrameContentSize)
	if size > DocumentMax || size > RatioMax*len(frame) {
		return nil, fail(clickday.CodeDecompression, "document of %d bytes from %d", size, len(frame))
	}
	out, err := d.dec.DecodeAll(frame, make([]byte, 0, size))
	if err != nil {
		return nil, fail(clickday.CodeDecompression, "zstd: %v", err)
	}
	if len(out) != size {
		return nil, fail(clickday.CodeDecompression, "document of %d bytes, frame states %d", len(out), size)
	}
	return out, nil
}

// oneFrame walks the block headers and reports whether the frame ends where the
// bytes end.
func oneFrame(frame []byte, h *zstd.Header) bool {
	rest := frame[h.HeaderSize:]
	for last := false; !last; {
		if len(rest) < 3 {
			return false
		}
		v := int(rest[0]) | int(rest[1])<<8 | int(rest[2])<<16
		size := v >> 3
		if v>>1&3 == 1 { // one byte, repeated
			size = 1
		}
		if size > len(rest)-3 {
			return false
		}
		last, rest = v&1 == 1, rest[3+size:]
	}
	if h.HasCheckSum {
		return len(rest) == 4
	}
	return len(rest) == 0
}

// Close releases the decompressor.
func (d *Decompressor) Close() { d.dec.Close() }
