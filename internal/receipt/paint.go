package receipt

import (
	"bytes"
	"fmt"
	"math"
	"strconv"

	"github.com/go-pdf/fpdf"
)

// painter writes what the canvas has noted into the content of pages.
type painter struct {
	letters *letters
	out     []byte

	colour   colour // what the page stands at
	resource string
	size     float64
}

// paint adds the pages to the document.
func (c *canvas) paint(pdf *fpdf.Fpdf) error {
	for _, a := range c.letters.cut() {
		pdf.AddFontFromBytes(a.family, "", a.definition, a.file)
	}
	p := &painter{letters: &c.letters, out: make([]byte, 0, 16<<10)}
	for _, s := range c.sheets {
		pdf.AddPage()
		p.out, p.colour, p.resource, p.size = append(p.out[:0], "0 g\n"...), black, "", 0
		for i := range s.marks {
			p.mark(&s.marks[i])
		}
		pdf.RawWriteBuf(bytes.NewReader(p.out))
		for _, l := range s.links {
			pdf.LinkString(l.x, l.y, l.width, l.height, l.address)
		}
	}
	if err := pdf.Error(); err != nil {
		return fmt.Errorf("receipt: %w", err)
	}
	return nil
}

func (p *painter) mark(m *mark) {
	p.fill(m.colour)
	switch {
	case m.glyphs != nil:
		p.text(m)
	case m.code != nil:
		p.code(m)
	default:
		p.numbers(m.x, pageHeight-m.y-m.height, m.width, m.height)
		p.out = append(p.out, "re f\n"...)
	}
}

func (p *painter) fill(c colour) {
	if c == p.colour {
		return
	}
	p.colour = c
	for _, v := range c {
		p.out = append(strconv.AppendFloat(p.out, math.Round(float64(v)/255*1000)/1000, 'f', -1, 64), ' ')
	}
	p.out = append(p.out, "rg\n"...)
}

// text writes one run for each alphabet that the letters come from.
func (p *painter) text(m *mark) {
	p.out = append(p.out, "BT\n"...)
	x, y, glyphs := m.x, pageHeight-m.y, m.glyphs
	fromX, fromY := 0.0, 0.0 // Td counts from the run before
	for len(glyphs) > 0 {
		a, _ := p.letters.place(glyphs[0])
		p.font(a, m.size)
		p.numbers(x-fromX, y-fromY)
		fromX, fromY = x, y
		p.out = append(p.out, "Td ("...)
		n := 0
		for ; n < len(glyphs); n++ {
			other, code := p.letters.place(glyphs[n])
			if other != a {
				break
			}
			p.character(code)
		}
		p.out = append(p.out, ") Tj\n"...)
		x += widthOf(glyphs[:n], m.size)
		glyphs = glyphs[n:]
	}
	p.out = append(p.out, "ET\n"...)
}

func (p *painter) font(a *alphabet, size float64) {
	if a.resource == p.resource && size == p.size {
		return
	}
	p.resource, p.size = a.resource, size
	p.out = append(append(p.out, a.resource...), ' ')
	p.out = append(strconv.AppendFloat(p.out, math.Round(size*100)/100, 'f', -1, 64), " Tf\n"...)
}

func (p *painter) character(code uint8) {
	switch code {
	case '(', ')', '\\':
		p.out = append(p.out, '\\')
	}
	p.out = append(p.out, code)
}

// numbers writes measures in points, with two decimals.
func (p *painter) numbers(mm ...float64) {
	for _, v := range mm {
		p.out = append(appendHundredths(p.out, int64(math.Round(v/mmPerPoint*100))), ' ')
	}
}

func appendHundredths(b []byte, n int64) []byte {
	if n < 0 {
		b, n = append(b, '-'), -n
	}
	b = strconv.AppendInt(b, n/100, 10)
	if n%100 == 0 {
		return b
	}
	b = append(b, '.', byte('0'+n%100/10))
	if n%10 != 0 {
		b = append(b, byte('0'+n%10))
	}
	return b
}

// code writes a QR code as one path of horizontal bars, so that no viewer shows
// seams between modules, in units of one module from the upper left corner.
func (p *painter) code(m *mark) {
	n := m.code.modules.Size
	step := m.width / float64(n+2*quietZone) / mmPerPoint
	p.out = append(p.out, "q "...)
	p.out = strconv.AppendFloat(p.out, step, 'f', 5, 64)
	p.out = append(p.out, " 0 0 -"...)
	p.out = append(strconv.AppendFloat(p.out, step, 'f', 5, 64), ' ')
	p.numbers(m.x, pageHeight-m.y)
	p.out = append(p.out, "cm\n"...)
	for row := range n {
		for from := 0; from < n; from++ {
			to := from
			for to < n && m.code.modules.Black(to, row) {
				to++
			}
			if to > from {
				for _, v := range [...]int{from + quietZone, row + quietZone, to - from} {
					p.out = append(strconv.AppendInt(p.out, int64(v), 10), ' ')
				}
				p.out = append(p.out, "1 re\n"...)
				from = to
			}
		}
	}
	p.out = append(p.out, "f Q\n"...)
}
