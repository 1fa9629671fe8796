package bulk

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"puntuale/internal/clickday"
	"puntuale/internal/forms"
	"puntuale/internal/forms/sample"
)

var today = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)

func models(t testing.TB) *forms.Catalogue {
	t.Helper()
	c, err := forms.Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func model(t testing.TB, code clickday.ModelCode) *forms.Model {
	t.Helper()
	m, ok := models(t).Newest(code)
	if !ok {
		t.Fatalf("no model %s", code)
	}
	return m
}

// csvOf writes a file with ids as headers.
func csvOf(m *forms.Model, comma rune, list ...forms.Answers) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Comma = comma
	var head []string
	for _, f := range fieldsOf(m) {
		head = append(head, f.ID)
	}
	w.Write(head)
	for _, a := range list {
		var row []string
		for _, id := range head {
			row = append(row, a[id])
		}
		w.Write(row)
	}
	w.Flush()
	return b.Bytes()
}

// TestExportIsReadBack, for every model and in both languages, to the letter.
func TestExportIsReadBack(t *testing.T) {
	for _, m := range models(t).All() {
		for _, lang := range languages {
			var list []Exported
			for seed := range uint64(12) {
				kind := sample.Person
				if seed%2 == 1 {
					kind = sample.Company
				}
				list = append(list, Exported{ID: clickday.NewApplicationID(), State: "Pronta", Answers: sample.Of(sample.New(seed), m, kind, today)})
			}
			got := Read(m, Export(m, list, lang), today, nil)
			if len(got.Problems) > 0 || len(got.Rows) != len(list) {
				t.Fatalf("%s %s: %d rows, %v", m.Code, lang, len(got.Rows), got.Problems)
			}
			for i := range got.Rows {
				r := &got.Rows[i]
				if len(r.Problems) > 0 || r.State != clickday.Ready || !maps.Equal(r.Answers, list[i].Answers) {
					t.Errorf("%s %s row %d: %v\n%v\n%v", m.Code, lang, i, r.Problems, r.Answers, list[i].Answers)
				}
			}
		}
	}
}

func TestTemplateHasEveryQuestionOnce(t *testing.T) {
	for _, m := range models(t).All() {
		for _, lang := range languages {
			got := Read(m, Template(m, lang), today, nil)
			for i, f := range got.columns {
				if f == nil {
					t.Errorf("%s %s: column %q is not read", m.Code, lang, got.Header[i])
				}
			}
			if len(got.columns) != len(fieldsOf(m)) || len(got.Problems) != 1 || got.Problems[0].Text != textNoRows {
				t.Errorf("%s %s: %d columns, %v", m.Code, lang, len(got.columns), got.Problems)
			}
		}
	}
}

