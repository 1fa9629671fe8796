package codicefiscale

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

func on(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

func TestComputeKnownCodes(t *testing.T) {
	for code, p := range map[string]Person{
		"RSSMRA80A01H501U": {"Rossi", "Mario", "M", on(1980, 1, 1), "H501"},
		"RSSMRA85T10A562S": {"Rossi", "Mario", "M", on(1985, 12, 10), "A562"},
		"CCCFBA85D03L219P": {"Càccamo", "Fabio", "M", on(1985, 4, 3), "L219"},
		"MRTMTT91D08F205J": {"Moretti", "Matteo", "M", on(1991, 4, 8), "F205"},
	} {
		got, err := Compute(p)
		if err != nil || got != code {
			t.Errorf("%s %s: %s, %v; want %s", p.Name, p.Surname, got, err, code)
		}
	}
}

func TestLettersOfNames(t *testing.T) {
	for _, row := range []struct{ name, surname, first string }{
		{"Rossi", "RSS", "RSS"},
		{"Gianfranco", "GNF", "GFR"}, // a first name of four consonants leaves out the second
		{"Fo", "FOX", "FOX"},
		{"Re", "REX", "REX"},
		{"Aia", "AIA", "AIA"},
		{"O", "OXX", "OXX"},
		{"", "XXX", "XXX"},
		{"D'Angelo", "DNG", "DGL"},
		{"De Luca", "DLC", "DLC"},
		{"Nicolò", "NCL", "NCL"},
		{"Đỗ", "DOX", "DOX"},
		{"Nguyễn", "NGY", "NYN"},
		{"Müßig", "MSS", "MSG"},
		{"Țurcanu", "TRC", "TCN"},
		{"Ångström", "NGS", "NST"},
	} {
		if got := surnameLetters(row.name); got != row.surname {
			t.Errorf("surname %q: %s, want %s", row.name, got, row.surname)
		}
		if got := nameLetters(row.name); got != row.first {
			t.Errorf("first name %q: %s, want %s", row.name, got, row.first)
		}
	}
}

func TestComputeRefuses(t *testing.T) {
	good := Person{"Rossi", "Mario", "M", on(1980, 1, 1), "H501"}
	for name, change := range map[string]func(*Person){
		"sex":   func(p *Person) { p.Sex = "m" },
		"place": func(p *Person) { p.Place = "Roma" },
		"date":  func(p *Person) { p.Birth = time.Time{} },
	} {
		p := good
		change(&p)
		if code, err := Compute(p); err == nil {
			t.Errorf("%s: %s", name, code)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for code, want := range map[string]error{
		"":                  ErrLength,
		"RSSMRA80A01H501":   ErrLength,
		"RSSMRA80A01H501UU": ErrLength,
		"RSSMRA80A01H501A":  ErrCheck,
		"RSSMRB80A01H501U":  ErrCheck,
		"R5SMRA80A01H501U":  ErrFormat,
		"RSSMRA8AA01H501U":  ErrFormat,
		"RSSMRA80F01H501U":  ErrFormat, // no month has the letter F
		"RSSMRA80A015501U":  ErrFormat,
		"RSSMRA80A01H5019":  ErrFormat,
		"rssmra80a01h501u":  ErrFormat, // not normalised
		"RSSMRÀ80A01H501U":  ErrFormat,
		"RSSMRA80A00H501" + string(checkCharacter("RSSMRA80A00H501")): ErrDate,
		"RSSMRA80A32H501" + string(checkCharacter("RSSMRA80A32H501")): ErrDate,
		"RSSMRA80A40H501" + string(checkCharacter("RSSMRA80A40H501")): ErrDate,
		"RSSMRA80A72H501" + string(checkCharacter("RSSMRA80A72H501")): ErrDate,
		"RSSMRA81B29H501" + string(checkCharacter("RSSMRA81B29H501")): ErrDate, // no leap year
	} {
		if _, err := Parse(code); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", code, err, want)
		}
	}
}

func TestParseParts(t *testing.T) {
	p := Person{"Bianchi", "Ada", "F", on(1992, 2, 29), "Z249"}
	text, err := Compute(p)
	if err != nil {
		t.Fatal(err)
	}
	if text[6:11] != "92B69" {
		t.Errorf("%s: a woman born on the 29th has 69", text)
	}
	c, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if c.Sex() != "F" || c.BirthPlace() != "Z249" || !c.Born(p.Birth) || c.Born(on(1992, 3, 1)) || c.Omocodia() || c.String() != text {
		t.Errorf("%s: sex %s, place %s", text, c.Sex(), c.BirthPlace())
	}
}

func TestNormalize(t *testing.T) {
	for _, s := range []string{"rssmra80a01h501u", " RSS MRA 80A01 H501U ", "TINIT-RSSMRA80A01H501U", "it:RSSMRA80A01H501U", "TINIT-TINIT-rssmra80a01h501u"} {
		if got := Normalize(s); got != "RSSMRA80A01H501U" {
			t.Errorf("%q: %q", s, got)
		}
	}
}

func TestCompareNamesEachPart(t *testing.T) {
	p := Person{"Rossi", "Mario", "M", on(1980, 1, 1), "H501"}
	c, err := Parse("RSSMRA80A01H501U")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		change func(*Person)
		want   []Part
	}{
		{func(p *Person) {}, nil},
		{func(p *Person) { p.Surname = "Bianchi" }, []Part{Surname}},
		{func(p *Person) { p.Name = "Luigi" }, []Part{Name}},
		{func(p *Person) { p.Surname, p.Name = p.Name, p.Surname }, []Part{Surname, Name}},
		{func(p *Person) { p.Birth = on(1981, 1, 1) }, []Part{BirthDate}},
		{func(p *Person) { p.Birth = on(1980, 2, 1) }, []Part{BirthDate}},
		{func(p *Person) { p.Birth = on(1980, 1, 2) }, []Part{BirthDate}},
		{func(p *Person) { p.Sex = "F" }, []Part{Sex}},
		{func(p *Person) { p.Place = "F205" }, []Part{Place}},
		{func(p *Person) { *p = Person{"Neri", "Ada", "F", on(1999, 9, 9), "Z100"} }, []Part{Surname, Name, BirthDate, Sex, Place}},
	} {
		q := p
		row.change(&q)
		if got := c.Compare(q); !slices.Equal(got, row.want) {
			t.Errorf("%+v: %v, want %v", q, got, row.want)
		}
	}
}

func TestOmocodeKnown(t *testing.T) {
	for n, want := range map[int]string{1: "CCCFBA85D03L21VE", 2: "CCCFBA85D03L2M9A"} {
		if got, err := Omocode("CCCFBA85D03L219P", n); err != nil || got != want {
			t.Errorf("variant %d: %s, %v; want %s", n, got, err, want)
		}
	}
	for _, n := range []int{0, 128, -1} {
		if got, err := Omocode("CCCFBA85D03L219P", n); err == nil {
			t.Errorf("variant %d: %s", n, got)
		}
	}
	if got, err := Omocode("CCCFBA85D03L219X", 1); err == nil {
		t.Errorf("of a wrong code: %s", got)
	}
}

// TestRandomPeople holds what must be true of every person: the code can be
// read, belongs to them, and so does each of its 127 variants.
func TestRandomPeople(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	word := func() string {
		b := make([]rune, 1+r.IntN(12))
		for i := range b {
			b[i] = []rune("abcdefghijklmnopqrstuvwxyzàèéìòùçñđøł' -")[r.IntN(40)]
		}
		return string(b)
	}
	for range 500 {
		p := Person{word(), word(), []string{"M", "F"}[r.IntN(2)], on(1900+r.IntN(130), 1, 1).AddDate(0, 0, r.IntN(365)), "Z249"}
		text, err := Compute(p)
		if err != nil {
			t.Fatal(err)
		}
		c, err := Parse(text)
		if err != nil || len(c.Compare(p)) > 0 || c.Plain() != text {
			t.Fatalf("%+v: %s, %v, %v", p, text, err, c.Compare(p))
		}
		for n := 1; n < 128; n++ {
			other, err := Omocode(text, n)
			if err != nil {
				t.Fatal(err)
			}
			v, err := Parse(other)
			if err != nil || !v.Omocodia() || v.Plain() != text || len(v.Compare(p)) > 0 || other == text {
				t.Fatalf("variant %d of %s: %s, %v", n, text, other, err)
			}
		}
	}
}

// TestTypingErrorsInEvenPlaces: there every character has a value of its own,
// so that the check character finds any single wrong one.
func TestTypingErrorsInEvenPlaces(t *testing.T) {
	const code = "RSSMRA80A01H501U"
	for i := 1; i < 15; i += 2 {
		for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789" {
			wrong := code[:i] + string(c) + code[i+1:]
			if wrong == code {
				continue
			}
			p, err := Parse(wrong)
			if err == nil && p.Plain() != code {
				t.Errorf("%s is taken for right", wrong)
			}
		}
	}
}

