package fonts

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"unicode"
)

// ErrFormat says that a font is not a TrueType font we can read.
var ErrFormat = errors.New("not a TrueType font with a Unicode character map")

// Face is one parsed TrueType font. It never changes and is safe for
// concurrent use. Measures are in thousandths of the font size, as in PDF.
type Face struct {
	// Name is the PostScript name, without a subset tag.
	Name string
	// Ascent and Descent bound a line; Descent is negative.
	Ascent, Descent int
	// CapHeight is the height of a capital letter.
	CapHeight int
	// Box is the bounding box of all glyphs: xMin, yMin, xMax, yMax.
	Box [4]int

	unitsPerEm int
	tables     map[string][]byte
	glyphOf    map[rune]uint16
	metrics    []metric // by glyph
	offsets    []uint32 // by glyph into glyf, one more at the end
}

// metric is one entry of hmtx, in font units.
type metric struct {
	advance uint16
	bearing int16
}

var be = binary.BigEndian

// Parse reads a TrueType font with glyf outlines and a Unicode cmap of format 4.
func Parse(name string, data []byte) (f *Face, err error) {
	// Offsets inside a font point anywhere; a wrong one is a malformed font.
	defer func() {
		if r := recover(); r != nil {
			f, err = nil, fmt.Errorf("%w: %v", ErrFormat, r)
		}
	}()
	data = slices.Clip(data) // so that no table reaches beyond the end
	f = &Face{Name: name, tables: map[string][]byte{}}
	if be.Uint32(data) != 0x00010000 {
		return nil, ErrFormat
	}
	for i := range int(be.Uint16(data[4:])) {
		entry := data[12+16*i:]
		start, size := be.Uint32(entry[8:]), be.Uint32(entry[12:])
		f.tables[string(entry[:4])] = data[start : start+size]
	}
	f.readMetrics()
	f.readOffsets()
	if err := f.readCharacters(); err != nil {
		return nil, err
	}
	return f, nil
}

func (f *Face) readMetrics() {
	head, hhea, os2 := f.tables["head"], f.tables["hhea"], f.tables["OS/2"]
	f.unitsPerEm = int(be.Uint16(head[18:]))
	for i := range f.Box {
		f.Box[i] = f.scaled(int(int16(be.Uint16(head[36+2*i:]))))
	}
	f.Ascent = f.scaled(int(int16(be.Uint16(hhea[4:]))))
	f.Descent = f.scaled(int(int16(be.Uint16(hhea[6:]))))
	f.CapHeight = 700
	if len(os2) >= 90 && be.Uint16(os2) >= 2 { // subsets have no such table
		f.CapHeight = f.scaled(int(int16(be.Uint16(os2[88:]))))
	}
	hmtx, long := f.tables["hmtx"], int(be.Uint16(hhea[34:]))
	f.metrics = make([]metric, f.glyphCount())
	for g := range f.metrics {
		// After the long entries every glyph has the last advance.
		k := min(g, long-1)
		m := metric{advance: be.Uint16(hmtx[4*k:])}
		if g < long {
			m.bearing = int16(be.Uint16(hmtx[4*g+2:]))
		} else {
			m.bearing = int16(be.Uint16(hmtx[4*long+2*(g-long):]))
		}
		f.metrics[g] = m
	}
}

func (f *Face) readOffsets() {
	loca, long := f.tables["loca"], be.Uint16(f.tables["head"][50:]) == 1
	f.offsets = make([]uint32, f.glyphCount()+1)
	for g := range f.offsets {
		if long {
			f.offsets[g] = be.Uint32(loca[4*g:])
		} else {
			f.offsets[g] = 2 * uint32(be.Uint16(loca[2*g:]))
		}
	}
}

// readCharacters reads the format 4 map of the Windows Unicode encoding.
func (f *Face) readCharacters() error {
	cmap := f.tables["cmap"]
	for i := range int(be.Uint16(cmap[2:])) {
		entry := cmap[4+8*i:]
		sub := cmap[be.Uint32(entry[4:]):]
		if be.Uint16(entry) == 3 && be.Uint16(entry[2:]) == 1 && be.Uint16(sub) == 4 {
			f.readSegments(sub)
			return nil
		}
	}
	return ErrFormat
}

func (f *Face) readSegments(sub []byte) {
	f.glyphOf = map[rune]uint16{}
	size := int(be.Uint16(sub[6:])) // twice the number of segments
	ends, starts := sub[14:], sub[16+size:]
	deltas, ranges := sub[16+2*size:], sub[16+3*size:]
	for s := 0; s < size; s += 2 {
		first, last := rune(be.Uint16(starts[s:])), rune(be.Uint16(ends[s:]))
		delta, offset := be.Uint16(deltas[s:]), int(be.Uint16(ranges[s:]))
		for r := first; r <= last && r != 0xFFFF; r++ {
			g := uint16(r)
			if offset != 0 {
				g = be.Uint16(ranges[s+offset+2*int(r-first):])
			}
			if offset == 0 || g != 0 {
				g += delta
			}
			if g != 0 && (f.hasOutline(g) || unicode.IsSpace(r)) {
				f.glyphOf[r] = g
			}
		}
	}
}

// hasOutline tells glyphs from empty places: Titillium Web has one for Ţ, of no
// width, and a name would lose a letter.
func (f *Face) hasOutline(g uint16) bool {
	return int(g)+1 < len(f.offsets) && f.offsets[g] < f.offsets[g+1]
}

func (f *Face) glyphCount() int { return int(be.Uint16(f.tables["maxp"][4:])) }

// scaled turns font units into thousandths, rounded to the nearest.
func (f *Face) scaled(units int) int {
	n := units * 1000
	if n < 0 {
		return -((-n + f.unitsPerEm/2) / f.unitsPerEm)
	}
	return (n + f.unitsPerEm/2) / f.unitsPerEm
}

// Has reports whether the face can write r.
func (f *Face) Has(r rune) bool { return f.glyphOf[r] != 0 }

// Width returns the advance of r in thousandths of the font size; that of the
// missing-glyph box if the face cannot write r.
func (f *Face) Width(r rune) int { return f.scaled(int(f.metrics[f.glyphOf[r]].advance)) }
