// Package attachment looks into the files that people add to an application: by
// their content, never by their name, and for what must not be in them. It knows
// PDF, JPEG and PNG, and keeps out whatever runs, opens or carries something.
//
//	attachment.go  types, limits, names
//	pdf.go         what a PDF may not hold
package attachment

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // decoder of the header
	_ "image/png"  // likewise
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits.
const (
	MaxBytes  = 2 << 20
	MaxFiles  = 12 // of one application
	maxPixels = 100_000_000
	maxName   = 100 // runes
)

// What is wrong with a file.
var (
	ErrEmpty  = errors.New("attachment: empty file")
	ErrLarge  = fmt.Errorf("attachment: more than %d bytes", MaxBytes)
	ErrType   = errors.New("attachment: neither PDF nor JPEG nor PNG")
	ErrBroken = errors.New("attachment: the file is damaged or cut off")
	// ErrActive: a PDF with scripts, actions, embedded files or forms that
	// could do something on the computer of whoever examines it.
	ErrActive = errors.New("attachment: the PDF holds scripts, actions or embedded files")
	// ErrLocked: an encrypted PDF, which nobody could examine.
	ErrLocked = errors.New("attachment: the PDF is protected by a password")
)

// Type is a media type that is taken.
type Type string

// The types.
const (
	PDF  Type = "application/pdf"
	JPEG Type = "image/jpeg"
	PNG  Type = "image/png"
)

// Extension returns the ending of a file name, with its dot.
func (t Type) Extension() string {
	switch t {
	case PDF:
		return ".pdf"
	case JPEG:
		return ".jpg"
	case PNG:
		return ".png"
	}
	return ""
}

// Check returns the type of a file, from its content. Errors are those above.
func Check(content []byte) (Type, error) {
	switch {
	case len(content) == 0:
		return "", ErrEmpty
	case len(content) > MaxBytes:
		return "", ErrLarge
	case bytes.HasPrefix(content, []byte("%PDF-")):
		return PDF, checkPDF(content)
	case bytes.HasPrefix(content, []byte("\xff\xd8\xff")):
		return JPEG, checkImage(content, "jpeg", "\xff\xd9")
	case bytes.HasPrefix(content, []byte("\x89PNG\r\n\x1a\n")):
		return PNG, checkImage(content, "png", "IEND\xaeB`\x82")
	}
	return "", ErrType
}

// checkImage reads the header of an image and looks for its end.
func checkImage(content []byte, want, end string) error {
	c, format, err := image.DecodeConfig(bytes.NewReader(content))
	if err != nil || format != want || c.Width < 1 || c.Height < 1 || int64(c.Width)*int64(c.Height) > maxPixels {
		return ErrBroken
	}
	if !bytes.Contains(content[max(0, len(content)-1024):], []byte(end)) {
		return ErrBroken
	}
	return nil
}

// Name makes the name of a file fit to be stored and sent in a header: no
// directory, no control characters, the ending of its type.
func Name(given string, t Type) string {
	given = path.Base(strings.ReplaceAll(strings.ToValidUTF8(given, ""), `\`, "/"))
	given = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return -1
		case strings.ContainsRune(`"<>:|?*/`, r):
			return '_'
		}
		return r
	}, given)
	if dot := strings.LastIndexByte(given, '.'); dot >= 0 && len(given)-dot <= 5 {
		given = given[:dot]
	}
	if given = strings.Trim(given, " ."); given == "" {
		given = "file"
	}
	if utf8.RuneCountInString(given) > maxName {
		given = string([]rune(given)[:maxName])
	}
	return given + t.Extension()
}
