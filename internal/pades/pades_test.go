package pades_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/keys"
	"puntuale/internal/pades"
	"puntuale/internal/receipt"
)

const body = "Ministero di prova – Città"

var at = time.Date(2026, 2, 12, 8, 3, 10, 0, time.UTC)

// newSeal makes the key files of a body in a new directory.
func newSeal(t testing.TB) (*pades.Seal, string) {
	t.Helper()
	dir := t.TempDir()
	if err := keys.InitSeal(clock.NewFake(at), dir, body); err != nil {
		t.Fatal(err)
	}
	s, err := pades.Load(filepath.Join(dir, keys.SealKeyFile), filepath.Join(dir, keys.SealCertFile))
	if err != nil {
		t.Fatal(err)
	}
	return s, dir
}

// document returns an unsealed receipt.
func document(t testing.TB) []byte {
	t.Helper()
	pdf, err := receipt.Render(&receipt.Data{
		Body: body, Number: 7, ProtocolNumber: "D/0000007", DayCode: "D", DayTitle: "Giorno", Model: "B", ModelTitle: "Modello",
		Stamp: clickday.Stamp{UnixNano: at.UnixNano() - 1e9}, Applicant: "Rossi", Issued: at, VerifyURL: "https://example.it/v/7",
	})
	if err != nil {
		t.Fatal(err)
	}
	return pdf
}

func sign(t testing.TB, s *pades.Seal, pdf []byte) []byte {
	t.Helper()
	out, err := s.Sign(pdf, at)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// pdfsig returns what the program of poppler-utils says, which must be there.
// It exits with an error when a signature is bad, so its words decide.
func pdfsig(t *testing.T, pdf []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sealed.pdf")
	if err := os.WriteFile(path, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("pdfsig", "-nocert", path)
	cmd.Env = append(os.Environ(), "TZ=UTC", "LC_ALL=C")
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("pdfsig (poppler-utils): %v", err)
	}
	return string(out)
}

func TestPdfsigFindsTheSealValid(t *testing.T) {
	seal, _ := newSeal(t)
	pdf := document(t)
	sealed := sign(t, seal, pdf)
	if !bytes.HasPrefix(sealed, pdf) {
		t.Error("the document below the seal was changed")
	}
	said := pdfsig(t, sealed)
	for _, want := range []string{
		"Signature is Valid.", "Total document signed", "ETSI.CAdES.detached", "Signature Field Name: Sigillo",
		"Signer Certificate Common Name: " + body, "Signing Time: Feb 12 2026 08:03:10", "SHA-256",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("pdfsig does not say %q", want)
		}
	}
	if t.Failed() {
		t.Log(said)
	}
	if strings.Contains(pdfsig(t, pdf), "Signature is Valid") {
		t.Error("pdfsig finds a seal on an unsealed document")
	}
}

// The seal must leave the page as it was: same picture, same links.
func TestSealIsInvisible(t *testing.T) {
	seal, _ := newSeal(t)
	pdf := document(t)
	for _, args := range [][]string{{"pdftoppm", "-r", "60", "-gray"}, {"pdfinfo", "-url"}, {"pdftotext", "-layout"}} {
		if before, after := tool(t, pdf, args), tool(t, sign(t, seal, pdf), args); !bytes.Equal(before, after) || len(before) < 50 {
			t.Errorf("%s shows another document", args[0])
		}
	}
}

func tool(t *testing.T, pdf []byte, args []string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "page.pdf")
	if err := os.WriteFile(path, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	args = append(args[:len(args):len(args)], path)
	if args[0] == "pdftotext" {
		args = append(args, "-")
	}
	out, err := exec.Command(args[0], args[1:]...).Output()
	if err != nil {
		t.Fatalf("%s (poppler-utils): %v", args[0], err)
	}
	return out
}

var byteRange = regexp.MustCompile(`/ByteRange \[0 +(\d+) +(\d+) +(\d+)\]`)

