package receipt

import (
	"bytes"
	"fmt"
	"time"

	"github.com/go-pdf/fpdf"

	"puntuale/internal/clickday"
	"puntuale/internal/forms"
)

// Draft is everything that stands on the preview of an application that has not
// been sent: the same pages as in its receipt, marked as a draft on each.
type Draft struct {
	Service     string // name of the installation
	Application clickday.ApplicationID
	Model       clickday.ModelCode
	Lang        string // "en", else Italian
	ModelTitle  string
	DayTitle    string
	Opens       string // of the click day, as it is shown
	State       string // in words
	Employer    string // may be empty
	Worker      string // may be empty
	Sealed      bool
	Sent        bool            // a submission has arrived: its receipt counts, not this
	Digest      clickday.Digest // of the sealed document
	Made        time.Time       // when the preview was made, in words below
	MadeText    string
	Files       []string // names of the attachments
	Preview     []forms.Section
}

// draftWords are the texts of the page.
var draftWords = map[string]clickday.Text{
	"title":   {IT: "Anteprima della domanda", EN: "Preview of the application"},
	"band":    {IT: "BOZZA", EN: "DRAFT"},
	"sealed":  {IT: "NON ANCORA INVIATA", EN: "NOT SENT YET"},
	"sent":    {IT: "COPIA", EN: "COPY"},
	"receipt": {IT: "Una domanda con questo contenuto è stata inviata: fa fede la ricevuta, non questa copia.", EN: "An application with this content has been sent: the receipt counts, not this copy."},
	"notice":  {IT: "Questa anteprima non è una ricevuta: la domanda non è stata inviata e non ha un numero di protocollo.", EN: "This preview is not a receipt: the application has not been sent and has no protocol number."},
	"model":   {IT: "Modello", EN: "Model"},
	"day":     {IT: "Click day", EN: "Click day"},
	"opens":   {IT: "Apertura", EN: "Opening"},
	"state":   {IT: "Stato", EN: "State"},
	"for":     {IT: "Datore di lavoro", EN: "Employer"},
	"worker":  {IT: "Lavoratore", EN: "Worker"},
	"id":      {IT: "Identificativo", EN: "Identifier"},
	"digest":  {IT: "Impronta SHA-256 della versione sigillata", EN: "SHA-256 digest of the sealed version"},
	"files":   {IT: "Allegati", EN: "Attachments"},
	"made":    {IT: "anteprima del ", EN: "preview of "},
	"empty":   {IT: "Non c’è ancora nessuna risposta.", EN: "There are no answers yet."},
	"facts":   {IT: "La domanda", EN: "The application"},
	"goes on": {IT: " (segue)", EN: " (continued)"},
	"page":    {IT: "pagina %d di %d", EN: "page %d of %d"},
}

func (d *Draft) say(key string) string { return draftWords[key].In(d.Lang) }

// band is what every page of the preview says across its head.
func (d *Draft) band() string {
	switch {
	case d.Sent:
		return d.say("sent")
	case d.Sealed:
		return d.say("sealed")
	}
	return d.say("band")
}

func (d *Draft) notice() string {
	if d.Sent {
		return d.say("receipt")
	}
	return d.say("notice")
}

// RenderDraft returns the preview as a PDF. Equal data give equal bytes; it is
// safe for concurrent use.
func RenderDraft(d *Draft) ([]byte, error) {
	c := composeDraft(d)
	pdf := fpdf.New("P", "mm", "A4", "")
	pdf.SetCompression(false) // shrink does it
	pdf.SetCatalogSort(true)
	pdf.SetCreationDate(d.Made.UTC())
	pdf.SetModificationDate(d.Made.UTC())
	pdf.SetAutoPageBreak(false, 0)
	pdf.SetMargins(0, 0, 0)
	pdf.SetLang(map[bool]string{true: "en", false: "it-IT"}[d.Lang == "en"])
	pdf.SetTitle(d.band()+" – "+d.say("title"), true)
	pdf.SetAuthor(d.Service, true)
	pdf.SetCreator("Puntuale", true)
	pdf.SetProducer("Puntuale (fpdf)", true)
	if err := c.paint(pdf); err != nil {
		return nil, err
	}
	out := outputs.Get().(*bytes.Buffer)
	defer outputs.Put(out)
	out.Reset()
	if err := pdf.Output(out); err != nil {
		return nil, fmt.Errorf("receipt: %w", err)
	}
	return shrink(out.Bytes(), nil)
}

// warning is the colour of the band.
var warning = colour{0xa6, 0x23, 0x00}

func composeDraft(d *Draft) *canvas {
	c := &canvas{running: running{left: d.say("title"), right: d.band(), footer: d.Service + " · " + d.say("made") + d.MadeText + " · " + d.band()}}
	c.newPage()
	c.y = c.paragraph(left, 14, column, font{strong, 14, ink}, d.Service)
	c.rule(left, right, c.y+2, 0.7, accent)
	c.y = c.paragraph(left, c.y+7, column, font{strong, 21, ink}, d.say("title")) + 2
	c.banner(d.band(), d.notice())
	c.heading(d.say("facts"))
	for _, r := range draftFacts(d) {
		if r.Value != "" {
			row := c.newRow(r.Label, r.Value, previewLabel)
			c.room(row.height())
			c.row(row, previewLabel)
		}
	}
	c.y += 5
	if len(d.Preview) == 0 {
		c.y = c.paragraph(left, c.y, column, font{normal, 10, muted}, d.say("empty"))
	}
	for _, s := range d.Preview {
		c.sectionIn(s, d.say("goes on"))
	}
	c.finishWith(d.say("page"))
	return c
}

func draftFacts(d *Draft) []forms.Row {
	files := ""
	for i, f := range d.Files {
		if i > 0 {
			files += ", "
		}
		files += f
	}
	out := []forms.Row{
		{Label: d.say("model"), Value: string(d.Model) + " – " + d.ModelTitle}, {Label: d.say("day"), Value: d.DayTitle}, {Label: d.say("opens"), Value: d.Opens},
		{Label: d.say("state"), Value: d.State}, {Label: d.say("for"), Value: d.Employer}, {Label: d.say("worker"), Value: d.Worker},
		{Label: d.say("id"), Value: d.Application.String()}, {Label: d.say("files"), Value: files},
	}
	if d.Sealed {
		out = append(out, forms.Row{Label: d.say("digest"), Value: d.Digest.String()})
	}
	return out
}

// banner sets a band over the column with a word in it, and a notice below.
func (c *canvas) banner(word, notice string) {
	const height = 13.0
	c.box(left, c.y, column, height, warning)
	c.textCentre((left+right)/2, c.y+2.6, font{strong, 18, white}, word)
	c.y = c.paragraph(left, c.y+height+2, column, font{strong, 10, warning}, notice) + 5
}
