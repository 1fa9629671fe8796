package forms_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"maps"
	"strings"
	"testing"

	"puntuale/internal/clickday"
	"puntuale/internal/forms"
	"puntuale/internal/forms/sample"
	"puntuale/internal/wire"
)

func document(a forms.Answers) *forms.Document {
	return &forms.Document{
		Application: clickday.ApplicationID{1, 2, 3}, Day: 7, Model: "B", ModelVersion: 1, SealVersion: 2, Answers: a,
	}
}

func TestFreezeAndThaw(t *testing.T) {
	r := sample.New(5)
	for range 200 {
		d := document(sample.ModelB(r, sample.Any))
		b, digest, err := forms.Freeze(d)
		if err != nil {
			t.Fatal(err)
		}
		if digest != sha256.Sum256(b) {
			t.Fatal("the digest is not the SHA-256 of the bytes")
		}
		back, err := forms.Thaw(b)
		if err != nil {
			t.Fatal(err)
		}
		if !maps.Equal(back.Answers, d.Answers) {
			t.Fatal("the answers have changed")
		}
		back.Answers = nil
		rest := *d
		rest.Answers = nil
		if back.Application != rest.Application || back.Day != rest.Day || back.Model != rest.Model ||
			back.ModelVersion != rest.ModelVersion || back.SealVersion != rest.SealVersion {
			t.Fatalf("%+v, want %+v", back, rest)
		}
	}
}

// TestFreezeBytes pins the encoding: sealed documents must stay readable, and
// outsiders rely on it.
func TestFreezeBytes(t *testing.T) {
	d := &forms.Document{Day: 3, Model: "B", ModelVersion: 1, SealVersion: 300, Answers: forms.Answers{"bb": "x", "a": "è", "aa": "yes"}}
	d.Application[15] = 9
	b, _, err := forms.Freeze(d)
	want := "\xa6\x01\x50\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x09" +
		"\x02\x03\x03\x61B\x04\x01\x05\x19\x01\x2c\x06\xa3\x61a\x62è\x62aa\x63yes\x62bb\x61x"
	if err != nil || string(b) != want {
		t.Errorf("%x, %v\nwant %x", b, err, want)
	}
}

func TestFreezeRefuses(t *testing.T) {
	for name, change := range map[string]func(*forms.Document){
		"no application":  func(d *forms.Document) { d.Application = clickday.ApplicationID{} },
		"no day":          func(d *forms.Document) { d.Day = 0 },
		"no model":        func(d *forms.Document) { d.Model = "" },
		"bad model":       func(d *forms.Document) { d.Model = "b" },
		"no version":      func(d *forms.Document) { d.ModelVersion = 0 },
		"no seal version": func(d *forms.Document) { d.SealVersion = 0 },
		"no answers":      func(d *forms.Document) { d.Answers = nil },
		"empty answer":    func(d *forms.Document) { d.Answers["worker_name"] = "" },
		"empty id":        func(d *forms.Document) { d.Answers[""] = "x" },
		"not UTF-8":       func(d *forms.Document) { d.Answers["worker_name"] = "\xff" },
		"id not UTF-8":    func(d *forms.Document) { d.Answers["\xff"] = "x" },
		"oversized":       func(d *forms.Document) { d.Answers["worker_name"] = strings.Repeat("x", wire.DocumentMax) },
	} {
		d := document(forms.Answers{"worker_name": "Ana"})
		change(d)
		if b, _, err := forms.Freeze(d); err == nil {
			t.Errorf("%s: frozen into %x", name, b)
		}
	}
}

