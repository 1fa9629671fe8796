package fonts

import (
	"bytes"
	"fmt"
	"slices"
)

// Flags of a component in a compound glyph (OpenType, "glyf").
const (
	argsAreWords     = 0x0001
	hasScale         = 0x0008
	moreComponents   = 0x0020
	hasXYScale       = 0x0040
	hasTwoByTwo      = 0x0080
	hasInstructions  = 0x0100
	bytesOfComponent = 4 // flags and glyph index
)

// Subset returns a font file with the glyphs of runes, which must be sorted and
// in the Basic Multilingual Plane, and those they are composed of. Hinting is
// left out: it is half of the bytes and no viewer of a PDF needs it. The same
// runes give the same bytes.
func (f *Face) Subset(runes []rune) []byte {
	s := subset{face: f, newOf: map[uint16]uint16{}}
	s.take(0)
	for _, r := range runes {
		s.take(f.glyphOf[r])
	}
	// taken grows while compound glyphs name their parts.
	for i := 0; i < len(s.taken); i++ {
		s.copyGlyph(s.taken[i])
	}
	s.offsets = append(s.offsets, uint32(len(s.glyf)))
	return assemble(map[string][]byte{
		"cmap": s.characterMap(runes), "glyf": s.glyf, "head": s.head(), "hhea": s.hhea(), "hmtx": s.hmtx(),
		"loca": s.loca(), "maxp": s.maxp(), "post": s.post(runes),
	})
}

// subset is one subset being cut.
type subset struct {
	face    *Face
	taken   []uint16          // old glyph by new glyph
	newOf   map[uint16]uint16 // new glyph by old glyph
	glyf    []byte
	offsets []uint32 // by new glyph
}

// take gives the old glyph a place and returns its new index.
func (s *subset) take(old uint16) uint16 {
	if n, ok := s.newOf[old]; ok {
		return n
	}
	n := uint16(len(s.taken))
	s.newOf[old] = n
	s.taken = append(s.taken, old)
	return n
}

func (s *subset) copyGlyph(old uint16) {
	s.offsets = append(s.offsets, uint32(len(s.glyf)))
	glyph := s.face.tables["glyf"][s.face.offsets[old]:s.face.offsets[old+1]]
	if len(glyph) == 0 { // a space
		return
	}
	if contours := int16(be.Uint16(glyph)); contours >= 0 {
		s.copySimple(glyph, int(contours))
	} else {
		s.copyCompound(glyph)
	}
	for len(s.glyf)%4 != 0 {
		s.glyf = append(s.glyf, 0)
	}
}

// copySimple copies an outline without its instructions.
func (s *subset) copySimple(glyph []byte, contours int) {
	header := 10 + 2*contours
	instructions := int(be.Uint16(glyph[header:]))
	s.glyf = append(s.glyf, glyph[:header]...)
	s.glyf = append(s.glyf, 0, 0)
	s.glyf = append(s.glyf, glyph[header+2+instructions:]...)
}

// copyCompound copies the list of parts with their new indices.
func (s *subset) copyCompound(glyph []byte) {
	out := slices.Clone(glyph)
	for at := 10; ; {
		flags := be.Uint16(out[at:])
		be.PutUint16(out[at:], flags&^hasInstructions)
		be.PutUint16(out[at+2:], s.take(be.Uint16(out[at+2:])))
		at += componentSize(flags)
		if flags&moreComponents == 0 {
			s.glyf = append(s.glyf, out[:at]...)
			return
		}
	}
}

func componentSize(flags uint16) int {
	n := bytesOfComponent + 2
	if flags&argsAreWords != 0 {
		n += 2
	}
	switch {
	case flags&hasScale != 0:
		n += 2
	case flags&hasXYScale != 0:
		n += 4
	case flags&hasTwoByTwo != 0:
		n += 8
	}
	return n
}

func (s *subset) head() []byte {
	t := slices.Clone(s.face.tables["head"])
	be.PutUint32(t[8:], 0)  // checksum adjustment, set by assemble
	be.PutUint16(t[50:], 1) // long offsets
	return t
}

func (s *subset) hhea() []byte {
	t := slices.Clone(s.face.tables["hhea"])
	be.PutUint16(t[34:], uint16(len(s.taken)))
	return t
}

func (s *subset) hmtx() []byte {
	var t []byte
	for _, old := range s.taken {
		m := s.face.metrics[old]
		t = be.AppendUint16(t, m.advance)
		t = be.AppendUint16(t, uint16(m.bearing))
	}
	return t
}

func (s *subset) loca() []byte {
	var t []byte
	for _, o := range s.offsets {
		t = be.AppendUint32(t, o)
	}
	return t
}

