package lists

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // Europe/Rome on machines without a time zone database

	"github.com/go-pdf/fpdf"

	"puntuale/internal/fonts"
	"puntuale/internal/ranking"
)

// Millimetres on an A4 page.
const (
	pageWidth  = 210.0
	pageBottom = 279.0
	marginSide = 15.0
	footerTop  = 285.0
	rowHeight  = 4.1
)

type colour [3]int

// Colours as in the administration's style guide.
var (
	ink      = colour{0x17, 0x32, 0x4d}
	muted    = colour{0x5a, 0x68, 0x76}
	accent   = colour{0x00, 0x59, 0xb3}
	hairline = colour{0xd6, 0xdc, 0xe3}
	tint     = colour{0xf0, 0xf5, 0xfb}
)

// sheet is a document on its way. Pages begin by themselves when a row needs one.
type sheet struct {
	pdf    *fpdf.Fpdf
	list   *Published
	body   string
	title  string
	footer string
	y      float64
	head   []cell // repeated at the top of every page of a table
	shaded bool
}

// cell is one column of a row: its left edge, width and text; numbers stand at
// the right.
type cell struct {
	x, width float64
	text     string
	english  string // second line, of heads only
	right    bool
	strong   bool
}

func newSheet(e *edition, title string) *sheet {
	pdf := fpdf.New("P", "mm", "A4", "")
	pdf.SetCatalogSort(true)
	pdf.SetCreationDate(e.list.At)
	pdf.SetModificationDate(e.list.At)
	pdf.SetAutoPageBreak(false, 0)
	pdf.SetMargins(0, 0, 0)
	pdf.SetLang("it-IT")
	pdf.SetTitle(title+" – "+e.list.DayCode, true)
	pdf.SetAuthor(e.Body, true)
	pdf.SetCreator("Puntuale", true)
	pdf.SetProducer("Puntuale (fpdf)", true)
	addFont(pdf, "", fonts.RegularTTF)
	addFont(pdf, "B", fonts.SemiBoldTTF)
	pdf.AliasNbPages("{pages}")
	s := &sheet{pdf: pdf, list: e.list, body: e.Body, title: title}
	s.footer = fmt.Sprintf("%s, versione %d del %s", kindWord(e.list.Kind), e.list.Version, italianTime(e.list.At, time.Second))
	return s
}

// addFont gives the document a font; one that cannot be read is an error of the
// document, which bytes returns.
func addFont(pdf *fpdf.Fpdf, style string, file func() ([]byte, error)) {
	ttf, err := file()
	if err != nil {
		pdf.SetError(err)
		return
	}
	pdf.AddUTF8FontFromBytes("t", style, ttf)
}

func kindWord(k ranking.Kind) string {
	if k == ranking.Final {
		return "Elenco definitivo"
	}
	return "Elenco provvisorio"
}

func kindEnglish(k ranking.Kind) string {
	if k == ranking.Final {
		return "Final list"
	}
	return "Provisional list"
}

// page begins a page with its running head and foot.
func (s *sheet) page() {
	s.pdf.AddPage()
	s.font("", 8, muted)
	s.pdf.Text(marginSide, 12, s.body)
	s.font("B", 8, ink)
	s.right(pageWidth-marginSide, 12, s.list.DayCode)
	s.rule(14.5)
	s.rule(footerTop - 3.5)
	s.font("", 7.5, muted)
	s.pdf.Text(marginSide, footerTop, s.footer)
	// The alias is wider than what replaces it: set it where it ends anyway.
	s.pdf.Text(pageWidth-marginSide-22, footerTop, fmt.Sprintf("pagina %d di {pages}", s.pdf.PageNo()))
	s.y = 20
	if s.head != nil {
		s.header()
	}
}

func (s *sheet) font(style string, size float64, c colour) {
	s.pdf.SetFont("t", style, size)
	s.pdf.SetTextColor(c[0], c[1], c[2])
}

func (s *sheet) right(x, y float64, text string) { s.pdf.Text(x-s.pdf.GetStringWidth(text), y, text) }

