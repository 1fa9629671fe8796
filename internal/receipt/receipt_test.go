package receipt_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/forms"
	"puntuale/internal/receipt"
)

func render(t *testing.T, d *receipt.Data) []byte {
	t.Helper()
	pdf, err := receipt.Render(d)
	if err != nil {
		t.Fatal(err)
	}
	return pdf
}

// run gives the document to a program of poppler-utils, which must be there.
func run(t *testing.T, pdf []byte, program string, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "receipt.pdf")
	if err := os.WriteFile(path, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	for i, a := range args {
		if a == "FILE" {
			args[i] = path
		}
	}
	var stderr bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s (poppler-utils): %v\n%s", program, err, stderr.String())
	}
	if stderr.Len() > 0 {
		t.Errorf("%s complains: %s", program, stderr.String())
	}
	return string(out)
}

// words returns the text in reading order with single spaces.
func words(t *testing.T, pdf []byte) string {
	t.Helper()
	return strings.Join(strings.Fields(run(t, pdf, "pdftotext", "-layout", "FILE", "-")), " ")
}

func TestEverythingStandsOnTheReceipt(t *testing.T) {
	d := sample()
	text := words(t, render(t, d))
	for _, want := range []string{
		d.Body, "Ricevuta di presentazione", d.DayTitle, d.ProtocolNumber, "1.234ª domanda in ordine di arrivo",
		"giovedì 12 febbraio 2026, ore 09:00:00,123456", "ora italiana, incertezza ± 0,250 ms",
		"12/02/2026 09:00:00,123456 (CET, UTC+01:00)", "12/02/2026 08:00:00,123456", "1.770.883.200.123.456.789 nanosecondi",
		"± 0,250 ms al massimo, rispetto al tempo universale (UTC)", "Orologio verificato: confrontato con più server", "kernel del sistema ricevente", "nodo 1, giornale 9f3c52d1a07be648, numero 20.417",
		d.DayCode, "B – " + d.ModelTitle, d.Applicant, d.ApplicantTaxCode, d.Employer, d.Worker,
		d.Application.String(), d.Digest.String(), d.Submission.String(), d.VerifyURL,
		"riga 1.240 (contate da 0) del registro di 325.017 righe firmato", fmt.Sprintf("%x", d.Ledger.Root), "L'allegato prova.json",
		"ricevuta emessa il 12/02/2026 alle ore 09:03:10", "pagina 1 di 3", "pagina 3 di 3",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("not on the receipt: %q", want)
		}
	}
	for _, s := range d.Preview {
		for _, r := range s.Rows {
			if !strings.Contains(text, r.Label) {
				t.Errorf("not in the preview: %q", r.Label)
			}
			if len(r.Value) < 60 && !strings.Contains(text, r.Value) { // longer ones are wrapped
				t.Errorf("not in the preview: %q", r.Value)
			}
		}
	}
}

// The attachment comes out as it went in, under its name.
func TestEvidenceIsAttached(t *testing.T) {
	d := sample()
	sealed, err := newSeal(t, d).Sign(render(t, d), d.Issued)
	if err != nil {
		t.Fatal(err)
	}
	if list := run(t, sealed, "pdfdetach", "-list", "FILE"); !strings.Contains(list, "1 embedded files") || !strings.Contains(list, "prova.json") {
		t.Fatalf("attachments: %s", list)
	}
	if got := run(t, sealed, "pdfdetach", "-save", "1", "-o", "/dev/stdout", "FILE"); got != string(d.Evidence) {
		t.Fatalf("the attachment is %q", got)
	}
	d.Evidence, d.Ledger = nil, nil
	if text := words(t, render(t, d)); strings.Contains(text, "prova.json") || strings.Contains(text, "Posizione") {
		t.Error("a receipt without evidence speaks of it")
	}
}

func TestAnotherEditionSaysSo(t *testing.T) {
	d := sample()
	d.Edition, d.FirstIssued, d.Renew = 2, d.Issued, "sostituzione del certificato di sigillo"
	d.Issued = d.Issued.Add(48 * time.Hour)
	text := words(t, render(t, d))
	for _, want := range []string{"Edizione 2 della ricevuta: sostituisce la prima, emessa il 12/02/2026 alle ore 09:03:10",
		"Motivo: sostituzione del certificato di sigillo", "14/02/2026 alle ore 09:03:10 · edizione 2"} {
		if !strings.Contains(text, want) {
			t.Errorf("not on the receipt: %q", want)
		}
	}
}

func TestStampsOfEveryKind(t *testing.T) {
	tests := []struct {
		name   string
		stamp  clickday.Stamp
		expect []string
	}{
		{"user space", clickday.Stamp{Source: clickday.StampUserSpace, Clock: clickday.ClockDegraded, Bound: 3 * time.Second},
			[]string{"il kernel non ha fornito l'ora", "± 3,000 s al massimo", "Orologio precisione ridotta"}},
		{"no watch", clickday.Stamp{Source: clickday.StampKernel, Clock: clickday.ClockUnknown},
			[]string{"Incertezza non misurata", "non sorvegliato"}},
		{"nobody vouches for the clock", clickday.Stamp{Source: clickday.StampKernel, Clock: clickday.ClockRefused},
			[]string{"Incertezza non misurata", "Orologio non attendibile"}},
		{"unknown source", clickday.Stamp{Source: 9, Clock: clickday.ClockOK}, []string{"Rilevazione non dichiarata"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := sample()
			tt.stamp.UnixNano = d.Stamp.UnixNano
			d.Stamp = tt.stamp
			text := words(t, render(t, d))
			for _, want := range tt.expect {
				if !strings.Contains(text, want) {
					t.Errorf("not on the receipt: %q", want)
				}
			}
		})
	}
}

