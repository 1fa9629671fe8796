package receipt

import (
	"fmt"

	"puntuale/internal/clickday"
)

const title = "Ricevuta di presentazione"

const (
	certifies = "Si attesta che la domanda qui riportata è stata ricevuta e conservata, all'istante indicato, dal servizio di presentazione " +
		"telematica, e che le è stato attribuito il numero di protocollo indicato. I numeri seguono l'ordine di arrivo delle domande del click day."
	certifiesNot = "La ricevuta non attesta l'accoglimento della domanda né la disponibilità di una quota."
	sealed       = "Documento informatico con sigillo elettronico (PAdES): qualsiasi modifica successiva rende il sigillo non valido. " +
		"Per verificarlo inquadrare il codice QR oppure aprire l'indirizzo:"
	attached = "L'allegato prova.json consente a chiunque di verificare, anche senza rete, posizione nel registro e momento di arrivo. "
)

// labelWidth is the column of the labels in tables of facts.
const labelWidth = 46.0

// summary sets the first page.
func summary(c *canvas, d *Data, code *code) {
	c.newPage()
	letterhead(c, d)
	highlight(c, d, code)
	facts(c, "Momento di arrivo", arrival(d))
	facts(c, "Domanda", application(d))
	facts(c, "Registro pubblico e impronte", proofs(d))
	notes(c, d)
}

func letterhead(c *canvas, d *Data) {
	c.y = c.paragraph(left, 14, column, font{strong, 14, ink}, d.body())
	c.y = c.paragraph(left, c.y, column, font{normal, 9, muted}, "Presentazione telematica delle domande")
	c.rule(left, right, c.y+2, 0.7, accent)
	c.y = c.paragraph(left, c.y+7, column, font{strong, 21, ink}, d.title())
	c.y = c.paragraph(left, c.y, column, font{normal, 11, ink}, d.DayTitle) + 4
	if d.Edition > 1 {
		c.y = c.paragraph(left, c.y-1, column, font{strong, 9.5, ink}, renewed(d)) + 4
	}
}

// renewed says that this is not the first receipt of its number.
func renewed(d *Data) string {
	s := fmt.Sprintf("Edizione %d della ricevuta: sostituisce la prima, emessa il %s. Numero di protocollo e momento di arrivo non cambiano.",
		d.Edition, dateAndTime(d.FirstIssued))
	if d.Renew != "" {
		s += " Motivo: " + d.Renew
	}
	return s
}

// highlight sets the box with what people look for first.
func highlight(c *canvas, d *Data, code *code) {
	const side, padding = 37.0, 5.0
	top, at := c.y, d.Stamp.Time()
	width := column - side - 3*padding
	const height = side + 4 + 2*padding
	c.box(left, top, column, height, tint)
	c.box(left, top, 1.2, height, accent)
	c.qrCode(right-padding-side, top+padding, side, code)
	c.textCentre(right-padding-side/2, top+padding+side+0.6, font{normal, 8, muted}, "Verifica della ricevuta")

	x, label := left+padding+1, font{normal, 9, muted}
	c.text(x, top+padding+1, label, "Numero di protocollo")
	y := c.paragraph(x, top+padding+5.7, width, font{strong, fitting(d.ProtocolNumber), black}, d.ProtocolNumber)
	y = c.paragraph(x, y, width, font{normal, 9.5, ink}, grouped(d.Number)+"ª domanda in ordine di arrivo nel click day "+d.DayCode)
	c.text(x, y+3, label, "Ricevuta")
	y = c.paragraph(x, y+7, width, font{strong, 13, black}, longDate(at)+", ore "+micros(at.In(rome())))
	c.text(x, y, font{normal, 9.5, ink}, "ora italiana, incertezza "+bound(d.Stamp.Bound))
	c.y = top + height + 5
}

// fitting returns the greatest size at which the number fits on one line.
func fitting(number string) float64 {
	if len(number) <= 20 {
		return 25
	}
	return 25 * 20 / float64(len(number))
}

