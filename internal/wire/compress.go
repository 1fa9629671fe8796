package wire

import (
	"fmt"
	"math"

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
	opts := []zstd.EOption{
		zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1),
		zstd.WithSingleSegment(true), zstd.WithEncoderCRC(false),
	}
	if d.ID != 0 {
		opts = append(opts, zstd.WithEncoderDictRaw(d.ID, d.Content))
	}
	enc, err := zstd.NewWriter(nil, opts...)
	if err != nil {
		return nil, fmt.Errorf("wire: compressor: %w", err)
	}
	defer enc.Close()
	return enc.EncodeAll(document, nil), nil
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

// Decompress returns the canonical document. It refuses, with
// CodeDecompression, frames without a size, over DocumentMax or over RatioMax,
// before it allocates for them.
func (d *Decompressor) Decompress(frame []byte) ([]byte, error) {
	var h zstd.Header
	if err := h.Decode(frame); err != nil {
		return nil, fail(clickday.CodeDecompression, "zstd header: %v", err)
	}
	if !h.HasFCS || h.FrameContentSize > math.MaxInt32 {
		return nil, fail(clickday.CodeDecompression, "zstd frame does not state its size")
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

// Close releases the decompressor.
func (d *Decompressor) Close() { d.dec.Close() }
