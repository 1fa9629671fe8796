package receipt

import "puntuale/internal/clickday"

// What stands on the receipts of rehearsals, and on no others.
const (
	titlePlayed = "Ricevuta di prova, senza valore"
	bandText    = "PROVA – senza valore   ·   REHEARSAL – no value"
	watermark   = "PROVA"
	unwatermark = "REHEARSAL"

	certifiesPlayed = "Questa è una prova generale del servizio di presentazione telematica: non è stata presentata alcuna domanda e questo documento non attesta nulla. " +
		"Momento di arrivo, numero e posizione nel registro della prova sono stati dati dagli stessi programmi che servono il click day."
	certifiesPlayedEN = "This is a rehearsal: no application was submitted, and this document certifies nothing."
)

const (
	bandHeight = 8.5
	bandFoot   = pageHeight - 8
)

var (
	alarm = colour{0xa6, 0x1c, 0x1c}
	ghost = colour{0xf9, 0xe0, 0xe0}
)

// played reports whether the receipt is of a rehearsal: the code says it, as
// everywhere (docs/protocol.md, 8).
func (d *Data) played() bool { return clickday.RehearsalCode(d.DayCode) }

// title heads the receipt.
func (d *Data) title() string {
	if d.played() {
		return titlePlayed
	}
	return title
}

// certifies is what the receipt means.
func (d *Data) certifies() string {
	if d.played() {
		return certifiesPlayed + " " + certifiesPlayedEN
	}
	return certifies + " " + certifiesNot
}

// markPlayed puts bands above and below, and large pale letters behind the text,
// on every page.
func (c *canvas) markPlayed() {
	sheets := c.sheets
	for i, s := range sheets {
		c.sheets = sheets[:i+1]
		content := s.marks
		s.marks = make([]mark, 0, len(content)+8)
		large := font{strong, 92, ghost}
		for k, word := range []string{watermark, unwatermark, watermark} {
			large.size = 92
			if word == unwatermark {
				large.size = 72
			}
			c.textCentre(pageWidth/2, 45+float64(k)*80, large, word)
		}
		s.marks = append(s.marks, content...)
		c.box(0, 0, pageWidth, bandHeight, alarm)
		c.textCentre(pageWidth/2, 1.6, font{strong, 11, white}, bandText)
		c.box(0, bandFoot, pageWidth, pageHeight-bandFoot, alarm)
		c.textCentre(pageWidth/2, bandFoot+1.4, font{strong, 11, white}, bandText)
	}
}
