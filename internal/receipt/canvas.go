package receipt

import (
	"github.com/go-pdf/fpdf"
)

// Measures in millimetres from the upper left corner of an A4 page.
const (
	pageWidth  = 210.0
	pageHeight = 297.0
	margin     = 18.0
	left       = margin
	right      = pageWidth - margin
	column     = right - left
	bottom     = 276.0 // nothing of the content goes below
	footerLine = 284.0

	mmPerPoint = 25.4 / 72
	leading    = 1.32 // line height in font sizes
)

// colour is a red, green, blue value.
type colour [3]int

var (
	ink      = colour{0x17, 0x32, 0x4d} // text, as in the administration's style guide
	muted    = colour{0x5a, 0x68, 0x76}
	accent   = colour{0x00, 0x66, 0xcc}
	hairline = colour{0xd6, 0xdc, 0xe3}
	tint     = colour{0xf0, 0xf5, 0xfb}
	black    = colour{}
)

// font is how a text looks.
type font struct {
	weight weight
	size   float64 // points
	colour colour
}

func (f font) lineHeight() float64 { return f.size * mmPerPoint * leading }

// baseline is how far below the top of a line its letters stand.
func (f font) baseline() float64 { return f.lineHeight() * 0.74 }

// canvas sets pages from top to bottom. Without a document it only measures.
type canvas struct {
	pdf     *fpdf.Fpdf // nil in the first pass
	letters *letters
	running running
	page    int     // from 1
	pages   int     // of all, known in the second pass
	y       float64 // where the next line begins

	family string // font and size that the document stands at
	size   float64
}

// running is what repeats on every page.
type running struct{ left, right, footer string }

// newPage ends the page, if there is one, and begins the next.
func (c *canvas) newPage() {
	c.endPage()
	c.page++
	c.y = 18
	if c.pdf != nil {
		c.pdf.AddPage()
	}
	if c.page > 1 {
		small := font{normal, 8.5, muted}
		c.text(left, 12, small, c.running.left)
		c.textRight(right, 12, font{strong, 8.5, ink}, c.running.right)
		c.rule(left, right, 17.5, 0.2, hairline)
		c.y = 23
	}
}

// endPage writes the footer.
func (c *canvas) endPage() {
	if c.page == 0 {
		return
	}
	small := font{normal, 8, muted}
	c.rule(left, right, footerLine-1.5, 0.2, hairline)
	c.text(left, footerLine, small, c.running.footer)
	c.textRight(right, footerLine, small, pageOf(c.page, c.pages))
}

// room begins a new page unless height fits on this one. It reports whether it did.
func (c *canvas) room(height float64) bool {
	if c.y+height <= bottom {
		return false
	}
	c.newPage()
	return true
}

// text sets one line whose top is at y.
func (c *canvas) text(x, y float64, f font, s string) {
	c.line(x, y, f, c.letters.shape(f.weight, s))
}

// textRight sets one line that ends at x.
func (c *canvas) textRight(x, y float64, f font, s string) {
	glyphs := c.letters.shape(f.weight, s)
	c.line(x-widthOf(glyphs, f.size), y, f, glyphs)
}

// textCentre sets one line around x.
func (c *canvas) textCentre(x, y float64, f font, s string) {
	glyphs := c.letters.shape(f.weight, s)
	c.line(x-widthOf(glyphs, f.size)/2, y, f, glyphs)
}

// paragraph sets wrapped text at x, no wider than width, below y, and returns
// where it ends. It does not look at the end of the page.
func (c *canvas) paragraph(x, y, width float64, f font, s string) float64 {
	for _, line := range wrap(c.letters.shape(f.weight, s), width, f.size) {
		c.line(x, y, f, line)
		y += f.lineHeight()
	}
	return y
}

// line sets glyphs, one run for each alphabet they come from.
func (c *canvas) line(x, y float64, f font, glyphs []glyph) {
	if c.pdf == nil || len(glyphs) == 0 {
		return
	}
	c.pdf.SetTextColor(f.colour[0], f.colour[1], f.colour[2])
	baseline := y + f.baseline()
	for len(glyphs) > 0 {
		n, codes := 0, make([]byte, 0, len(glyphs))
		for n < len(glyphs) && glyphs[n].alphabet == glyphs[0].alphabet {
			codes = append(codes, glyphs[n].code)
			n++
		}
		c.setFont(glyphs[0].alphabet.family, f.size)
		c.pdf.Text(x, baseline, string(codes))
		x += widthOf(glyphs[:n], f.size)
		glyphs = glyphs[n:]
	}
}

// setFont avoids repeating the font, which fpdf names with 40 characters.
func (c *canvas) setFont(family string, size float64) {
	if family != c.family || size != c.size {
		c.pdf.SetFont(family, "", size)
		c.family, c.size = family, size
	}
}

// box fills a rectangle.
func (c *canvas) box(x, y, width, height float64, fill colour) {
	if c.pdf != nil {
		c.pdf.SetFillColor(fill[0], fill[1], fill[2])
		c.pdf.Rect(x, y, width, height, "F")
	}
}

// rule draws a horizontal line of the given thickness.
func (c *canvas) rule(from, to, y, thickness float64, fill colour) {
	c.box(from, y, to-from, thickness, fill)
}

// widthOf returns the width in millimetres.
func widthOf(glyphs []glyph, size float64) float64 {
	sum := 0
	for _, g := range glyphs {
		sum += g.width
	}
	return float64(sum) / 1000 * size * mmPerPoint
}

// wrap breaks glyphs into lines at spaces, and within a word only when it is
// longer than a line.
func wrap(glyphs []glyph, width, size float64) [][]glyph {
	limit := int(width / (size * mmPerPoint) * 1000)
	var lines [][]glyph
	for len(glyphs) > 0 {
		n, space, sum := 0, -1, 0
		for n < len(glyphs) && sum+glyphs[n].width <= limit {
			if glyphs[n].letter == ' ' {
				space = n
			}
			sum += glyphs[n].width
			n++
		}
		switch {
		case n == len(glyphs):
			return append(lines, glyphs)
		case glyphs[n].letter == ' ':
			lines, glyphs = append(lines, glyphs[:n]), glyphs[n+1:]
		case space > 0:
			lines, glyphs = append(lines, glyphs[:space]), glyphs[space+1:]
		default:
			n = max(n, 1)
			lines, glyphs = append(lines, glyphs[:n]), glyphs[n:]
		}
	}
	return lines
}
