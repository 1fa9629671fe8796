// Package protocolregister is the paper side of protocol numbers: the daily
// register (registro giornaliero), the emergency register (registro di
// emergenza) and the AgID signature of each registration (SegnaturaInformatica).
// What is registered lies in package postgres; here is what it looks like.
// docs/protocol-register.md names the law behind each part.
//
//	register.go   bodies, entries, daily registers
//	csv.go        a daily register as CSV
//	pdf.go        and as PDF, in volumes
//	emergency.go  entries of the emergency register, typed in or imported
//	segnatura.go  SegnaturaInformatica
//	xades.go      its signature, XAdES baseline B
package protocolregister

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"

	"puntuale/internal/clickday"
)

// Body is the public body that keeps the registers, as the Indice PA (IPA) knows it.
type Body struct {
	Name    string // denominazione
	IPA     string // codice IPA of the body
	AOO     string // codice of the area organizzativa omogenea
	AOOName string
	// ClassName and ClassCode are the entry of the classification plan
	// (titolario) that applications belong to.
	ClassName, ClassCode string
}

var (
	ipaCode = regexp.MustCompile(`^[A-Za-z0-9_]{2,30}$`)
	aooCode = regexp.MustCompile(`^[A-Za-z0-9_-]{1,30}$`)
)

// Validate names the setting that is wrong.
func (b *Body) Validate() error {
	switch {
	case Clean(b.Name) == "":
		return errors.New("body-name: want the name of the public body")
	case !ipaCode.MatchString(b.IPA):
		return fmt.Errorf("body-ipa: %q: want the body's code in the Indice PA: letters, digits, _", b.IPA)
	case !aooCode.MatchString(b.AOO):
		return fmt.Errorf("body-aoo: %q: want the code of the area organizzativa omogenea: letters, digits, _, -", b.AOO)
	case Clean(b.ClassName) == "" || Clean(b.ClassCode) == "":
		return errors.New("body-class: want name and code of an entry of the classification plan")
	}
	return nil
}

// Entry is one registration.
type Entry struct {
	Register   string // code of the click day, or "PG.year"
	Number     int64
	Presented  time.Time // when it arrived: its date before the law
	Registered time.Time // when it got its number
	Sender     string
	Subject    string
	Digest     []byte // SHA-256 of the document; empty for papers
	Emergency  string // number in the emergency register, "RE.2026/0000001"; empty for none
	Annulment  *Annulment
}

// ID is the number as people read it.
func (e *Entry) ID() string { return clickday.ProtocolNumber(e.Register, e.Number) }

// Annulment takes the effect of a registration away; the registration stays
// readable (DPR 445/2000, art. 54).
type Annulment struct {
	Register string
	Number   int64
	Reason   string
	Operator string
	At       time.Time
}

// ParseID reads a number as people write it, "B-2026/0000001".
func ParseID(s string) (register string, number int64, err error) {
	register, digits, ok := strings.Cut(s, "/")
	if ok && len(digits) >= 7 && len(digits) <= 18 && strings.Trim(digits, "0123456789") == "" {
		fmt.Sscanf(strings.TrimLeft(digits, "0"), "%d", &number) // nothing is left of 0, which is no number
	}
	if register == "" || number < 1 {
		return "", 0, fmt.Errorf("protocol number %q: want CODE/0000001", s)
	}
	return register, number, nil
}

// SubjectOf is the subject of an application in the register.
func SubjectOf(m clickday.ModelCode, dayCode string) string {
	return fmt.Sprintf("Domanda modello %s, click day %s", m, dayCode)
}

// Span is what a daily register holds of one register.
type Span struct {
	Register    string
	First, Last int64
}

// Daily is the register of one day: everything that got its number on it.
type Daily struct {
	Body     Body
	Day      string // 2026-11-22, Italian time
	Spans    []Span
	Entries  []Entry
	Annulled []Annulment // on this day, of numbers of earlier days
	Previous []byte      // SHA-256 of the CSV of the daily register before; empty for the first
}

// File is one file of a daily register.
type File struct {
	Name    string
	Content []byte
}

// Sum returns the SHA-256 of the file.
func (f *File) Sum() [32]byte { return sha256.Sum256(f.Content) }

// Sealer seals a PDF (package pades).
type Sealer interface {
	Sign(pdf []byte, at time.Time) ([]byte, error)
}

// Files makes the files of a daily register, the CSV first, then the sealed PDF
// in volumes. The same register, seal and time give the same bytes.
func (d *Daily) Files(seal Sealer, at time.Time) ([]File, error) {
	table, err := d.csv()
	if err != nil {
		return nil, err
	}
	out := []File{{"registro-" + d.Day + ".csv", table}}
	volumes, err := d.pdf(sha256.Sum256(table), at)
	if err != nil {
		return nil, err
	}
	for i, v := range volumes {
		sealed, err := seal.Sign(v, at)
		if err != nil {
			return nil, err
		}
		out = append(out, File{fmt.Sprintf("registro-%s-%d.pdf", d.Day, i+1), sealed})
	}
	return out, nil
}

// Clean makes a text fit for one line of a register: valid UTF-8, no control
// or direction characters, single spaces.
func Clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Co) || r == unicode.ReplacementChar || r == '\uFFFE' || r == '\uFFFF' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	return strings.Join(strings.Fields(s), " ")
}

// maxRegisterCode is what AgID's schema allows a CodiceRegistro.
const maxRegisterCode = 16

// RegisterCode is the CodiceRegistro of a register: its code, or, when that is
// longer than the schema allows, its beginning and a digest of the whole.
func RegisterCode(register string) string {
	if len(register) <= maxRegisterCode {
		return register
	}
	sum := sha256.Sum256([]byte(register))
	return register[:7] + "-" + hex.EncodeToString(sum[:4])
}
