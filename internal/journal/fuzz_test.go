package journal

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"os"
	"slices"
	"testing"

	"puntuale/internal/batch"
)

func FuzzMeta(f *testing.F) {
	f.Add([]byte(`{"version":1,"node":3,"journal":"0123456789abcdef"}` + "\n"))
	f.Add([]byte(`{"version":1,"node":3,"journal":"0000000000000000"}`))
	f.Add([]byte(`{"version":1,"node":3,"journal":"0123456789abcdef"}{}`))
	f.Add([]byte(`{"version":1,"node":70000,"journal":"0123456789abcdef"}`))
	f.Add([]byte(`{"version":1,"node":3,"journal":"01","more":[[[[`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parseMeta(b)
		if err != nil {
			return
		}
		again, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := parseMeta(again); err != nil || n != m || m.Journal == 0 || m.Node == 0 {
			t.Fatalf("%q read as %+v, then as %+v, %v", b, m, n, err)
		}
	})
}

func FuzzSegmentHeader(f *testing.F) {
	good := segmentHeader{node: 3, journal: 7, index: 1, size: SegmentMin}
	for _, at := range []int{0, 3, 5, 25, headerLength - 1, headerLength, sector - 1} {
		b := good.bytes()
		b[at] ^= 0x20
		f.Add(b, false)
		f.Add(b, true)
	}
	f.Add(good.bytes(), false)
	f.Add(good.bytes()[:sector-1], false)
	f.Fuzz(func(t *testing.T, b []byte, repair bool) {
		if repair && len(b) >= headerLength {
			b = bytes.Clone(b)
			binary.BigEndian.PutUint32(b[headerLength-4:], crc32.Checksum(b[:headerLength-4], batch.Castagnoli))
		}
		h, err := parseSegmentHeader(b)
		if err == nil && !bytes.Equal(h.bytes(), b[:sector]) {
			t.Fatalf("read %x, wrote %x", b, h.bytes())
		}
	})
}

// damage is what happens to a segment file: operations of six bytes.
func damage(segment []byte, used int, ops []byte) []byte {
	b := bytes.Clone(segment)
	for ; len(ops) >= 6; ops = ops[6:] {
		at := int(binary.BigEndian.Uint16(ops[1:])) * 8 % (used + 4*sector)
		n := int(binary.BigEndian.Uint16(ops[3:]))
		if at >= len(b) {
			continue
		}
		switch ops[0] % 6 {
		case 0: // a flipped bit
			b[min(at+n%8, len(b)-1)] ^= 1 << (ops[5] % 8)
		case 1: // sectors that never reached the disk
			at = at / sector * sector
			clear(b[at:min(len(b), at+(1+n%6)*sector)])
		case 2: // a piece of something else
			for i := at; i < min(len(b), at+n%2048); i++ {
				b[i] = ops[5]
			}
		case 3: // a sector in another's place
			from := n * 8 % used / sector * sector
			at = at / sector * sector
			if max(from, at)+sector <= len(b) {
				copy(b[at:at+sector], bytes.Clone(b[from:from+sector]))
			}
		case 4: // somebody who knows about CRCs
			recheck(b, at/sector*sector)
		case 5:
			b = b[:len(b)-n%len(b)]
		}
	}
	return b
}

// recheck makes the CRCs of header, records and frame right.
func recheck(b []byte, at int) {
	if at+batch.HeaderSize > len(b) {
		return
	}
	f := b[at:]
	length, count := int(binary.BigEndian.Uint32(f[4:])), binary.BigEndian.Uint32(f[34:])
	binary.BigEndian.PutUint32(f[70:], crc32.Checksum(f[:70], batch.Castagnoli))
	if length < batch.HeaderSize+batch.TrailerSize || length > len(f) {
		return
	}
	end := length - batch.TrailerSize
	for i, from := uint32(0), batch.HeaderSize; i < count && from+batch.RecordOverhead <= end; i++ {
		n := int(binary.BigEndian.Uint32(f[from:]))
		if n < 0 || from+batch.RecordOverhead+n > end {
			break
		}
		payload := f[from+batch.RecordOverhead:][:n]
		binary.BigEndian.PutUint32(f[from+4:], crc32.Checksum(payload, batch.Castagnoli))
		from += batch.RecordOverhead + n
	}
	binary.BigEndian.PutUint32(f[length-4:], crc32.Checksum(f[:length-4], batch.Castagnoli))
}

// FuzzScan damages a segment. However it is read, at a start or by verify, there
// is no panic; what is accepted is what was written; and when batches are missing,
// then only at the end, with sectors of zeros to explain it, and it is said.
func FuzzScan(f *testing.F) {
	dir, segment, _ := sample(f, 5)
	var offsets []int // where the frames begin, and where the last one ends
	for at := sector; ; {
		offsets = append(offsets, at)
		h, err := batch.ParseHeader(segment[at:])
		if err != nil {
			break
		}
		at += (int(h.Length) + sector - 1) / sector * sector
	}
	used := offsets[len(offsets)-1]
	for kind := range byte(6) {
		for _, at := range offsets {
			where := binary.BigEndian.AppendUint16([]byte{kind}, uint16(at/8))
			op := append(where, 0, 1, 7)
			f.Add(op)
			f.Add(append(op, 4, where[1], where[2], 0, 0, 0))
			f.Add(append(where, 0x12, 0x34, 0x56))
		}
	}
	m, err := readMeta(dir)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, ops []byte) {
		b := damage(segment, used, ops)
		if err := os.WriteFile(segmentPath(dir, 1), b, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, chained := range []bool{false, true} {
			s := &scanner{dir: dir, meta: m, public: testPublic, chained: chained}
			var got [][]byte
			s.visit = func(f *batch.Frame, p place) error {
				got = append(got, bytes.Clone(b[p.offset:p.offset+p.length]))
				return nil
			}
			if err := s.run(); err == nil {
				explained(t, s, segment, b, offsets, got)
			}
		}
	})
}

// explained checks an accepted scan of b against the segment as it was written.
func explained(t *testing.T, s *scanner, segment, b []byte, offsets []int, got [][]byte) {
	t.Helper()
	for i, frame := range got {
		// The signature of an earlier batch is not looked at when only the last one is.
		whole := len(frame)
		if s.chained {
			whole -= 4 + 64 + 4
		}
		if !bytes.Equal(frame[:whole], segment[offsets[i]:][:whole]) {
			t.Fatalf("batch %d is accepted with another content", i+1)
		}
	}
	k, n := len(got), len(offsets)-1
	if k == n {
		return
	}
	first := b[offsets[k]:offsets[k+1]]
	if !slices.ContainsFunc(slices.Collect(slices.Chunk(first, sector)), zeros) {
		t.Fatalf("%d of %d batches, though no sector of the next one is missing", k, n)
	}
	for i := k + 1; i < n; i++ {
		if bytes.Equal(b[offsets[i]:offsets[i+1]], segment[offsets[i]:offsets[i+1]]) {
			t.Fatalf("%d of %d batches, though batch %d is whole", k, n, i+1)
		}
	}
	if s.report.Torn == nil && !zeros(b[offsets[k]:]) {
		t.Fatalf("%d of %d batches, and nothing is said of the rest", k, n)
	}
}
