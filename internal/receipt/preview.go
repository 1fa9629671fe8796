package receipt

import (
	"fmt"

	"puntuale/internal/forms"
)

// previewLabel is the column of the questions.
const previewLabel = 68.0

// preview sets the whole application, beginning on a page of its own.
func preview(c *canvas, d *Data) {
	if len(d.Preview) == 0 {
		return
	}
	c.newPage()
	c.y = c.paragraph(left, c.y, column, font{strong, 16, ink}, "Contenuto della domanda")
	c.y = c.paragraph(left, c.y, column, font{normal, 9, muted},
		"Modello "+string(d.Model)+" – "+d.ModelTitle+", come sigillato dal richiedente prima dell'invio.") + 4
	for _, s := range d.Preview {
		c.section(s)
	}
}

// section sets one section; where it goes on over a page its heading is repeated.
func (c *canvas) section(s forms.Section) { c.sectionIn(s, " (segue)") }

// sectionIn is section with what stands behind a repeated heading.
func (c *canvas) sectionIn(s forms.Section, goesOn string) {
	c.room(22)
	c.heading(s.Title)
	for _, r := range s.Rows {
		value := r.Value
		if value == "" {
			value = "–"
		}
		row := c.newRow(r.Label, value, previewLabel)
		if c.room(min(row.height(), bottom/2)) {
			c.heading(s.Title + goesOn)
		}
		c.row(row, previewLabel)
	}
	c.y += 5
}

// heading sets the title of a table and the rule below it.
func (c *canvas) heading(s string) {
	c.y = c.paragraph(left, c.y, column, font{strong, 11, accent}, s) + 0.8
	c.rule(left, right, c.y, 0.35, accent)
	c.y += 1.2
}

var (
	labelFont = font{normal, 9, muted}
	valueFont = font{normal, 9.5, black}
)

// rowPadding is the air above and below the text of a row.
const rowPadding = 0.45

// row is a label and its value, broken into lines.
type row struct{ labels, values [][]glyph }

func (c *canvas) newRow(label, value string, labelWidth float64) row {
	return row{c.wrapped(labelWidth-4, labelFont, label), c.wrapped(column-labelWidth, valueFont, value)}
}

func (r row) height() float64 {
	return float64(max(len(r.labels), len(r.values)))*valueFont.lineHeight() + 2*rowPadding + 0.15
}

// row sets a label and its value side by side and a hairline below. A row that
// is longer than the page goes on over the next ones, line by line.
func (c *canvas) row(r row, labelWidth float64) {
	c.y += rowPadding
	for i := range max(len(r.labels), len(r.values)) {
		c.room(valueFont.lineHeight())
		if i < len(r.labels) {
			c.line(left, c.y+valueFont.baseline()-labelFont.baseline(), labelFont, r.labels[i])
		}
		if i < len(r.values) {
			c.line(left+labelWidth, c.y, valueFont, r.values[i])
		}
		c.y += valueFont.lineHeight()
	}
	c.y += rowPadding
	c.rule(left, right, c.y, 0.15, hairline)
	c.y += 0.15
}

// pageOf writes "pagina 1 di 3" of "pagina %d di %d".
func pageOf(format string, page, pages int) string { return fmt.Sprintf(format, page, pages) }
