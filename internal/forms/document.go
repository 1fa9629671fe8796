package forms

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/fxamacker/cbor/v2"

	"puntuale/internal/clickday"
	"puntuale/internal/wire"
)

// Document is a sealed application: what is hashed, signed, sent and kept. The
// numbers are the keys of the canonical CBOR map.
type Document struct {
	Application  clickday.ApplicationID `cbor:"1,keyasint"`
	Day          clickday.DayID         `cbor:"2,keyasint"`
	Model        clickday.ModelCode     `cbor:"3,keyasint"`
	ModelVersion uint16                 `cbor:"4,keyasint"`
	SealVersion  uint32                 `cbor:"5,keyasint"`
	Answers      Answers                `cbor:"6,keyasint"`
}

// ErrNotCanonical means that bytes are not what Freeze would have written.
var ErrNotCanonical = errors.New("forms: document is not canonical")

// Freeze writes the canonical bytes of a document, deterministic CBOR (RFC 8949
// §4.2.1), and their SHA-256. It refuses documents that Thaw would not read:
// no application, day or model, an empty answer, text that is not UTF-8, or
// more than wire.DocumentMax bytes.
func Freeze(d *Document) ([]byte, clickday.Digest, error) {
	if err := d.validate(); err != nil {
		return nil, clickday.Digest{}, err
	}
	b, err := canonical.Marshal(d)
	if err != nil {
		return nil, clickday.Digest{}, fmt.Errorf("forms: freeze: %w", err)
	}
	if len(b) > wire.DocumentMax {
		return nil, clickday.Digest{}, fmt.Errorf("forms: document of %d bytes, at most %d: shorten its texts", len(b), wire.DocumentMax)
	}
	return b, sha256.Sum256(b), nil
}

// Thaw reads what Freeze wrote, and nothing else. Errors wrap ErrNotCanonical. It
// does not know the model; Model.Check does the rest.
func Thaw(b []byte) (Document, error) {
	if len(b) > wire.DocumentMax {
		return Document{}, fmt.Errorf("%w: %d bytes, at most %d", ErrNotCanonical, len(b), wire.DocumentMax)
	}
	t := thawer{b: b, text: string(b)}
	return t.document()
}

// checkFields checks all but the answers, one by one.
func (d *Document) checkFields() error {
	switch {
	case d.Application == clickday.ApplicationID{}:
		return errors.New("forms: document without application")
	case d.Day == 0:
		return errors.New("forms: document without click day")
	case d.ModelVersion == 0 || d.SealVersion == 0:
		return errors.New("forms: document without version")
	case len(d.Answers) == 0:
		return errors.New("forms: document without answers")
	}
	if err := d.Model.Validate(); err != nil {
		return fmt.Errorf("forms: %w", err)
	}
	return nil
}

func (d *Document) validate() error {
	if err := d.checkFields(); err != nil {
		return err
	}
	for id, v := range d.Answers {
		if id == "" || v == "" || !utf8.ValidString(id) || !utf8.ValidString(v) {
			return fmt.Errorf("forms: answer %q is empty or not UTF-8", id)
		}
	}
	return nil
}

var canonical cbor.EncMode

func init() {
	var err error
	if canonical, err = cbor.CoreDetEncOptions().EncMode(); err != nil {
		panic(err)
	}
}