func TestElevenDigits(t *testing.T) {
	for _, s := range []string{"00743110157", "12345678903", "06363391001", "80078750587"} {
		if !ValidCompany(s) || !ValidProvisional(s) {
			t.Errorf("%s is refused", s)
		}
		for d := byte('0'); d <= '9'; d++ {
			if wrong := s[:10] + string(d); wrong != s && ValidCompany(wrong) {
				t.Errorf("%s is taken for right", wrong)
			}
		}
	}
	for _, s := range []string{"", "00000000000", "0074311015", "007431101570", "0074311015A", "RSSMRA80A01H501U", "００７４３"} {
		if ValidCompany(s) {
			t.Errorf("%q is taken for right", s)
		}
	}
	if _, ok := CompanyCheckDigit("12345"); ok {
		t.Error("five digits have a check digit")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"RSSMRA80A01H501U", "CCCFBA85D03L21VE", "", "RSSMRA80A01H50\xffU", "ÀÀÀÀÀÀÀÀ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n := Normalize(s)
		if Normalize(n) != n {
			t.Fatalf("Normalize of %q changes when repeated", s)
		}
		c, err := Parse(n)
		if err != nil {
			return
		}
		if c.String() != n || strings.ToUpper(n) != n || len(c.Plain()) != Length {
			t.Fatalf("%q: %q, plain %q", n, c.String(), c.Plain())
		}
		again, err := Parse(c.Plain())
		if err != nil || again.Omocodia() || again.Sex() != c.Sex() || again.BirthPlace() != c.BirthPlace() {
			t.Fatalf("%q: its plain form %q: %v", n, c.Plain(), err)
		}
	})
}