func TestNamesInAllAlphabets(t *testing.T) {
	names := []string{
		"Arbër Hoxha, Gjirokastër, Çerçiz", "Ștefan Țăndărică-Brâncuși", "Łukasz Święcicki, Żółć, Gdańsk",
		"Nguyễn Thị Thu Hường ế ữ", "Śrī Rabīndranātha Ṭhākura, Mymensiṃha", "ʿAbd al-Raḥmān ibn Ḥusayn al-Ḫaṭīb",
		"Đorđe Šćepanović", "İpek Yıldız Ağaoğlu", "Niccolò D'Agostino", "José Muñoz Gonçalves", "Γιώργος", "Олександр Щербина",
	}
	d := sample()
	for _, n := range names {
		d.Preview[1].Rows = append(d.Preview[1].Rows, forms.Row{Label: "Nome", Value: n})
	}
	for _, n := range names { // and each in the place of the worker, on the first page
		d.Worker = n
		text := words(t, render(t, d))
		if strings.Count(text, n) != 2 {
			t.Errorf("%q is there %d times, want 2", n, strings.Count(text, n))
		}
	}
}

func TestLongApplicationsAreWhole(t *testing.T) {
	const sections = 40
	d := long(sections)
	d.Preview[7].Rows[3].Value = strings.Repeat("parola dopo parola ", 900) + "fine-della-nota"
	pdf := render(t, d)
	text := words(t, pdf)
	for s := range sections {
		for r := range 10 {
			if s == 7 && r == 3 {
				continue
			}
			if answer := fmt.Sprintf(" risposta-%d-%d ", s+1, r+1); strings.Count(text, answer) != 1 {
				t.Errorf("%q is there %d times", answer, strings.Count(text, answer))
			}
		}
	}
	if got := strings.Count(text, "parola dopo parola"); got != 900 || !strings.Contains(text, "fine-della-nota") {
		t.Errorf("the long answer has %d of 900 parts", got)
	}
	if !strings.Contains(text, "(segue)") {
		t.Error("no section goes on over a page")
	}
	pages := strings.Count(run(t, pdf, "pdftotext", "FILE", "-"), "\f")
	for p := 1; p <= pages; p++ {
		if want := fmt.Sprintf("pagina %d di %d", p, pages); strings.Count(text, want) != 1 {
			t.Errorf("%q is there %d times", want, strings.Count(text, want))
		}
	}
}

func TestWithoutPreviewAndOptionalFields(t *testing.T) {
	d := sample()
	d.Preview, d.Body, d.ApplicantTaxCode, d.Employer, d.Worker = nil, "", "", "", ""
	text := words(t, render(t, d))
	if !strings.Contains(text, "pagina 1 di 1") || strings.Contains(text, "Datore di lavoro") || !strings.HasPrefix(text, "Puntuale ") {
		t.Errorf("unexpected receipt: %s", text)
	}
}

func TestSameDataSameBytes(t *testing.T) {
	d := sample()
	d.Worker = "Nguyễn Ștefan" // with fonts cut for this document
	want := render(t, d)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			got, err := receipt.Render(d)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("another rendering differs (%v)", err)
			}
		})
	}
	wg.Wait()
	d.Issued = d.Issued.In(time.FixedZone("elsewhere", 5*3600))
	if !bytes.Equal(render(t, d), want) {
		t.Error("the zone of the machine shows")
	}
	d.Stamp.UnixNano++
	if bytes.Equal(render(t, d), want) {
		t.Error("a nanosecond does not show")
	}
}

func TestMetadata(t *testing.T) {
	d := sample()
	pdf := render(t, d)
	t.Setenv("TZ", "UTC")
	info := run(t, pdf, "pdfinfo", "FILE")
	for _, want := range []string{"Ricevuta di presentazione " + d.ProtocolNumber, d.Body, d.DayTitle, "A4", "Thu Feb 12 08:03:10 2026"} {
		if !strings.Contains(info, want) {
			t.Errorf("not in the metadata: %q\n%s", want, info)
		}
	}
	if !bytes.Contains(pdf, []byte("/Lang (it-IT)")) {
		t.Error("the language is not set")
	}
	if links := run(t, pdf, "pdfinfo", "-url", "FILE"); strings.Count(links, d.VerifyURL) != 2 {
		t.Errorf("want the address as a link on code and text:\n%s", links)
	}
	for line := range strings.Lines(run(t, pdf, "pdffonts", "FILE")) {
		if strings.Contains(line, "TrueType") && !strings.Contains(line, "yes yes") {
			t.Errorf("font not embedded as a subset: %s", line)
		}
	}
}

func TestIncompleteDataAreRefused(t *testing.T) {
	tests := []struct {
		name string
		harm func(*receipt.Data)
	}{
		{"Number", func(d *receipt.Data) { d.Number = 0 }},
		{"ProtocolNumber", func(d *receipt.Data) { d.ProtocolNumber = "" }},
		{"Stamp", func(d *receipt.Data) { d.Stamp = clickday.Stamp{} }},
		{"Applicant", func(d *receipt.Data) { d.Applicant = "" }},
		{"Issued", func(d *receipt.Data) { d.Issued = time.Time{} }},
		{"VerifyURL", func(d *receipt.Data) { d.VerifyURL = "" }},
	}
	for _, tt := range tests {
		d := sample()
		tt.harm(d)
		_, err := receipt.Render(d)
		if !errors.Is(err, receipt.ErrIncomplete) || !strings.Contains(err.Error(), tt.name) {
			t.Errorf("without %s: %v", tt.name, err)
		}
	}
	d := sample()
	d.VerifyURL = strings.Repeat("x", 5000)
	if _, err := receipt.Render(d); err == nil {
		t.Error("an address of 5,000 bytes got a QR code")
	}
}
