package lists

import (
	"fmt"
	"time"

	"puntuale/internal/ledger"
	"puntuale/internal/quota"
)

// span is what stands in one part of the PDF.
type span struct {
	firstPosition, lastPosition int64
	firstNumber, lastNumber     int64 // 0 without any
	firstArrived, lastArrived   int64 // of the first and last row
	rows                        int
}

// part is one part of the PDF with the rows.
type part struct {
	sheet *sheet
	grain time.Duration
	words *Words
	names map[quota.Group]string // as they are printed
	rows  int
	span  span
}

// Columns of the rows.
var rowHead = []cell{
	{x: 15, width: 17, text: "Posizione", english: "Position", right: true},
	{x: 32, width: 18, text: "Numero", english: "Number", right: true},
	{x: 52, width: 43, text: "Arrivo (ora italiana)", english: "Arrival (Italian time)"},
	{x: 95, width: 30, text: "Identificativo", english: "Submission id"},
	{x: 125, width: 42, text: "Gruppo", english: "Group"},
	{x: 167, width: 28, text: "Esito", english: "Result"},
}

func newPart(e *edition, n int) *part {
	p := &part{sheet: newSheet(e, fmt.Sprintf("Elenco cronologico, parte %d", n)), grain: e.day.Grain(), words: e.words, names: map[quota.Group]string{}}
	s := p.sheet
	s.footer += fmt.Sprintf(" · parte %d", n)
	s.page()
	s.paragraph("B", 15, ink, fmt.Sprintf("Elenco cronologico – parte %d", n))
	s.paragraph("", 9.5, ink, e.day.TitleIT)
	s.paragraph("", 8.5, muted, e.day.TitleEN)
	s.y += 2
	s.bilingual("Una riga per ogni decisione del registro, nell’ordine del registro. Dell’identificativo dell’invio sono stampate le "+
		"prime 16 cifre: intero, con tutto ciò che serve a ricalcolare l’elenco, sta in "+CSVName+". Che cosa vogliono dire le colonne è scritto in "+SummaryName+".",
		"One row for every decision of the ledger, in the order of the ledger. The first 16 digits of the submission id are printed: "+
			"the whole of it, with all that is needed to recompute the list, is in "+CSVName+". "+SummaryName+" says what the columns mean.")
	s.table(rowHead)
	return p
}

// row sets one leaf; placement is nil unless it is numbered.
func (p *part) row(position int64, l *ledger.Leaf, placement *Placement) {
	p.span.add(position, l)
	p.rows++
	cells := make([]cell, len(rowHead))
	for i := range cells {
		cells[i] = cell{x: rowHead[i].x, width: rowHead[i].width, right: rowHead[i].right}
	}
	cells[0].text = thousands(position)
	if l.Number > 0 {
		cells[1].text = thousands(l.Number)
	}
	cells[2].text = italianTime(time.Unix(0, l.Arrived), p.grain)
	cells[3].text = l.Submission.String()[:16]
	cells[5].text = resultWord(l, placement)
	if placement != nil {
		cells[4].text = p.group(placement.Group)
		cells[5].strong = placement.Admitted
	}
	p.sheet.row(cells)
}

// group returns the printed name of a group.
func (p *part) group(g quota.Group) string {
	name, ok := p.names[g]
	if !ok && g != "" {
		name = short(p.words.Group(g, "it"), 31)
		p.names[g] = name
	}
	return name
}

func (s *span) add(position int64, l *ledger.Leaf) {
	if s.rows == 0 {
		s.firstPosition, s.firstArrived = position, l.Arrived
	}
	s.rows++
	s.lastPosition, s.lastArrived = position, l.Arrived
	if l.Outcome == ledger.Numbered {
		if s.firstNumber == 0 {
			s.firstNumber = l.Number
		}
		s.lastNumber = l.Number
	}
}

// resultWord is the last column. A late arrival is marked with an asterisk.
func resultWord(l *ledger.Leaf, p *Placement) string {
	out := ""
	switch {
	case l.Outcome == ledger.Repeated:
		out = "ripetuta"
	case l.Outcome == ledger.Refused:
		out = "rifiutata"
	case !p.Decided:
		out = "numerata"
	case !p.Admitted:
		out = "non in quota"
	case p.Round > 0:
		out = fmt.Sprintf("in quota (rip. %d)", p.Round)
	default:
		out = "in quota"
	}
	if l.Late {
		out += " *"
	}
	return out
}

// short cuts a text to n letters.
func short(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

func (p *part) bytes() ([]byte, error) {
	p.sheet.endTable()
	return p.sheet.bytes()
}
