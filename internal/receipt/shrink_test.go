package receipt

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/go-pdf/fpdf"
)

// plain returns a document of n pages, uncompressed.
func plain(t *testing.T, n int) []byte {
	t.Helper()
	pdf := fpdf.New("P", "mm", "A4", "")
	pdf.SetCompression(false)
	for i := range n {
		pdf.AddPage()
		pdf.RawWriteStr(strings.Repeat(fmt.Sprintf("%% page %d\n", i), 100))
	}
	var out bytes.Buffer
	if err := pdf.Output(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestShrinkKeepsEveryObjectInItsPlace(t *testing.T) {
	before := plain(t, 3)
	after, err := shrink(before, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(after) > len(before)*2/3 {
		t.Errorf("%d bytes became %d", len(before), len(after))
	}
	table := after[bytes.LastIndex(after, []byte("\nxref\n"))+1 : bytes.LastIndex(after, []byte("trailer\n"))]
	parts, _, err := partsOf(table)
	if err != nil {
		t.Fatal(err)
	}
	pages := 0
	for _, p := range parts {
		object := after[p.offset:]
		if !bytes.HasPrefix(object, fmt.Appendf(nil, "%d 0 obj\n", p.number)) {
			t.Errorf("object %d is not at its offset", p.number)
		}
		if content, ok := unpack(t, object); ok {
			if want := fmt.Sprintf("%% page %d\n", pages); bytes.Count(content, []byte(want)) != 100 {
				t.Errorf("page %d has other content", pages)
			}
			pages++
		}
	}
	if pages != 3 {
		t.Errorf("%d compressed pages", pages)
	}
}

// unpack returns the content of a compressed stream.
func unpack(t *testing.T, object []byte) ([]byte, bool) {
	t.Helper()
	var number, size int
	if n, _ := fmt.Sscanf(string(object[:80]), "%d 0 obj\n<</Filter /FlateDecode /Length %d>>", &number, &size); n != 2 {
		return nil, false
	}
	_, stream, _ := bytes.Cut(object, []byte("stream\n"))
	r, err := zlib.NewReader(bytes.NewReader(stream[:size]))
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return content, true
}

func TestShrinkRefusesOtherShapes(t *testing.T) {
	whole := plain(t, 1)
	for name, pdf := range map[string][]byte{
		"nothing":         nil,
		"text":            []byte("hello"),
		"no table":        bytes.Replace(whole, []byte("\nxref\n"), []byte("\nxxxx\n"), 1),
		"count too great": bytes.Replace(whole, []byte("xref\n0 "), []byte("xref\n0 9"), 1),
		"letters":         bytes.Replace(whole, []byte(" 00000 n \n0"), []byte(" 00000 n \nx"), 1),
	} {
		if _, err := shrink(pdf, nil); !errors.Is(err, errShape) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
