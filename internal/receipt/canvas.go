package receipt

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
type colour [3]uint8

var (
	ink      = colour{0x17, 0x32, 0x4d} // text, as in the administration's style guide
	muted    = colour{0x5a, 0x68, 0x76}
	accent   = colour{0x00, 0x66, 0xcc}
	hairline = colour{0xd6, 0xdc, 0xe3}
	tint     = colour{0xf0, 0xf5, 0xfb}
	black    = colour{}
	white    = colour{0xff, 0xff, 0xff}
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

// canvas sets pages from top to bottom. It only notes what goes where: the
// number of pages and the letters for which fonts must be cut are known at the
// end, and paint.go writes the pages then.
type canvas struct {
	letters letters
	running running
	sheets  []*sheet
	y       float64 // where the next line begins
}

// running is what repeats on every page.
type running struct{ left, right, footer string }

// sheet is one page: marks in the order of painting, and links.
type sheet struct {
	marks []mark
	links []link
}

// mark is a line of text, or the code, or a filled rectangle if there is neither.
// x and y are the upper left corner, of a text where its first letter stands.
type mark struct {
	x, y, width, height float64
	colour              colour
	glyphs              []glyph
	size                float64 // of the letters, in points
	code                *code
}

// link is an area that leads to an address.
type link struct {
	x, y, width, height float64
	address             string
}

// newPage begins the next page.
func (c *canvas) newPage() {
	c.sheets = append(c.sheets, &sheet{marks: make([]mark, 0, 160)})
	c.y = 18
	if len(c.sheets) > 1 {
		c.text(left, 12, font{normal, 8.5, muted}, c.running.left)
		c.textRight(right, 12, font{strong, 8.5, ink}, c.running.right)
		c.rule(left, right, 17.5, 0.2, hairline)
		c.y = 23
	}
}

// finish writes the footers.
func (c *canvas) finish() { c.finishWith("pagina %d di %d") }

// finishWith is finish with the words that number the pages.
func (c *canvas) finishWith(pages string) {
	sheets, small := c.sheets, font{normal, 8, muted}
	for i := range sheets {
		c.sheets = sheets[:i+1]
		c.rule(left, right, footerLine-1.5, 0.2, hairline)
		c.text(left, footerLine, small, c.running.footer)
		c.textRight(right, footerLine, small, pageOf(pages, i+1, len(sheets)))
	}
}

// room begins a new page unless height fits on this one. It reports whether it did.
func (c *canvas) room(height float64) bool {
	if c.y+height <= bottom {
		return false
	}
	c.newPage()
	return true
}

func (c *canvas) add(m mark) {
	s := c.sheets[len(c.sheets)-1]
	s.marks = append(s.marks, m)
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
	return c.lines(x, y, f, c.wrapped(width, f, s))
}

// wrapped returns the lines of a text.
func (c *canvas) wrapped(width float64, f font, s string) [][]glyph {
	return wrap(c.letters.shape(f.weight, s), width, f.size)
}

// lines sets lines below each other and returns where they end.
func (c *canvas) lines(x, y float64, f font, lines [][]glyph) float64 {
	for _, line := range lines {
		c.line(x, y, f, line)
		y += f.lineHeight()
	}
	return y
}

// line sets glyphs.
func (c *canvas) line(x, y float64, f font, glyphs []glyph) {
	if len(glyphs) > 0 {
		c.add(mark{x: x, y: y + f.baseline(), colour: f.colour, glyphs: glyphs, size: f.size})
	}
}

// box fills a rectangle.
func (c *canvas) box(x, y, width, height float64, fill colour) {
	c.add(mark{x: x, y: y, width: width, height: height, colour: fill})
}

// rule draws a horizontal line of the given thickness.
func (c *canvas) rule(from, to, y, thickness float64, fill colour) {
	c.box(from, y, to-from, thickness, fill)
}

// link makes an area lead to an address.
func (c *canvas) link(x, y, width, height float64, address string) {
	s := c.sheets[len(c.sheets)-1]
	s.links = append(s.links, link{x, y, width, height, address})
}

// widthOf returns the width in millimetres.
func widthOf(glyphs []glyph, size float64) float64 {
	sum := 0
	for _, g := range glyphs {
		sum += int(g.width)
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
		for n < len(glyphs) && sum+int(glyphs[n].width) <= limit {
			if glyphs[n].letter == ' ' {
				space = n
			}
			sum += int(glyphs[n].width)
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
