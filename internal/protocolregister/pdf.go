package protocolregister

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/go-pdf/fpdf"

	"puntuale/internal/fonts"
)

const (
	perVolume = 10_000 // entries; keeps files and memory small on a day of 325,000
	family    = "dejavu"
	leftEdge  = 10.0 // mm, A4 across
	lastLine  = 192.0
	lineStep  = 3.2
	cellPad   = 1.0
)

// widths of the columns in mm, and their heads.
var widths = []float64{37, 43, 36, 62, 60, 39}
var heads = []string{"Numero", "Presentata (ora italiana)", "Registrata", "Mittente", "Oggetto", "Impronta SHA-256"}

// volume is one PDF in the making.
type volume struct {
	pdf  *fpdf.Fpdf
	rome *time.Location
	y    float64
	foot string
	page int
}

// pdf returns the volumes, at least one.
func (d *Daily) pdf(table [32]byte, at time.Time) ([][]byte, error) {
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		return nil, fmt.Errorf("protocolregister: time zone: %w", err)
	}
	font, err := fonts.FallbackFile()
	if err != nil {
		return nil, fmt.Errorf("protocolregister: %w", err)
	}
	count := max(1, (len(d.Entries)+perVolume-1)/perVolume)
	var out [][]byte
	for i := range count {
		v := newVolume(font, rome, at, fmt.Sprintf("Registro giornaliero di protocollo del %s, volume %d di %d", d.italianDay(), i+1, count))
		v.cover(d, table, i == 0)
		part := d.Entries[min(i*perVolume, len(d.Entries)):min((i+1)*perVolume, len(d.Entries))]
		v.entries(part)
		if i == count-1 {
			v.annulled(d.Annulled)
		}
		b, err := v.bytes()
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, nil
}

// italianDay writes 2026-11-22 as 22/11/2026.
func (d *Daily) italianDay() string {
	t, err := time.Parse(time.DateOnly, d.Day)
	if err != nil {
		return d.Day
	}
	return t.Format("02/01/2006")
}

func newVolume(font []byte, rome *time.Location, at time.Time, title string) *volume {
	p := fpdf.New("L", "mm", "A4", "")
	p.SetCatalogSort(true)
	p.SetCreationDate(at.UTC())
	p.SetModificationDate(at.UTC())
	p.SetAutoPageBreak(false, 0)
	p.SetMargins(leftEdge, 10, leftEdge)
	p.SetCellMargin(cellPad)
	p.SetLang("it-IT")
	p.SetTitle(title, true)
	p.SetCreator("Puntuale", true)
	p.SetProducer("Puntuale (fpdf)", true)
	p.AddUTF8FontFromBytes(family, "", font)
	return &volume{pdf: p, rome: rome, foot: title}
}

func (v *volume) newPage() {
	v.page++
	v.pdf.AddPage()
	v.pdf.SetFont(family, "", 7)
	v.pdf.SetTextColor(0x5a, 0x68, 0x76)
	v.pdf.SetXY(leftEdge, 199)
	v.pdf.CellFormat(200, 4, v.foot, "", 0, "L", false, 0, "")
	v.pdf.CellFormat(77, 4, fmt.Sprintf("pagina %d", v.page), "", 0, "R", false, 0, "")
	v.pdf.SetTextColor(0x17, 0x32, 0x4d)
	v.y = 12
}

// text sets lines of the width of the page.
func (v *volume) text(size float64, s string) {
	v.pdf.SetFont(family, "", size)
	for _, line := range v.pdf.SplitText(s, 277) {
		v.pdf.SetXY(leftEdge, v.y)
		v.pdf.CellFormat(277, size*0.45, line, "", 0, "L", false, 0, "")
		v.y += size * 0.47
	}
}

func (v *volume) cover(d *Daily, table [32]byte, whole bool) {
	v.newPage()
	v.text(10, Clean(d.Body.Name)+" · IPA "+d.Body.IPA+" · AOO "+d.Body.AOO+" "+Clean(d.Body.AOOName))
	v.text(15, "Registro giornaliero di protocollo del "+d.italianDay())
	v.y += 2
	if whole {
		for _, s := range d.Spans {
			v.text(9, fmt.Sprintf("Registro %s: dal numero %07d al numero %07d, %d registrazioni", s.Register, s.First, s.Last, s.Last-s.First+1))
		}
		if len(d.Spans) == 0 {
			v.text(9, "Nessuna registrazione.")
		}
		if len(d.Annulled) > 0 {
			v.text(9, fmt.Sprintf("Annullamenti di registrazioni di giorni precedenti: %d", len(d.Annulled)))
		}
		v.text(8, "SHA-256 del file registro-"+d.Day+".csv, che contiene gli stessi dati: "+hex.EncodeToString(table[:]))
		previous := "nessuno: questo è il primo"
		if len(d.Previous) > 0 {
			previous = hex.EncodeToString(d.Previous)
		}
		v.text(8, "SHA-256 del registro giornaliero precedente: "+previous)
	}
	v.y += 3
}