func TestAlphabetsAndSeparators(t *testing.T) {
	m := model(t, "B2020")
	a := sample.Of(sample.New(4), m, sample.Person, today)
	a["worker_city"], a["worker_surname"] = "Città €", "D’Àlò; Núñez, \"x\""
	utf16 := func(b []byte) []byte {
		out, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().Bytes(b)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	latin := func(b []byte) []byte {
		out, err := charmap.Windows1252.NewEncoder().Bytes(b)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	for name, c := range map[string]struct {
		raw      []byte
		alphabet string
		comma    rune
	}{
		"semicolon":    {csvOf(m, ';', a), "UTF-8", ';'},
		"comma":        {csvOf(m, ',', a), "UTF-8", ','},
		"tab":          {csvOf(m, '\t', a), "UTF-8", '\t'},
		"mark":         {append([]byte(bom), csvOf(m, ';', a)...), "UTF-8", ';'},
		"windows":      {latin(csvOf(m, ';', a)), "Windows-1252", ';'},
		"unicode text": {utf16(csvOf(m, '\t', a)), "UTF-16", '\t'},
		"CRLF":         {bytes.ReplaceAll(csvOf(m, ';', a), []byte("\n"), []byte("\r\n")), "UTF-8", ';'},
		"sep line":     {append([]byte("sep=,\r\n"), csvOf(m, ',', a)...), "UTF-8", ','},
	} {
		got := Read(m, c.raw, today, nil)
		if got.Alphabet != c.alphabet || got.Comma != c.comma || len(got.Rows) != 1 || !maps.Equal(got.Rows[0].Answers, m.Clean(a)) {
			t.Errorf("%s: %s %q, %d rows, %v", name, got.Alphabet, got.Comma, len(got.Rows), got.AllProblems())
		}
	}
}

// TestWhatPeopleWrite: cells as spreadsheets and people leave them.
func TestWhatPeopleWrite(t *testing.T) {
	m := model(t, "B2020")
	for _, c := range []struct{ field, typed, want string }{
		{"worker_birth_date", "31/12/1990", "1990-12-31"}, {"worker_birth_date", "1990-12-31", "1990-12-31"},
		{"worker_birth_date", "31/12/1990 00:00:00", "1990-12-31"}, {"worker_birth_date", "1.2.1990", "1990-02-01"},
		{"contract_pay", "1234,5", "1234.50"}, {"contract_pay", "€ 1.234,50", "1234.50"}, {"contract_pay", "1234.50", "1234.50"},
		{"worker_sex", "maschio", "M"}, {"worker_sex", "Female", "F"}, {"worker_sex", "f", "F"},
		{"worker_has_tax_code", "Sì", "yes"}, {"worker_has_tax_code", "NO", "no"}, {"worker_has_tax_code", "VERO?", "VERO?"},
		{"workplace_place", "Napoli (NA)", "F839"}, {"workplace_place", "napoli na", "F839"}, {"workplace_place", "Napoli, NA", "F839"},
		{"workplace_place", "F839", "F839"}, {"workplace_place", "Reggio nell'Emilia - RE", "H223"},
		{"workplace_postcode", "118", "00118"}, {"workplace_postcode", "80100", "80100"},
		{"worker_citizenship", "Albania", "Z100"}, {"worker_citizenship", "z100", "Z100"},
		{"worker_surname", "'=cmd", "=cmd"}, {"worker_surname", "  De   Rosa ", "De Rosa"},
	} {
		raw := fmt.Sprintf("worker_name;%s\nAnna;%s\n", c.field, c.typed)
		if got := Read(m, []byte(raw), today, nil); len(got.Rows) != 1 || got.Rows[0].Answers[c.field] != c.want {
			t.Errorf("%s %q: %v, want %q; %v", c.field, c.typed, got.Rows, c.want, got.Problems)
		}
	}
}

func TestHeadersInEveryForm(t *testing.T) {
	m := model(t, "B2020")
	raw := "COGNOME DEL LAVORATORE *;First name of the worker;worker_sex;Note;Errori;\nRossi;Anna;F;ciao;prima era sbagliato;\n"
	got := Read(m, []byte(raw), today, nil)
	if len(got.Rows) != 1 || got.Rows[0].Answers["worker_surname"] != "Rossi" || got.Rows[0].Answers["worker_name"] != "Anna" || !got.Rows[0].Good() {
		t.Fatalf("%v %v", got.Rows, got.Problems)
	}
	if len(got.Problems) != 1 || got.Problems[0].Text != textUnknownHeader || got.Problems[0].Column != "Note" {
		t.Errorf("unknown column: %v", got.Problems)
	}
	if got := Read(m, []byte("worker_name;Nome del lavoratore\nA;B\n"), today, nil); got.Fatal() == nil || got.Fatal().Text != textTwiceHeader {
		t.Errorf("a question with two columns: %v", got.Problems)
	}
}

func TestFilesThatAreNone(t *testing.T) {
	m := model(t, "B2020")
	long := "worker_name;worker_surname\nAnna;" + strings.Repeat("x", 10<<20) + "\n"
	for name, c := range map[string]struct {
		raw  string
		want clickday.Text
	}{
		"nothing": {" \n", textEmpty}, "a workbook": {"PK\x03\x04xxxx", textWorkbook}, "NUL": {"worker_name\nA\x00nna\n", textNoText},
		"a cell of 10 MB": {long, textTooLarge}, "a long cell": {long[:5<<20], textLongCell},
		"an open quote": {"worker_name;worker_surname\n\"Anna;Rossi\nMario;Verdi\n", textQuotes},
		"strange":       {"a;b\n1;2\n", textNoHeader}, "header only": {"worker_name\n", textNoRows},
		"rows":    {"worker_name\n" + strings.Repeat("Anna\n", MaxRows+1), textTooManyRows},
		"columns": {strings.Repeat("a;", 500), textTooManyColumns},
	} {
		got := Read(m, []byte(c.raw), today, nil)
		if len(got.Rows) > 0 || got.Fatal() == nil && c.want != textNoRows {
			t.Errorf("%s: %d rows", name, len(got.Rows))
			continue
		}
		if last := got.Problems[len(got.Problems)-1]; last.Text != c.want {
			t.Errorf("%s: %q, want %q", name, last.Text.EN, c.want.EN)
		}
	}
}

func TestRowsAgainstEachOther(t *testing.T) {
	m := model(t, "B2020")
	a, b := sample.Of(sample.New(1), m, sample.Person, today), sample.Of(sample.New(2), m, sample.Person, today)
	c := maps.Clone(b)
	c["contract_hours"] = "20"
	got := Read(m, csvOf(m, ';', a, b, a, c), today, map[string]bool{a[forms.PassportField]: true})
	for i, want := range [][]clickday.Text{{textKnownPassport}, nil, {textSameRow(2)}, {textSamePassport(3)}} {
		var texts []clickday.Text
		for _, p := range got.Rows[i].Problems {
			texts = append(texts, p.Text)
		}
		if fmt.Sprint(texts) != fmt.Sprint(want) {
			t.Errorf("row %d: %v, want %v", i, texts, want)
		}
	}
	if n := got.Counts(); n.Good != 3 || n.Bad != 1 || n.Ready != 3 {
		t.Errorf("counts %+v", n)
	}
}

// TestTheReportIsAFileToMendAndSend: it holds the bad rows only, with the reason
// in a column that is not read, and no formula.
func TestTheReportIsAFileToMendAndSend(t *testing.T) {
	m := model(t, "B2020")
	a, b := sample.Of(sample.New(1), m, sample.Person, today), sample.Of(sample.New(2), m, sample.Person, today)
	b["contract_hours"], b["worker_city"] = "12", "=HYPERLINK(1)"
	delete(a, "worker_city")
	got := Read(m, csvOf(m, ';', a, b), today, nil)
	if n := got.Counts(); n.Good != 1 || n.Bad != 1 || got.Rows[0].State != clickday.ToComplete {
		t.Fatalf("%+v %v", n, got.AllProblems())
	}
	for _, lang := range languages {
		report := string(got.Report(lang))
		if !strings.Contains(report, "'=HYPERLINK(1)") || !strings.Contains(report, "contract_hours: ") || strings.Contains(report, a["worker_surname"]+";") {
			t.Errorf("report in %s:\n%s", lang, report)
		}
		mended := strings.Replace(report, ";12;", ";20;", 1)
		again := Read(m, []byte(mended), today, nil)
		if len(again.Problems) > 0 || len(again.Rows) != 1 || !again.Rows[0].Good() || again.Rows[0].Answers["worker_city"] != "=HYPERLINK(1)" {
			t.Errorf("mended report in %s: %v\n%s", lang, again.AllProblems(), mended)
		}
	}
}

func FuzzRead(f *testing.F) {
	m := model(f, "B2020")
	f.Add(csvOf(m, ';', sample.Of(sample.New(1), m, sample.Person, today)))
	for _, s := range []string{
		"worker_name;worker_surname\n=cmd|' /C calc'!A0;\"a\"\"b\n", "sep=\t\nworker_name\tx\n\"\n\"", "worker_name\n\x00", "\xff\xfew\x00", "PK\x03\x04",
		"worker_name,worker_name\n1,2,3,4\n", "# x\nworker_name\n", "worker_birth_date;workplace_place\n31/12/1990 00:00;Roma RM\n", "\xe0;worker_name\n\xe0\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got := Read(m, raw, today, nil)
		if got.Fatal() != nil && len(got.Rows) > 0 {
			t.Fatal("rows of a file that could not be read")
		}
		var list []Exported
		for i := range got.Rows {
			r := &got.Rows[i]
			if !maps.Equal(m.Clean(r.Answers), r.Answers) {
				t.Fatalf("row %d is not canonical", r.Line)
			}
			if r.Good() && len(r.Answers) > 0 {
				list = append(list, Exported{ID: clickday.NewApplicationID(), Answers: r.Answers})
			}
		}
		for _, raw := range [][]byte{got.Report("it"), Export(m, list, "en")} {
			noFormulas(t, raw)
		}
		if len(list) > 0 && len(list) < MaxRows {
			again := Read(m, Export(m, list, "it"), today, nil)
			if len(again.Rows) != len(list) {
				t.Fatalf("%d rows exported, %d read: %v", len(list), len(again.Rows), again.Problems)
			}
			for i := range again.Rows {
				if !maps.Equal(again.Rows[i].Answers, list[i].Answers) {
					t.Fatalf("exported %v, read %v", list[i].Answers, again.Rows[i].Answers)
				}
			}
		}
	})
}

func noFormulas(t *testing.T, raw []byte) {
	t.Helper()
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(raw, []byte(bom))))
	r.Comma, r.FieldsPerRecord = ';', -1
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatalf("what we wrote cannot be read: %v", err)
	}
	for _, row := range rows {
		for _, c := range row {
			if c != "" && strings.ContainsRune(formula, rune(c[0])) {
				t.Fatalf("cell %q is a formula", c)
			}
		}
	}
}

func BenchmarkRead(b *testing.B) {
	m := model(b, "B2020")
	var list []forms.Answers
	for i := range uint64(1000) {
		list = append(list, sample.Of(sample.New(i), m, sample.Person, today))
	}
	raw := csvOf(m, ';', list...)
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		if got := Read(m, raw, today, nil); got.Counts().Ready < 990 {
			b.Fatal(got.AllProblems()[0])
		}
	}
}