func (s *sheet) box(x, y, w, h float64, c colour) {
	s.pdf.SetFillColor(c[0], c[1], c[2])
	s.pdf.Rect(x, y, w, h, "F")
}

func (s *sheet) rule(y float64) { s.box(marginSide, y, pageWidth-2*marginSide, 0.2, hairline) }

// room begins a page unless height fits on this one.
func (s *sheet) room(height float64) {
	if s.y+height > pageBottom {
		s.page()
	}
}

// paragraph sets wrapped text.
func (s *sheet) paragraph(style string, size float64, c colour, text string) {
	s.font(style, size, c)
	height := size * 0.3528 * 1.35
	for _, line := range s.pdf.SplitText(text, pageWidth-2*marginSide) {
		if s.y+height > pageBottom {
			s.page()
			s.font(style, size, c)
		}
		s.y += height
		s.pdf.Text(marginSide, s.y-height*0.26, line)
	}
}

// bilingual sets a text in Italian and, smaller, in English.
func (s *sheet) bilingual(italian, english string) {
	s.paragraph("", 9.5, ink, italian)
	s.paragraph("", 8.5, muted, english)
	s.y += 1.6
}

// heading sets the title of a section.
func (s *sheet) heading(italian, english string) {
	s.room(24)
	s.y += 4
	s.font("B", 11.5, accent)
	s.pdf.Text(marginSide, s.y+4, italian)
	w := s.pdf.GetStringWidth(italian)
	s.font("", 8.5, muted)
	s.pdf.Text(marginSide+w+2.5, s.y+4, english)
	s.y += 7
}

// table begins a table whose head is set now and on every following page.
func (s *sheet) table(head []cell) {
	s.head, s.shaded = head, false
	s.header()
}

// endTable ends it.
func (s *sheet) endTable() {
	s.rule(s.y)
	s.head = nil
	s.y += 3
}

func (s *sheet) header() {
	s.box(marginSide, s.y, pageWidth-2*marginSide, 8.4, ink)
	for _, c := range s.head {
		s.font("B", 7.5, colour{0xff, 0xff, 0xff})
		s.put(&c, s.y+3.6, c.text)
		s.font("", 6.5, colour{0xd9, 0xe6, 0xf2})
		s.put(&c, s.y+6.8, c.english)
	}
	s.y += 8.4
	s.shaded = false
}

// row sets one row of the table.
func (s *sheet) row(cells []cell) {
	s.room(rowHeight)
	if s.shaded {
		s.box(marginSide, s.y, pageWidth-2*marginSide, rowHeight, tint)
	}
	s.shaded = !s.shaded
	style := "?"
	for i := range cells {
		c := &cells[i]
		if want := map[bool]string{true: "B"}[c.strong]; want != style {
			s.font(want, 7.5, ink)
			style = want
		}
		s.put(c, s.y+2.95, c.text)
	}
	s.y += rowHeight
}

func (s *sheet) put(c *cell, y float64, text string) {
	if c.right {
		s.right(c.x+c.width-1, y, text)
		return
	}
	s.pdf.Text(c.x+1, y, text)
}

// bytes ends the document.
func (s *sheet) bytes() ([]byte, error) {
	var out bytes.Buffer
	if err := s.pdf.Output(&out); err != nil {
		return nil, fmt.Errorf("%s: %w", s.title, err)
	}
	return out.Bytes(), nil
}

// rome is the legal time of Italy. It panics only if the embedded data base is
// broken.
var rome = sync.OnceValue(func() *time.Location {
	zone, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		panic(err)
	}
	return zone
})

// italianTime writes an instant in the legal time of Italy, cut to a unit.
func italianTime(t time.Time, unit time.Duration) string {
	format := "02/01/2006, 15:04:05"
	if digits := decimals(unit); digits > 0 {
		format += "," + strings.Repeat("0", digits)
	}
	return t.In(rome()).Format(format)
}

// decimals returns how many digits of a second a unit has.
func decimals(unit time.Duration) int {
	n := 0
	for u := time.Second; u > unit && n < 9; u /= 10 {
		n++
	}
	return n
}

// thousands writes 325000 as 325.000.
func thousands(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "." + s[i:]
	}
	return s
}