func (v *volume) heads() {
	v.pdf.SetFont(family, "", 7)
	v.pdf.SetFillColor(0x17, 0x32, 0x4d)
	v.pdf.SetTextColor(255, 255, 255)
	v.pdf.SetXY(leftEdge, v.y)
	for i, h := range heads {
		v.pdf.CellFormat(widths[i], 5.5, h, "", 0, "L", true, 0, "")
	}
	v.pdf.SetTextColor(0x17, 0x32, 0x4d)
	v.y += 6
}

func (v *volume) entries(list []Entry) {
	if len(list) > 0 {
		v.heads()
	}
	for i := range list {
		e := &list[i]
		cells := [][]string{
			v.fit(0, e.ID()), v.fit(1, e.Presented.In(v.rome).Format("02/01/2006 15:04:05,000000")),
			v.fit(2, e.Registered.In(v.rome).Format("02/01/2006 15:04:05")), v.fit(3, e.Sender), v.fit(4, e.Subject), halves(e.Digest),
		}
		if e.Emergency != "" {
			cells[0] = append(cells[0], "emergenza: "+e.Emergency)
		}
		height := 1.5
		for _, c := range cells {
			height = max(height, float64(len(c))*lineStep+1.5)
		}
		extra := 0.0
		if e.Annulment != nil {
			extra = lineStep + 1
		}
		if v.y+height+extra > lastLine {
			v.newPage()
			v.heads()
		}
		v.row(cells, height, e.Annulment)
	}
}

// fit breaks a text into lines of its column.
func (v *volume) fit(column int, s string) []string {
	v.pdf.SetFont(family, "", 7)
	return v.pdf.SplitText(Clean(s), widths[column]-2*cellPad-0.5)
}

func halves(digest []byte) []string {
	if len(digest) == 0 {
		return nil
	}
	h := hex.EncodeToString(digest)
	return []string{h[:len(h)/2], h[len(h)/2:]}
}

func (v *volume) row(cells [][]string, height float64, a *Annulment) {
	x := leftEdge
	for i, lines := range cells {
		size := 7.0
		if i == len(cells)-1 {
			size = 5.2
		}
		v.pdf.SetFont(family, "", size)
		for k, line := range lines {
			v.pdf.SetXY(x, v.y+0.6+float64(k)*lineStep)
			v.pdf.CellFormat(widths[i], lineStep, line, "", 0, "L", false, 0, "")
		}
		x += widths[i]
	}
	if a != nil {
		v.pdf.SetDrawColor(0xcc, 0x33, 0x4d)
		v.pdf.SetLineWidth(0.8) // a bar beside it: what is annulled stays readable
		v.pdf.Line(leftEdge-1, v.y+0.6, leftEdge-1, v.y+height+lineStep)
		v.y += height
		height = lineStep + 1
		v.red("ANNULLATA il " + v.said(a))
	}
	v.y += height
	v.pdf.SetDrawColor(0xd6, 0xdc, 0xe3)
	v.pdf.SetLineWidth(0.1)
	v.pdf.Line(leftEdge, v.y, leftEdge+277, v.y)
}

func (v *volume) said(a *Annulment) string {
	return a.At.In(v.rome).Format("02/01/2006 15:04:05") + " da " + Clean(a.Operator) + ". Motivo: " + Clean(a.Reason)
}

func (v *volume) red(s string) {
	v.pdf.SetFont(family, "", 7)
	v.pdf.SetTextColor(0xcc, 0x33, 0x4d)
	v.pdf.SetXY(leftEdge, v.y)
	v.pdf.CellFormat(277, lineStep, s, "", 0, "L", false, 0, "")
	v.pdf.SetTextColor(0x17, 0x32, 0x4d)
}

func (v *volume) annulled(list []Annulment) {
	if len(list) == 0 {
		return
	}
	v.y += 4
	for i := range list {
		if v.y > lastLine-6 {
			v.newPage()
		}
		a := list[i]
		v.red("Registrazione " + (&Entry{Register: a.Register, Number: a.Number}).ID() + " annullata il " + v.said(&a))
		v.y += lineStep + 1
	}
}

func (v *volume) bytes() ([]byte, error) {
	var b bytes.Buffer
	if err := v.pdf.Output(&b); err != nil {
		return nil, fmt.Errorf("protocolregister: pdf: %w", err)
	}
	return b.Bytes(), nil
}