// parts takes a sealed document apart as a verifier does.
func parts(t *testing.T, sealed []byte) (covered, cms []byte, start, end int) {
	t.Helper()
	m := byteRange.FindSubmatch(sealed)
	if m == nil {
		t.Fatal("no ByteRange")
	}
	var n [3]int
	for i := range n {
		n[i], _ = strconv.Atoi(string(m[i+1]))
	}
	if n[1]+n[2] != len(sealed) {
		t.Fatalf("the ranges end at %d of %d", n[1]+n[2], len(sealed))
	}
	cms, err := hex.DecodeString(string(sealed[n[0]+1 : n[1]-1]))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Join([][]byte{sealed[:n[0]], sealed[n[1]:]}, nil), cms, n[0], n[1]
}

// openssl is the second opinion, and checks the CAdES attribute as well.
func TestOpensslAgrees(t *testing.T) {
	seal, keyDir := newSeal(t)
	covered, cms, _, _ := parts(t, sign(t, seal, document(t)))
	dir := t.TempDir()
	file := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	signature := file("signature.der", cms)
	verify := func(content string) (string, error) {
		out, err := exec.Command("openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", signature, "-content", content,
			"-CAfile", filepath.Join(keyDir, keys.SealCertFile), "-purpose", "any", "-no_check_time", "-out", filepath.Join(dir, "out")).CombinedOutput()
		return string(out), err
	}
	if out, err := verify(file("content", covered)); err != nil || !strings.Contains(out, "successful") {
		t.Errorf("openssl: %v\n%s", err, out)
	}
	covered[len(covered)/2] ^= 1
	if out, err := verify(file("changed", covered)); err == nil {
		t.Errorf("openssl accepts changed content: %s", out)
	}
	printed, err := exec.Command("openssl", "cms", "-cmsout", "-print", "-noout", "-inform", "DER", "-in", signature).CombinedOutput()
	if err != nil {
		t.Fatalf("openssl: %v\n%s", err, printed)
	}
	if !bytes.Contains(printed, []byte("signingCertificateV2")) {
		t.Error("the signature does not name its certificate")
	}
	if bytes.Contains(printed, []byte("signingTime")) {
		t.Error("the signature has a signing-time attribute, which PAdES forbids")
	}
}

// A changed byte is found wherever it is: in the pages, in the tables, in the
// seal's own objects, in the signature, and behind the end.
func TestEveryChangedByteIsFound(t *testing.T) {
	seal, _ := newSeal(t)
	pdf := document(t)
	sealed := sign(t, seal, pdf)
	_, _, start, end := parts(t, sealed)
	positions := map[string]int{
		"version": 7, "first content": 1000, "fonts": len(pdf) / 2, "old table": len(pdf) - 200, "old end": len(pdf) - 2,
		"new catalog": len(pdf) + 40, "time": bytes.Index(sealed, []byte("/M (D:2026")) + 9, "signature": start + 300,
		"signature's certificate": start + 700, "after the hole": end + 3, "new table": len(sealed) - 150, "last byte": len(sealed) - 1,
	}
	for step := 977; step < len(sealed); step += 1999 { // and all over, but in the zeros that fill the hole up
		if step < start || step > end {
			positions[fmt.Sprintf("byte %d", step)] = step
		}
	}
	for name, p := range positions {
		t.Run(name, func(t *testing.T) {
			changed := bytes.Clone(sealed)
			changed[p] ^= 0x01
			if said := pdfsig(t, changed); intact(said) {
				t.Errorf("byte %d of %d changed, and pdfsig says:\n%s", p, len(sealed), said)
			}
		})
	}
	t.Run("appended", func(t *testing.T) {
		if said := pdfsig(t, append(bytes.Clone(sealed), "% more\n"...)); intact(said) {
			t.Errorf("pdfsig says:\n%s", said)
		}
	})
}

func intact(said string) bool {
	return strings.Contains(said, "Signature is Valid") && strings.Contains(said, "Total document signed")
}

