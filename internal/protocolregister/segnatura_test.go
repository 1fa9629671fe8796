package protocolregister_test

import (
	"bytes"
	"crypto/sha256"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"puntuale/internal/clock"
	"puntuale/internal/keys"
	"puntuale/internal/pades"
	"puntuale/internal/protocolregister"
)

var opened = time.Date(2026, 11, 22, 8, 0, 0, 123456000, time.UTC)

func body() protocolregister.Body {
	return protocolregister.Body{
		Name: "Ente <di> prova & C.", IPA: "ente_tn", AOO: "AOO-01", AOOName: "Protocollo \"unico\"", ClassName: "Nulla osta al lavoro", ClassCode: "Titolo X.Classe 2",
	}
}

func registration() protocolregister.Registration {
	r := protocolregister.Registration{
		DayCode: "B-2026", Number: 12, Model: "B", Digest: sha256.Sum256([]byte("domanda")), Arrived: opened, Registered: opened.Add(time.Second),
		Applicant: "Anna De Verdi", TaxCode: "DVRNNA80A41H501X",
	}
	r.Application[0] = 7
	return r
}

func seal(t testing.TB) (s *pades.Seal, dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := keys.InitSeal(clock.System{}, dir, "Ente di prova"); err != nil {
		t.Fatal(err)
	}
	s, err := pades.Load(filepath.Join(dir, keys.SealKeyFile), filepath.Join(dir, keys.SealCertFile))
	if err != nil {
		t.Fatal(err)
	}
	return s, dir
}

// says runs a program of the system, which must be there (scripts/deps.sh test).
func says(t *testing.T, name string, args ...string) (string, error) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(name, args...).CombinedOutput()
	return string(out), err
}

func write(t *testing.T, dir, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestSegnaturaIsValidAndSigned asks two other programs: xmllint with AgID's
// schema, and xmlsec1 for the signature.
func TestSegnaturaIsValidAndSigned(t *testing.T) {
	s, dir := seal(t)
	b := body()
	odd := registration()
	odd.Applicant, odd.TaxCode, odd.DayCode = "Nguyễn\x00 \x1b<script>\u202e&\r\n \"Đức\"", "??", "DEMO-20261122-150405"
	company := registration()
	company.Company, company.Applicant, company.TaxCode = true, "Società Agricola Ștefănescu s.r.l.", "01234567890"
	for name, r := range map[string]protocolregister.Registration{"person": registration(), "odd": odd, "company": company} {
		x, err := protocolregister.Segnatura(&r, &b, s)
		if err != nil {
			t.Fatal(name, err)
		}
		path := write(t, dir, name+".xml", x)
		if out, err := says(t, "xmllint", "--nonet", "--noout", "--schema", "testdata/segnatura_protocollo.xsd", path); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		verify := []string{"--verify", "--id-attr:Id", "SignedProperties", "--trusted-pem", filepath.Join(dir, keys.SealCertFile), "--enabled-key-data", "x509"}
		if out, err := says(t, "xmlsec1", append(verify, path)...); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		again, err := protocolregister.Segnatura(&r, &b, s)
		if err != nil || !bytes.Equal(again, x) {
			t.Errorf("%s: not the same bytes again (%v)", name, err)
		}
		for _, change := range [][2]string{{"0000012", "0000013"}, {"T08:00:01Z", "T08:00:02Z"}, {"<prot:Oggetto>", "<prot:Oggetto>x"}} {
			forged := write(t, dir, "forged.xml", bytes.Replace(x, []byte(change[0]), []byte(change[1]), 1))
			if out, err := says(t, "xmlsec1", append(verify, forged)...); err == nil {
				t.Errorf("%s: %s for %s is not found\n%s", name, change[1], change[0], out)
			}
		}
	}
}

func TestSegnaturaSaysWhatIsRegistered(t *testing.T) {
	s, _ := seal(t)
	b, r := body(), registration()
	x, err := protocolregister.Segnatura(&r, &b, s)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"<prot:CodiceRegistro>B-2026</prot:CodiceRegistro><prot:NumeroRegistrazione>0000012</prot:NumeroRegistrazione>",
		"<prot:DataRegistrazione>2026-11-22</prot:DataRegistrazione><prot:OraRegistrazione>09:00:00.123456+01:00</prot:OraRegistrazione>",
		"<prot:Nome>Anna</prot:Nome><prot:Cognome>De Verdi</prot:Cognome><prot:CodiceFiscale>DVRNNA80A41H501X</prot:CodiceFiscale>",
		`algoritmo="SHA-256"`, "Ente &lt;di&gt; prova &amp; C.",
	} {
		if !strings.Contains(string(x), want) {
			t.Errorf("no %s in\n%s", want, x)
		}
	}
	if code := protocolregister.RegisterCode("DEMO-20261122-150405"); len(code) != 16 {
		t.Error(code)
	}
	r.Applicant = "\x00"
	if _, err := protocolregister.Segnatura(&r, &b, s); err == nil {
		t.Error("a registration without a sender has a segnatura")
	}
	for _, change := range []func(*protocolregister.Body){
		func(b *protocolregister.Body) { b.IPA = "" }, func(b *protocolregister.Body) { b.AOO = "a b" },
		func(b *protocolregister.Body) { b.Name = " " }, func(b *protocolregister.Body) { b.ClassCode = "" },
	} {
		bad := body()
		change(&bad)
		if err := bad.Validate(); err == nil || !strings.HasPrefix(err.Error(), "body-") {
			t.Error(err)
		}
	}
}

