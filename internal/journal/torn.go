package journal

import (
	"encoding/binary"
	"errors"
	"hash/crc32"

	"puntuale/internal/batch"
	"puntuale/internal/wire"
)

// judge decides whether what is wrong at an offset is a write that never
// finished. Only one write is under way at a time and nobody is told before it
// is synced, so the unfinished one is the last, was never acknowledged, and
// lacks whole sectors. Everything else is damage, and damage is never cut off.
func (s *scanner) judge(path string, b []byte, at int64, why error) error {
	if s.report.Torn != nil {
		return s.corrupt(path, at, errors.New("bytes after an unfinished write"))
	}
	to, ok := s.torn(b, at)
	if !ok {
		return s.corrupt(path, at, why)
	}
	s.report.Torn = &Torn{Path: path, From: at, To: to}
	return nil
}

// torn returns the end of the unfinished write at an offset, or false.
func (s *scanner) torn(b []byte, at int64) (int64, bool) {
	if zeros(b[at : at+sector]) {
		return s.tornHead(b, at)
	}
	h, err := batch.ParseHeader(b[at:])
	if err != nil || s.follows(&h) != nil {
		return 0, false
	}
	end := at + (int64(h.Length)+sector-1)/sector*sector
	if end > int64(len(b)) || !zeros(b[end:]) {
		return 0, false
	}
	return end, tornBody(b[at:end], int(h.Length), h.Count)
}

// tornHead is a write whose first sector is missing. What did reach the disk
// must be short enough for one frame and hold no frame of its own.
func (s *scanner) tornHead(b []byte, at int64) (int64, bool) {
	to := int64(len(b)) / sector * sector
	for to > at && zeros(b[to-sector:to]) {
		to -= sector
	}
	if to-at > batchBytesMax+sector || !zeros(b[to:]) {
		return 0, false
	}
	for from := at + sector; from < to; from += sector {
		f, err := batch.Parse(b[from:])
		if err == nil && f.Journal == s.meta.Journal && (s.public == nil || f.CheckSignature(s.public) == nil) {
			return 0, false // a later batch: the one before it had been durable
		}
	}
	return to, true
}

// tornBody reports whether missing sectors explain everything that is wrong with
// a frame: at least one is missing, and every record and trailer that touches
// none is whole.
func tornBody(b []byte, length int, count uint32) bool {
	missing := make([]bool, len(b)/sector)
	any := false
	for i := range missing {
		missing[i] = zeros(b[i*sector : (i+1)*sector])
		any = any || missing[i]
	}
	touched := func(from, to int) bool {
		for i := from / sector; i <= (to-1)/sector; i++ {
			if missing[i] {
				return true
			}
		}
		return false
	}
	at, end := batch.HeaderSize, length-batch.TrailerSize
	for range count {
		if touched(at, at+batch.RecordOverhead) {
			return any // the length of this record is lost, and with it the way on
		}
		n := int(binary.BigEndian.Uint32(b[at:]))
		if n < wire.LeafSize || at+batch.RecordOverhead+n > end {
			return false
		}
		payload := b[at+batch.RecordOverhead : at+batch.RecordOverhead+n]
		if !touched(at, at+batch.RecordOverhead+n) &&
			binary.BigEndian.Uint32(b[at+4:]) != crc32.Checksum(payload, batch.Castagnoli) {
			return false
		}
		at += batch.RecordOverhead + n
	}
	return any
}