func (s *subset) maxp() []byte {
	t := slices.Clone(s.face.tables["maxp"])
	be.PutUint16(t[4:], uint16(len(s.taken)))
	return t
}

// post names every glyph uniXXXX, because some programs look glyphs up by the
// names in the PDF encoding rather than through the character map.
func (s *subset) post(runes []rune) []byte {
	names := make([]string, len(s.taken))
	for i := range names {
		names[i] = fmt.Sprintf("part%d", i)
	}
	names[0] = ".notdef"
	for _, r := range slices.Backward(runes) { // of two runes with one glyph the first names it
		if n := s.newOf[s.face.glyphOf[r]]; n != 0 {
			names[n] = GlyphName(r)
		}
	}
	t := make([]byte, 32)
	copy(t, s.face.tables["post"][:16])
	be.PutUint32(t, 0x00020000)
	t = be.AppendUint16(t, uint16(len(names)))
	for i := range names {
		t = be.AppendUint16(t, uint16(258+i)) // after the 258 standard names
	}
	for _, n := range names {
		t = append(append(t, byte(len(n))), n...)
	}
	return t
}

// GlyphName returns the name of r's glyph in a subset and in PDF encodings
// (Adobe Glyph List specification: uni and four hexadecimal digits).
func GlyphName(r rune) string { return fmt.Sprintf("uni%04X", r) }

// characterMap writes a cmap of format 4: one segment for each stretch where
// characters and glyphs run in step, and the closing one.
func (s *subset) characterMap(runes []rune) []byte {
	type segment struct{ first, last, glyph uint16 }
	var segments []segment
	for _, r := range runes {
		g, c := s.newOf[s.face.glyphOf[r]], uint16(r)
		if n := len(segments); n > 0 && segments[n-1].last+1 == c && segments[n-1].glyph+(c-segments[n-1].first) == g {
			segments[n-1].last = c
			continue
		}
		segments = append(segments, segment{c, c, g})
	}
	segments = append(segments, segment{0xFFFF, 0xFFFF, 0})
	var ends, starts, deltas, ranges []byte
	for _, g := range segments {
		ends = be.AppendUint16(ends, g.last)
		starts = be.AppendUint16(starts, g.first)
		deltas = be.AppendUint16(deltas, g.glyph-g.first)
		ranges = be.AppendUint16(ranges, 0)
	}
	be.PutUint16(deltas[len(deltas)-2:], 1) // the closing segment maps to glyph 0

	body := bytes.Join([][]byte{ends, {0, 0}, starts, deltas, ranges}, nil)
	t := []byte{0, 0, 0, 1, 0, 3, 0, 1, 0, 0, 0, 12} // version, one table: Windows, Unicode
	t = be.AppendUint16(t, 4)
	t = be.AppendUint16(t, uint16(14+len(body)))
	t = be.AppendUint16(t, 0)
	t = appendSearch(t, len(segments), 2)
	return append(t, body...)
}

// appendSearch appends n (times unit for cmap) and the three numbers that help
// a binary search.
func appendSearch(t []byte, n, unit int) []byte {
	power, log := 1, 0
	for power*2 <= n {
		power, log = power*2, log+1
	}
	count := n
	if unit == 2 { // cmap counts in bytes
		count = 2 * n
	}
	t = be.AppendUint16(t, uint16(count))
	t = be.AppendUint16(t, uint16(power*unit))
	t = be.AppendUint16(t, uint16(log))
	return be.AppendUint16(t, uint16((n-power)*unit))
}

// assemble writes the table directory and the tables, sorted by name.
func assemble(tables map[string][]byte) []byte {
	var names []string
	for name := range tables {
		names = append(names, name)
	}
	slices.Sort(names)
	out := appendSearch([]byte{0, 1, 0, 0}, len(names), 16)
	at := uint32(12 + 16*len(names))
	var body []byte
	head := 0
	for _, name := range names {
		t := tables[name]
		out = append(out, name...)
		out = be.AppendUint32(out, checksum(t))
		out = be.AppendUint32(out, at+uint32(len(body)))
		out = be.AppendUint32(out, uint32(len(t)))
		if name == "head" {
			head = int(at) + len(body)
		}
		body = append(body, t...)
		for len(body)%4 != 0 {
			body = append(body, 0)
		}
	}
	out = append(out, body...)
	be.PutUint32(out[head+8:], 0xB1B0AFBA-checksum(out))
	return out
}

func checksum(t []byte) uint32 {
	var sum uint32
	for len(t) >= 4 {
		sum += be.Uint32(t)
		t = t[4:]
	}
	if len(t) > 0 {
		var last [4]byte
		copy(last[:], t)
		sum += be.Uint32(last[:])
	}
	return sum
}
