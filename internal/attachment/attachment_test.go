package attachment

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"

	"github.com/go-pdf/fpdf"
)

func pdf(t testing.TB, prepare func(*fpdf.Fpdf)) []byte {
	t.Helper()
	p := fpdf.New("P", "mm", "A4", "")
	p.AddPage()
	p.SetFont("Helvetica", "", 12)
	p.Cell(40, 10, "Passaporto")
	if prepare != nil {
		prepare(p)
	}
	var b bytes.Buffer
	if err := p.Output(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func picture(t testing.TB, kind Type) []byte {
	t.Helper()
	var b bytes.Buffer
	img := image.NewGray(image.Rect(0, 0, 40, 30))
	var err error
	if kind == PNG {
		err = png.Encode(&b, img)
	} else {
		err = jpeg.Encode(&b, img, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestFilesThatAreTaken(t *testing.T) {
	for want, b := range map[Type][]byte{PDF: pdf(t, nil), JPEG: picture(t, JPEG), PNG: picture(t, PNG)} {
		if got, err := Check(b); got != want || err != nil {
			t.Errorf("%s: %s, %v", want, got, err)
		}
	}
}

// packed is a PDF whose objects lie in a compressed stream.
func packed(objects, filter string) []byte {
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	w.Write([]byte(objects))
	w.Close()
	return fmt.Appendf(nil, "%%PDF-1.7\n4 0 obj\n<</Type/#4fbjStm/N 1/First 4/Length %d/Filter/%s>>\nstream\r\n%s\nendstream\nendobj\n%s\nstartxref\n0\n%%%%EOF\n",
		z.Len(), filter, z.Bytes(), strings.Repeat("% ", 40))
}

func TestFilesThatAreNot(t *testing.T) {
	good := pdf(t, nil)
	with := func(insert string) []byte {
		return bytes.Replace(good, []byte("/Type /Catalog"), []byte("/Type /Catalog "+insert), 1)
	}
	if bytes.Equal(with("x"), good) {
		t.Fatal("the catalogue of the PDF was not found")
	}
	large := append(bytes.Clone(good), make([]byte, MaxBytes)...)
	for name, c := range map[string]struct {
		content []byte
		want    error
	}{
		"nothing":          {nil, ErrEmpty},
		"too large":        {large, ErrLarge},
		"a program":        {[]byte("MZ\x90\x00"), ErrType},
		"a page":           {[]byte("<html><script>alert(1)</script>"), ErrType},
		"SVG":              {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), ErrType},
		"half a PDF":       {good[:len(good)/2], ErrBroken},
		"half a JPEG":      {picture(t, JPEG)[:40], ErrBroken},
		"half a PNG":       {picture(t, PNG)[:30], ErrBroken},
		"script":           {pdf(t, func(p *fpdf.Fpdf) { p.SetJavascript("app.alert(1)") }), ErrActive},
		"embedded file":    {pdf(t, func(p *fpdf.Fpdf) { p.SetAttachments([]fpdf.Attachment{{Content: []byte("x"), Filename: "x.exe"}}) }), ErrActive},
		"launch":           {with("/OpenAction << /S /Launch /F (cmd.exe) >>"), ErrActive},
		"disguised script": {with("/OpenAction << /S /#4aavaScript >>"), ErrActive},
		"short name":       {with("/AA << /O << /JS(app.alert) >> >>"), ErrActive},
		"password":         {pdf(t, func(p *fpdf.Fpdf) { p.SetProtection(0, "a", "b") }), ErrLocked},
		"packed script":    {packed("1 0 <</S/JavaScript/JS(x)>>", "FlateDecode"), ErrActive},
		"not unpackable":   {bytes.Replace(packed("1 0 <<>>", "LZWDecode"), []byte("stream\r\n"), []byte("stream\r\nzz"), 1), ErrBroken},
	} {
		if _, err := Check(c.content); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if _, err := Check(packed("1 0 <</Type/Page/JSON 1>>", "FlateDecode")); err != nil {
		t.Errorf("a harmless packed PDF: %v", err)
	}
}

func TestNames(t *testing.T) {
	for given, want := range map[string]string{
		"passaporto.PDF": "passaporto.pdf", `C:\Users\x\Foto 1.jpeg`: "Foto 1.pdf", "../../etc/passwd": "passwd.pdf", "": "file.pdf", ".pdf": "file.pdf",
		"a\"b\r\nSet-Cookie: x.pdf": "a_bSet-Cookie_ x.pdf", "città.pdf": "città.pdf", "…": "….pdf",
	} {
		if got := Name(given, PDF); got != want {
			t.Errorf("%q becomes %q, want %q", given, got, want)
		}
	}
	if got := Name(strings.Repeat("è", 500), PNG); len([]rune(got)) != maxName+4 {
		t.Errorf("a long name has %d characters", len([]rune(got)))
	}
}

func FuzzCheck(f *testing.F) {
	f.Add(pdf(f, nil))
	f.Add(picture(f, JPEG))
	f.Add(picture(f, PNG))
	f.Add(packed("1 0 <</JS(x)>>", "FlateDecode"))
	f.Fuzz(func(t *testing.T, b []byte) {
		kind, err := Check(b)
		if err == nil && kind == PDF && bytes.Contains(b, []byte("/JavaScript ")) {
			t.Fatal("a script went through")
		}
	})
}
