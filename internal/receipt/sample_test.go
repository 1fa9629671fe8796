package receipt_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/forms"
	"puntuale/internal/ledger"
	"puntuale/internal/receipt"
	"puntuale/internal/wire"
)

// sample returns a receipt like those of a real click day: model B, an
// employer, a worker, a contract, a lodging.
func sample() *receipt.Data {
	d := &receipt.Data{
		Body:           "Ministero di prova – Sportello unico per l'immigrazione",
		Number:         1234,
		ProtocolNumber: clickday.ProtocolNumber("2026-02-12-B", 1234),
		DayCode:        "2026-02-12-B",
		DayTitle:       "Decreto Flussi 2026 – lavoro subordinato non stagionale, cittadini dei Paesi con accordi di cooperazione",
		Model:          "B",
		ModelTitle:     "Richiesta nominativa di nulla osta al lavoro subordinato",
		Stamp: clickday.Stamp{
			UnixNano: time.Date(2026, 2, 12, 8, 0, 0, 123456789, time.UTC).UnixNano(),
			Source:   clickday.StampKernel, Clock: clickday.ClockOK, Bound: 250 * time.Microsecond,
			Node: 1, Journal: 0x9f3c52d1a07be648, Sequence: 20417,
		},
		Applicant:        "Associazione Coltivatori della Capitanata – patronato di Foggia",
		ApplicantTaxCode: "94012345678",
		Employer:         "Azienda Agricola Fratelli D'Agostino società semplice",
		Worker:           "Hoxha Arbër",
		Issued:           time.Date(2026, 2, 12, 8, 3, 10, 0, time.UTC),
		VerifyURL:        "https://clickday.example.it/verifica?p=2026-02-12-B%2F0001234&d=5f1d0a7c",
		Preview:          samplePreview(),
	}
	for i := range d.Submission {
		d.Submission[i], d.Digest[i] = byte(7*i+3), byte(11*i+5)
	}
	d.Ledger = &receipt.LedgerPlace{Index: 1240, Size: 325017, Root: d.Digest}
	d.Evidence = sampleEvidence()
	copy(d.Application[:], []byte{0x4a, 0x1f, 0x0c, 0x77, 0x93, 0x2b, 0x4d, 0x5e, 0x8f, 0x60, 1, 2, 3, 4, 5, 6})
	return d
}

// sampleEvidence is as large as in a ledger of 325,000 leaves after batches of
// 200 records.
func sampleEvidence() []byte {
	rnd := rand.NewChaCha8([32]byte{1})
	bytesOf := func(n int) []byte {
		b := make([]byte, n)
		rnd.Read(b)
		return b
	}
	e := ledger.Evidence{
		Day: "2026-02-12-B", Index: 1240, LedgerKey: "clickday.example.it/ledger/2026-02-12-B+d6d2cb55+" + base64.StdEncoding.EncodeToString(bytesOf(33)),
		Leaf: fmt.Sprintf("numbered,1234,2026-02-12T08:00:00.123456Z,kernel,ok,250,1,0,%x,", bytesOf(32)),
		Checkpoint: "clickday.example.it/ledger/2026-02-12-B\n325017\n" + base64.StdEncoding.EncodeToString(bytesOf(32)) +
			"\n\n— clickday.example.it/ledger/2026-02-12-B " + base64.StdEncoding.EncodeToString(bytesOf(68)) + "\n",
		Acknowledgement: bytesOf(wire.AcknowledgementSize(8)), NodeKey: hex.EncodeToString(bytesOf(32)),
	}
	for range 19 {
		e.Inclusion = append(e.Inclusion, [32]byte(bytesOf(32)))
	}
	file, err := e.Marshal()
	if err != nil {
		panic(err)
	}
	return file
}

func samplePreview() []forms.Section {
	row := func(label, value string) forms.Row { return forms.Row{Label: label, Value: value} }
	return []forms.Section{
		{Title: "Datore di lavoro", Rows: []forms.Row{
			row("Tipo di datore di lavoro", "Persona giuridica"),
			row("Denominazione o ragione sociale", "Azienda Agricola Fratelli D'Agostino società semplice"),
			row("Codice fiscale dell'impresa", "03891270714"),
			row("Cognome del legale rappresentante", "D'Agostino"),
			row("Nome del legale rappresentante", "Niccolò"),
			row("Data di nascita", "14/05/1971"),
			row("Comune di nascita", "San Severo (FG)"),
			row("Codice fiscale", "DGSNCL71E14I158K"),
			row("Indirizzo", "Contrada Motta della Regina 12"),
			row("Comune", "San Severo (FG)"),
			row("CAP", "71016"),
			row("E-mail", "amministrazione@fratellidagostino.example.it"),
			row("Settore", "Agricoltura, silvicoltura e pesca"),
			row("Fatturato dell'ultimo anno", "€ 412.350,00"),
			row("Numero di dipendenti", "14"),
		}},
		{Title: "Lavoratore", Rows: []forms.Row{
			row("Cognome", "Hoxha"),
			row("Nome", "Arbër"),
			row("Sesso", "Maschio"),
			row("Data di nascita", "02/11/1994"),
			row("Stato di nascita", "Albania"),
			row("Luogo di nascita", "Gjirokastër"),
			row("Cittadinanza", "Albanese"),
			row("Stato civile", "Coniugato"),
			row("Numero di passaporto", "BA1234567"),
			row("Passaporto valido fino al", "30/09/2031"),
			row("Residenza all'estero", "Lagjja 11 Janari, Rruga Çerçiz Topulli 8, Gjirokastër"),
		}},
		{Title: "Contratto", Rows: []forms.Row{
			row("Contratto collettivo applicato", "Operai agricoli e florovivaisti (A011)"),
			row("Livello o categoria", "Area 2, livello D"),
			row("Mansione", "Operaio agricolo specializzato addetto alla potatura, alla conduzione di trattrici e alla raccolta meccanizzata delle olive e dell'uva da vino"),
			row("Durata", "Tempo indeterminato"),
			row("Ore settimanali", "39"),
			row("Retribuzione lorda mensile", "€ 1.684,50"),
			row("Data di inizio prevista", "01/06/2026"),
		}},
		{Title: "Luogo di lavoro", Rows: []forms.Row{
			row("Indirizzo", "Contrada Motta della Regina 12"), row("Comune", "San Severo (FG)"), row("CAP", "71016"), row("Provincia", "Foggia"),
		}},
		{Title: "Alloggio", Rows: []forms.Row{
			row("Tipo di sistemazione", "Alloggio messo a disposizione dal datore di lavoro"),
			row("Indirizzo", "Via Tiberio Solis 45, scala B, interno 3"), row("Comune", "San Severo (FG)"),
			row("Trattenuta mensile per l'alloggio", "€ 250,00"),
			row("Idoneità alloggiativa richiesta", "Sì"),
			row("Impegno al pagamento delle spese di rimpatrio", "Sì"),
		}},
	}
}

// long returns a sample with n sections of ten rows and one very long answer.
func long(n int) *receipt.Data {
	d := sample()
	d.Preview = nil
	for s := range n {
		section := forms.Section{Title: fmt.Sprintf("Sezione %d", s+1)}
		for r := range 10 {
			section.Rows = append(section.Rows, forms.Row{Label: fmt.Sprintf("Domanda %d.%d", s+1, r+1), Value: fmt.Sprintf("risposta-%d-%d", s+1, r+1)})
		}
		d.Preview = append(d.Preview, section)
	}
	return d
}