func TestSameInputSameBytes(t *testing.T) {
	seal, dir := newSeal(t)
	pdf := document(t)
	first := sign(t, seal, pdf)
	again, err := pades.Load(filepath.Join(dir, keys.SealKeyFile), filepath.Join(dir, keys.SealCertFile))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, sign(t, again, pdf)) {
		t.Error("sealing again gives other bytes")
	}
	local, err := seal.Sign(pdf, at.In(time.FixedZone("elsewhere", 3600)))
	if err != nil || !bytes.Equal(first, local) {
		t.Errorf("the zone of the time shows (%v)", err)
	}
	later, err := seal.Sign(pdf, at.Add(time.Second))
	if err != nil || bytes.Equal(first, later) {
		t.Errorf("the time does not show (%v)", err)
	}
}

func TestSubject(t *testing.T) {
	if seal, _ := newSeal(t); seal.Subject() != body {
		t.Errorf("subject %q", seal.Subject())
	}
}

func TestSignRefuses(t *testing.T) {
	seal, _ := newSeal(t)
	pdf := document(t)
	tests := []struct {
		name string
		pdf  []byte
		at   time.Time
		want error
	}{
		{"sealed already", sign(t, seal, pdf), at, pades.ErrSealed},
		{"before the certificate", pdf, at.AddDate(-1, 0, 0), pades.ErrExpired},
		{"after the certificate", pdf, at.AddDate(11, 0, 0), pades.ErrExpired},
		{"nothing", nil, at, pades.ErrUnsupported},
		{"no PDF", []byte("hello"), at, pades.ErrUnsupported},
		{"table beyond the end", []byte("startxref\n999999\n%%EOF\n"), at, pades.ErrUnsupported},
		{"number that no integer holds", []byte("startxref\n99999999999999999999999\n%%EOF\n"), at, pades.ErrUnsupported},
		{"table of a stream", []byte("%PDF-1.7\n1 0 obj <</Type /XRef>> startxref\n9\n%%EOF\n"), at, pades.ErrUnsupported},
		{"huge table", []byte("xref\n0 999999999999999999\ntrailer\n<</Size 999999999999999999 /Root 1 0 R>>\nstartxref\n0\n%%EOF\n"), at, pades.ErrUnsupported},
		{"no info", bytes.Replace(pdf, []byte("/Info "), []byte("/Infx "), 1), at, pades.ErrUnsupported},
		{"root out of range", bytes.Replace(pdf, []byte("/Root "), []byte("/Root 9"), 1), at, pades.ErrUnsupported},
		{"no pages", bytes.Replace(pdf, []byte("/Kids [3 0 R"), []byte("/Kids [      "), 1), at, pades.ErrUnsupported},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if out, err := seal.Sign(tt.pdf, tt.at); !errors.Is(err, tt.want) || out != nil {
				t.Errorf("got %d bytes and %v, want %v", len(out), err, tt.want)
			}
		})
	}
	for n := 0; n < len(pdf)-8; n += 101 { // cut anywhere, it must not panic
		if _, err := seal.Sign(pdf[:n], at); !errors.Is(err, pades.ErrUnsupported) {
			t.Errorf("first %d bytes: %v", n, err)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	_, a := newSeal(t)
	_, b := newSeal(t)
	key, cert := filepath.Join(a, keys.SealKeyFile), filepath.Join(a, keys.SealCertFile)
	if _, err := pades.Load(key, filepath.Join(b, keys.SealCertFile)); !errors.Is(err, pades.ErrKeyPair) {
		t.Errorf("certificate of another key: %v", err)
	}
	for _, pair := range [][2]string{{key, filepath.Join(a, "nowhere.crt")}, {filepath.Join(a, "nowhere.key"), cert}} {
		if _, err := pades.Load(pair[0], pair[1]); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "nowhere") {
			t.Errorf("absent file: %v", err)
		}
	}
	if _, err := pades.Load(cert, cert); err == nil || !strings.Contains(err.Error(), "PRIVATE KEY") {
		t.Errorf("certificate as key: %v", err)
	}
}
