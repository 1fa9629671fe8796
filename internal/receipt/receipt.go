// Package receipt sets the receipt ("ricevuta") of one numbered submission as
// an Italian PDF: on the first page what is certified, then the preview of the
// whole application. The same data give the same bytes, so that a receipt that
// is issued again is the receipt; package pades seals it.
//
//	receipt.go   what stands on a receipt
//	summary.go   the first page
//	preview.go   the pages with the application
//	canvas.go    pages, lines, wrapped text: what goes where
//	paint.go     the content of the pages, as PDF has it
//	letters.go   from UTF-8 to letters that can be printed
//	alphabet.go  the 8-bit fonts that hold them
//	moments.go   times as Italians write them
//	qr.go        the QR code as vectors
//	rehearsal.go what marks the receipts of rehearsals
//	shrink.go    compression of the pages
package receipt

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-pdf/fpdf"

	"puntuale/internal/clickday"
	"puntuale/internal/forms"
)

// ErrIncomplete says that data without which a receipt certifies nothing are missing.
var ErrIncomplete = errors.New("receipt: incomplete data")

// Data is everything that stands on a receipt. Texts may use any script;
// characters that our typefaces cannot write are shown by their code.
type Data struct {
	// Body is the public body that issues the receipt, as it heads the page;
	// the same name as in the certificate of the seal. Empty: the service's name.
	Body string

	Number         int64  // position in the order of arrival of the click day, from 1
	ProtocolNumber string // clickday.ProtocolNumber of it
	DayCode        string
	DayTitle       string // Italian
	Model          clickday.ModelCode
	ModelTitle     string // Italian

	Stamp       clickday.Stamp
	Submission  clickday.SubmissionID
	Application clickday.ApplicationID
	Digest      clickday.Digest // of the sealed document

	Applicant        string // who sent it
	ApplicantTaxCode string // may be empty
	Employer         string // may be empty
	Worker           string // may be empty

	Ledger   *LedgerPlace // nil: nothing is said about the ledger
	Evidence []byte       // goes into the file as prova.json; nil for none

	// Edition counts how often the receipt has been issued, 0 like 1. From 2
	// on the page says when the first was issued, and why this one is.
	Edition     int
	FirstIssued time.Time
	Renew       string

	// Issued is when the receipt was made. It is the date of the PDF and must
	// be kept to make the same bytes again.
	Issued    time.Time
	VerifyURL string          // where the QR code leads
	Preview   []forms.Section // the whole application, in Italian
}

// LedgerPlace is where the submission stands in the public ledger of the click day.
type LedgerPlace struct {
	Index       int64    // of its leaf, from 0
	Size        int64    // leaves of the signed checkpoint that covers it
	Root        [32]byte // of that checkpoint
	Timestamped bool     // the checkpoint has an RFC 3161 token
	Late        bool     // it came in behind numbers that were given already
}

func (d *Data) check() error {
	for _, f := range []struct {
		name  string
		empty bool
	}{
		{"Number", d.Number < 1},
		{"ProtocolNumber", d.ProtocolNumber == ""},
		{"Stamp", d.Stamp.UnixNano == 0},
		{"Applicant", d.Applicant == ""},
		{"Issued", d.Issued.IsZero()},
		{"VerifyURL", d.VerifyURL == ""},
		{"FirstIssued", d.Edition > 1 && d.FirstIssued.IsZero()},
	} {
		if f.empty {
			return fmt.Errorf("%w: no %s", ErrIncomplete, f.name)
		}
	}
	return nil
}

// Render returns the receipt as an unsealed PDF 1.3. It fails on incomplete
// data (ErrIncomplete) and on an address too long for a QR code. Safe for
// concurrent use; equal data give equal bytes.
func Render(d *Data) ([]byte, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	code, err := newCode(d.VerifyURL)
	if err != nil {
		return nil, err
	}
	c := compose(d, code)
	pdf := newDocument(d)
	if err := c.paint(pdf); err != nil {
		return nil, err
	}
	out := outputs.Get().(*bytes.Buffer)
	defer outputs.Put(out)
	out.Reset()
	if err := pdf.Output(out); err != nil {
		return nil, fmt.Errorf("receipt: %w", err)
	}
	return shrink(out.Bytes(), d.Evidence)
}

// outputs are the files as fpdf writes them, kept for the next.
var outputs = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// compose sets all pages.
func compose(d *Data, code *code) *canvas {
	c := &canvas{running: running{
		left:   d.title(),
		right:  d.ProtocolNumber,
		footer: "Protocollo " + d.ProtocolNumber + " · ricevuta emessa il " + dateAndTime(d.Issued) + d.edition(),
	}}
	summary(c, d, code)
	preview(c, d)
	c.finish()
	if d.played() {
		c.markPlayed()
	}
	return c
}

// evidenceDescription is what viewers show beside the attachment; ASCII only.
const evidenceDescription = "Prova verificabile: riga del registro, percorso di inclusione, testa firmata, esito firmato dell'invio"

func newDocument(d *Data) *fpdf.Fpdf {
	pdf := fpdf.New("P", "mm", "A4", "")
	pdf.SetCompression(false) // shrink does it
	pdf.SetCatalogSort(true)
	pdf.SetCreationDate(d.Issued.UTC())
	pdf.SetModificationDate(d.Issued.UTC())
	pdf.SetAutoPageBreak(false, 0)
	pdf.SetMargins(0, 0, 0)
	pdf.SetLang("it-IT")
	pdf.SetTitle(d.title()+" "+d.ProtocolNumber, true)
	pdf.SetSubject(d.DayTitle, true)
	pdf.SetAuthor(d.body(), true)
	pdf.SetCreator("Puntuale", true)
	pdf.SetProducer("Puntuale (fpdf)", true)
	return pdf
}

// edition names every issue but the first.
func (d *Data) edition() string {
	if d.Edition < 2 {
		return ""
	}
	return fmt.Sprintf(" · edizione %d", d.Edition)
}

func (d *Data) body() string {
	if d.Body != "" {
		return d.Body
	}
	return "Puntuale"
}