func TestThawRefusesWhatIsNotCanonical(t *testing.T) {
	const head = "\xa6\x01\x50AAAAAAAAAAAAAAAA\x02\x03\x03\x61B\x04\x01\x05\x01\x06"
	if _, err := forms.Thaw([]byte(head + "\xa1\x61a\x61b")); err != nil {
		t.Fatalf("the canonical one is refused: %v", err)
	}
	const app = "\x01\x50AAAAAAAAAAAAAAAA"
	for name, b := range map[string]string{
		"nothing":             "",
		"garbage":             "hello",
		"truncated":           head + "\xa1\x61a",
		"something after":     head + "\xa1\x61a\x61b\x00",
		"long integer":        "\xa6" + app + "\x02\x18\x03\x03\x61B\x04\x01\x05\x01\x06\xa1\x61a\x61b",
		"long text length":    head + "\xa1\x61a\x78\x01b",
		"keys out of order":   head + "\xa2\x61b\x61x\x61a\x61x",
		"long before short":   head + "\xa2\x62aa\x61x\x61b\x61x",
		"key twice":           head + "\xa2\x61a\x61x\x61a\x61y",
		"indefinite map":      head + "\xbf\x61a\x61b\xff",
		"indefinite text":     head + "\xa1\x61a\x7f\x61b\xff",
		"tag":                 head + "\xa1\x61a\xc1\x61b",
		"number for text":     head + "\xa1\x61a\x01",
		"bytes for text":      head + "\xa1\x61a\x41b",
		"null":                head + "\xf6",
		"not UTF-8":           head + "\xa1\x61a\x61\xff",
		"empty answer":        head + "\xa1\x61a\x60",
		"no answers":          head + "\xa0",
		"fields out of order": "\xa6\x02\x03" + app + "\x03\x61B\x04\x01\x05\x01\x06\xa1\x61a\x61b",
		"a field missing":     "\xa5" + app + "\x02\x03\x03\x61B\x04\x01\x06\xa1\x61a\x61b",
		"a field too many":    "\xa7" + app + "\x02\x03\x03\x61B\x04\x01\x05\x01\x06\xa1\x61a\x61b\x07\x01",
		"short application":   "\xa6\x01\x4fAAAAAAAAAAAAAAA\x02\x03\x03\x61B\x04\x01\x05\x01\x06\xa1\x61a\x61b",
		"long application":    "\xa6\x01\x51AAAAAAAAAAAAAAAAA\x02\x03\x03\x61B\x04\x01\x05\x01\x06\xa1\x61a\x61b",
		"application a list":  "\xa6\x01\x81\x01\x02\x03\x03\x61B\x04\x01\x05\x01\x06\xa1\x61a\x61b",
		"negative day":        "\xa6" + app + "\x02\x20\x03\x61B\x04\x01\x05\x01\x06\xa1\x61a\x61b",
		"day over 32 bits":    "\xa6" + app + "\x02\x1b\x00\x00\x00\x01\x00\x00\x00\x00\x03\x61B\x04\x01\x05\x01\x06\xa1\x61a\x61b",
		"model in lower case": "\xa6" + app + "\x02\x03\x03\x61b\x04\x01\x05\x01\x06\xa1\x61a\x61b",
		"oversized":           strings.Repeat("\x00", wire.DocumentMax+1),
	} {
		if d, err := forms.Thaw([]byte(b)); !errors.Is(err, forms.ErrNotCanonical) {
			t.Errorf("%s: %+v, %v", name, d, err)
		}
	}
}

func TestEveryChangedByteIsNoticed(t *testing.T) {
	b, digest, err := forms.Freeze(document(sample.ModelB(sample.New(9), sample.Person)))
	if err != nil {
		t.Fatal(err)
	}
	for i := range b {
		other := bytes.Clone(b)
		other[i] ^= 0x01
		d, err := forms.Thaw(other)
		if err != nil {
			continue
		}
		if _, changed, err := forms.Freeze(&d); err != nil || changed == digest {
			t.Fatalf("byte %d: the digest is the same, or %v", i, err)
		}
	}
}

func FuzzThaw(f *testing.F) {
	for seed := range uint64(3) {
		b, _, err := forms.Freeze(document(sample.ModelB(sample.New(seed), sample.Any)))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte("\xa6\x01\x50AAAAAAAAAAAAAAAA\x02\x03\x03\x61B\x04\x01\x05\x01\x06\xa1\x61a\x61b"))
	m := modelB(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := forms.Thaw(b)
		if err != nil {
			return
		}
		again, _, err := forms.Freeze(&d)
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("accepted, but frozen again it differs: %x, %v", again, err)
		}
		m.Check(d.Answers, today)
		m.Preview(d.Answers, "it")
	})
}