func arrival(d *Data) [][2]string {
	s := d.Stamp
	return [][2]string{
		{"Ora italiana", romeTime(s.Time())},
		{"Tempo universale (UTC)", utcTime(s.Time())},
		{"Istante esatto", fmt.Sprintf("%s nanosecondi dal 1° gennaio 1970, ore 0 UTC", grouped(s.UnixNano))},
		{"Incertezza", uncertainty(s)},
		{"Orologio", traceability(s)},
		{"Rilevazione", source(s.Source)},
		{"Registrazione", fmt.Sprintf("nodo %d, giornale %016x, numero %s", s.Node, s.Journal, grouped(int64(s.Sequence)))},
	}
}

func source(s clickday.StampSource) string {
	switch s {
	case clickday.StampKernel:
		return "kernel del sistema ricevente, all'arrivo dell'ultimo byte della domanda"
	case clickday.StampUserSpace:
		return "programma ricevente, alla lettura dell'ultimo byte (il kernel non ha fornito l'ora)"
	default:
		return "non dichiarata"
	}
}

func uncertainty(s clickday.Stamp) string {
	if s.Bound <= 0 {
		return bound(s.Bound)
	}
	return bound(s.Bound) + " al massimo, rispetto al tempo universale (UTC)"
}

// traceability says in plain words how the clock is tied to UTC.
func traceability(s clickday.Stamp) string {
	switch s.Clock {
	case clickday.ClockOK:
		return "verificato: confrontato con più server di tempo di riferimento, concordi fra loro"
	case clickday.ClockDegraded:
		return "precisione ridotta: alcuni server di tempo di riferimento mancavano; l'incertezza ne tiene conto"
	case clickday.ClockRefused:
		return "non attendibile: nessun insieme sufficiente di server di tempo di riferimento lo confermava"
	default:
		return "non sorvegliato: ora del sistema, senza confronto con server di riferimento"
	}
}

// proofs is what ties the receipt to the ledger, the document and the envelope.
func proofs(d *Data) (rows [][2]string) {
	if l := d.Ledger; l != nil {
		place := fmt.Sprintf("riga %s (contate da 0) del registro di %s righe firmato", grouped(l.Index), grouped(l.Size))
		if l.Timestamped {
			place += ", con marca temporale"
		}
		if l.Late {
			place += "; giunta dopo numeri già attribuiti"
		}
		rows = append(rows, [2]string{"Posizione nel registro", place}, [2]string{"Radice del registro", fmt.Sprintf("%x", l.Root)})
	}
	return append(rows,
		[2]string{"Documento (SHA-256)", d.Digest.String()},
		[2]string{"Busta inviata (SHA-256)", d.Submission.String()})
}

func application(d *Data) [][2]string {
	return [][2]string{
		{"Click day", d.DayCode},
		{"Modello", string(d.Model) + " – " + d.ModelTitle},
		{"Richiedente", d.Applicant},
		{"Codice fiscale", d.ApplicantTaxCode},
		{"Datore di lavoro", d.Employer},
		{"Lavoratore", d.Worker},
		{"Identificativo domanda", d.Application.String()},
	}
}

// facts sets a titled table of labels and values; empty values are left out.
func facts(c *canvas, heading string, rows [][2]string) {
	c.room(20)
	c.heading(heading)
	for _, row := range rows {
		if row[1] != "" {
			c.row(c.newRow(row[0], row[1], labelWidth), labelWidth)
		}
	}
	c.y += 4
}

// notes sets what the receipt means and how to check it, kept together.
func notes(c *canvas, d *Data) {
	small := font{normal, 9, ink}
	evidence := ""
	if d.Evidence != nil {
		evidence = attached
	}
	texts := []string{d.certifies(), evidence + sealed, d.VerifyURL}
	height := 0.0
	for _, t := range texts {
		height += float64(len(wrap(c.letters.shape(small.weight, t), column, small.size))) * small.lineHeight()
	}
	c.room(height + 4)
	c.y = c.paragraph(left, c.y, column, small, texts[0]) + 1.5
	c.y = c.paragraph(left, c.y, column, small, texts[1])
	top := c.y
	c.y = c.paragraph(left, top, column, font{normal, 9, accent}, texts[2])
	c.link(left, top, column, c.y-top, d.VerifyURL)
}
