package protocolregister

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"puntuale/internal/clickday"
)

const protNS = "http://www.agid.gov.it/protocollo/"

// ErrIncomplete says that a registration lacks what a segnatura must say.
var ErrIncomplete = errors.New("protocolregister: incomplete registration")

// Registration is one numbered application, as its segnatura describes it.
type Registration struct {
	Submission  clickday.SubmissionID
	Application clickday.ApplicationID
	DayCode     string
	Number      int64
	Model       clickday.ModelCode
	Digest      clickday.Digest // of the sealed application
	Arrived     time.Time
	Registered  time.Time // also the time of signing
	Company     bool      // the applicant is no private person
	Applicant   string
	TaxCode     string
}

var (
	personCode  = regexp.MustCompile(`^[A-Z]{6}[0-9LMNPQRSTUV]{2}[ABCDEHLMPRST][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]$`)
	companyCode = regexp.MustCompile(`^[0-9]{11}$`)
)

// writer writes XML in canonical form: elements are never empty, attributes are
// given in order, texts are escaped as Canonical XML does. Everything bears the
// prefix, because the schema wants attributes to be qualified.
type writer struct{ strings.Builder }

var inText = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
var inValue = strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;")

func (w *writer) leaf(name, text string, attributes ...string) {
	w.open(name, attributes...)
	inText.WriteString(w, Clean(text))
	w.end(name)
}

func (w *writer) open(name string, attributes ...string) {
	w.WriteString("<prot:" + name)
	for i := 0; i+1 < len(attributes); i += 2 {
		w.WriteString(" prot:" + attributes[i] + `="`)
		inValue.WriteString(w, Clean(attributes[i+1]))
		w.WriteString(`"`)
	}
	w.WriteString(">")
}

func (w *writer) end(name string) { w.WriteString("</prot:" + name + ">") }

// Segnatura returns the SegnaturaInformatica of a registration, signed. The same
// registration, body and seal give the same bytes.
func Segnatura(r *Registration, b *Body, s Signer) ([]byte, error) {
	if err := b.Validate(); err != nil {
		return nil, err
	}
	if r.Number < 1 || r.DayCode == "" || Clean(r.Applicant) == "" || r.Arrived.IsZero() || r.Registered.IsZero() {
		return nil, ErrIncomplete
	}
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		return nil, fmt.Errorf("protocolregister: time zone: %w", err)
	}
	var w writer
	w.WriteString(`<prot:SegnaturaInformatica xmlns:prot="` + protNS + `" prot:lang="it" prot:versione="3.0.0">`)
	w.header(r, b, r.Arrived.In(rome))
	w.description(r, b)
	root := "</prot:SegnaturaInformatica>"
	signature, err := sign(w.String()+root, s, r.Registered)
	if err != nil {
		return nil, err
	}
	return []byte(`<?xml version="1.0" encoding="UTF-8"?>` + "\n" + w.String() + signature + root + "\n"), nil
}

func (w *writer) header(r *Registration, b *Body, at time.Time) {
	w.open("Intestazione")
	w.open("Identificatore")
	w.leaf("CodiceAmministrazione", b.IPA, "descrizione", b.Name)
	w.leaf("CodiceAOO", b.AOO, "descrizione", b.AOOName)
	w.leaf("CodiceRegistro", RegisterCode(r.DayCode))
	w.leaf("NumeroRegistrazione", fmt.Sprintf("%07d", r.Number))
	w.leaf("DataRegistrazione", at.Format("2006-01-02"))
	w.leaf("OraRegistrazione", at.Format("15:04:05.000000Z07:00"))
	w.end("Identificatore")
	w.leaf("Oggetto", SubjectOf(r.Model, r.DayCode))
	w.open("Classifica")
	w.leaf("Denominazione", b.ClassName)
	w.leaf("CodiceFlat", b.ClassCode)
	w.end("Classifica")
	w.open("Fascicolo")
	w.leaf("Denominazione", "Click day "+r.DayCode)
	w.leaf("CodiceFascicolo", r.DayCode)
	w.end("Fascicolo")
	w.end("Intestazione")
}

func (w *writer) description(r *Registration, b *Body) {
	w.open("Descrizione")
	w.open("Mittente")
	if r.Company {
		w.company(r)
	} else {
		w.person(r)
	}
	w.end("Mittente")
	w.open("Destinatario", "confermaRicezione", "false", "perConoscenza", "false")
	w.open("Amministrazione")
	w.leaf("DenominazioneAmministrazione", b.Name)
	w.leaf("CodiceIPAAmministrazione", b.IPA)
	w.leaf("CodiceIPAAOO", b.AOO)
	w.end("Amministrazione")
	w.end("Destinatario")
	w.open("DocumentoPrimario", "mimeType", "application/cbor", "nomeFile", "domanda-"+r.Application.String()+".cbor")
	w.leaf("Descrizione", "Domanda sigillata, modello "+string(r.Model))
	w.leaf("Impronta", b64(r.Digest[:]), "algoritmo", "SHA-256")
	w.end("DocumentoPrimario")
	w.end("Descrizione")
}

func (w *writer) company(r *Registration) {
	w.open("PersonaGiuridica")
	w.leaf("Denominazione", r.Applicant)
	if companyCode.MatchString(r.TaxCode) {
		w.leaf("PIVAoCF", r.TaxCode)
	}
	w.end("PersonaGiuridica")
}

func (w *writer) person(r *Registration) {
	first, last := splitName(Clean(r.Applicant), r.TaxCode)
	w.open("PersonaFisica")
	w.leaf("Nome", first)
	w.leaf("Cognome", last)
	if personCode.MatchString(r.TaxCode) {
		w.leaf("CodiceFiscale", r.TaxCode)
	}
	w.end("PersonaFisica")
}

// splitName finds out which of a person's names are the surname: those whose
// letters begin the tax code. Where nothing fits, it is the last one.
func splitName(name, taxCode string) (first, last string) {
	words := strings.Fields(name)
	for i := 1; i < len(words); i++ {
		head, tail := strings.Join(words[:i], " "), strings.Join(words[i:], " ")
		switch {
		case len(taxCode) < 3:
		case surnameLetters(tail) == taxCode[:3]:
			return head, tail
		case surnameLetters(head) == taxCode[:3]:
			return tail, head
		}
	}
	if len(words) < 2 {
		return "", name
	}
	return strings.Join(words[:len(words)-1], " "), words[len(words)-1]
}

// surnameLetters are the first three consonants, then vowels, then X.
func surnameLetters(s string) string {
	var consonants, vowels string
	for _, r := range strings.ToUpper(s) {
		switch {
		case strings.ContainsRune("AEIOU", r):
			vowels += string(r)
		case r >= 'A' && r <= 'Z':
			consonants += string(r)
		}
	}
	return (consonants + vowels + "XXX")[:3]
}