// TestDailyRegisterFiles: the PDF is sealed, complete and readable by others.
func TestDailyRegisterFiles(t *testing.T) {
	s, dir := seal(t)
	digest := sha256.Sum256([]byte("x"))
	d := protocolregister.Daily{
		Body: body(), Day: "2026-11-22", Spans: []protocolregister.Span{{Register: "B-2026", First: 1, Last: 60}},
		Annulled: []protocolregister.Annulment{{Register: "B-2026", Number: 3, Reason: "doppia", Operator: "M. Rossi", At: opened}},
	}
	for i := range 60 {
		d.Entries = append(d.Entries, protocolregister.Entry{
			Register: "B-2026", Number: int64(i + 1), Presented: opened.Add(time.Duration(i) * time.Microsecond), Registered: opened.Add(time.Minute),
			Sender: "Nguyễn Thị Đức Ștefănescu Gjergj Çela Łukasz, studio associato di consulenti", Subject: protocolregister.SubjectOf("B", "B-2026"), Digest: digest[:],
		})
	}
	d.Entries[4].Annulment = &protocolregister.Annulment{Register: "B-2026", Number: 5, Reason: "errore di persona", Operator: "M. Rossi", At: opened}
	d.Entries[7].Emergency = "RE.2026/0000001"
	at := clock.System{}.Now()
	files, err := d.Files(s, at)
	if err != nil || len(files) != 2 {
		t.Fatal(len(files), err)
	}
	again, err := d.Files(s, at)
	if err != nil || !bytes.Equal(files[1].Content, again[1].Content) {
		t.Error("not the same bytes again", err)
	}
	if n := strings.Count(string(files[0].Content), "\n"); n != 62 {
		t.Errorf("%d lines", n)
	}
	path := write(t, dir, files[1].Name, files[1].Content)
	if out, err := says(t, "pdfsig", "-nocert", path); err != nil || !strings.Contains(out, "Signature is Valid") {
		t.Errorf("%v\n%s", err, out)
	}
	text, err := says(t, "pdftotext", "-layout", path, "-")
	for _, want := range []string{
		"B-2026/0000001", "B-2026/0000060", "Nguyễn", "Ștefănescu", "ANNULLATA il 22/11/2026 09:00:00 da M. Rossi. Motivo: errore di persona",
		"emergenza: RE.2026/0000001", "dal numero 0000001 al numero 0000060", "Registrazione B-2026/0000003 annullata",
	} {
		if err != nil || !strings.Contains(text, want) {
			t.Errorf("no %q (%v)", want, err)
		}
	}
	if keep := os.Getenv("PUNTUALE_KEEP"); keep != "" {
		write(t, keep, files[1].Name, files[1].Content)
	}
}

func TestEmergencyLists(t *testing.T) {
	head := "ricevuta,mittente,oggetto,impronta,operatore\n"
	row := "2026-11-22T09:00:00+01:00,Anna Verdi,Domanda,,M. Rossi\n"
	list, err := protocolregister.ReadEmergency(strings.NewReader("\ufeff" + head + row + row))
	if err != nil || len(list) != 2 || list[0].Key() == list[1].Key() {
		t.Fatal(list, err)
	}
	if _, err := protocolregister.ReadEmergency(strings.NewReader(strings.ReplaceAll(head+row, ",", ";"))); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{
		"", "a,b\n", head + "ieri,Anna,Domanda,,M\n", head + "2026-11-22T09:00:00Z,,Domanda,,M\n", head + "2026-11-22T09:00:00Z,A,D,abc,M\n",
		head + "2026-11-22T09:00:00Z,A,D,ab,M\n", head + row + "x\n",
	} {
		if list, err := protocolregister.ReadEmergency(strings.NewReader(bad)); err == nil {
			t.Errorf("%q: %v", bad, list)
		}
	}
	for in, want := range map[string]int64{"B-2026/0000012": 12, "PG.2026/12345678": 12345678, "B-2026/12": 0, "/0000001": 0, "B/0000000": 0, "B/000000x": 0} {
		if _, n, err := protocolregister.ParseID(in); n != want || (err == nil) != (want > 0) {
			t.Errorf("%s: %d %v", in, n, err)
		}
	}
}
