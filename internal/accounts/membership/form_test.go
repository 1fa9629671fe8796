package membership

import (
	"slices"
	"strings"
	"testing"
	"time"

	"puntuale/internal/codicefiscale"
)

var today = time.Date(2027, 1, 10, 0, 0, 0, 0, time.UTC)

func rossi() Typed {
	return Typed{
		Surname: "Rossi", Name: "Mario", Sex: "M", Birth: "1/1/1980", BirthPlace: "roma (rm)", TaxCode: "rssmra80a01 h501u",
		HomePlace: "Torino", HomeAddress: " Via  Po 1 ", HomeCAP: "10123", Phone: "0039 (011) 123-45.67", PECField: " mario@pec.example.it ",
	}
}

func keysOf(issues []Issue) (out []string) {
	for _, i := range issues {
		out = append(out, i.Field+"="+i.Key)
	}
	return out
}

func TestRead(t *testing.T) {
	typed := rossi()
	p, code, issues := Read(&typed, today)
	if len(issues) > 0 {
		t.Fatal(keysOf(issues))
	}
	if code != "RSSMRA80A01H501U" || p.BirthPlace != "H501" || p.HomePlace != "L219" || p.HomeAddress != "Via Po 1" || p.Phone != "+390111234567" ||
		p.PEC != "mario@pec.example.it" || p.FullName() != "Mario Rossi" || !p.Birth.Equal(time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("%q %+v", code, p)
	}
}

// codeOf is the code of the person who typed this.
func codeOf(t *testing.T, typed *Typed, place string) string {
	t.Helper()
	birth, ok := day(typed.Birth)
	if !ok {
		t.Fatal(typed.Birth)
	}
	code, err := codicefiscale.Compute(codicefiscale.Person{Surname: typed.Surname, Name: typed.Name, Sex: typed.Sex, Birth: birth, Place: place})
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// TestWhoIsWho: people whom a simpler check would turn away.
func TestWhoIsWho(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Typed)
		place  string
	}{
		"born abroad":        {func(t *Typed) { t.BirthPlace = "albania" }, "Z100"},
		"accents":            {func(t *Typed) { t.Surname, t.Name = "D’Alò", "Niccolò José" }, "H501"},
		"namesakes":          {func(t *Typed) { t.BirthPlace = "Samone" }, "H753"},
		"the other Samone":   {func(t *Typed) { t.BirthPlace = "Samone" }, "H754"},
		"a comune of before": {func(t *Typed) { t.BirthPlace = "Corigliano Calabro" }, "D005"},
		"home abroad":        {func(t *Typed) { t.HomePlace, t.HomeCAP = "France", "" }, "H501"},
		"a woman":            {func(t *Typed) { t.Sex = "F" }, "H501"},
	} {
		typed := rossi()
		c.change(&typed)
		typed.TaxCode = codeOf(t, &typed, c.place)
		p, _, issues := Read(&typed, today)
		if len(issues) > 0 || p.BirthPlace != c.place {
			t.Errorf("%s: %s, %v", name, p.BirthPlace, keysOf(issues))
		}
	}
}

func TestOmocodia(t *testing.T) {
	for n := 1; n <= 127; n++ {
		typed := rossi()
		code, err := codicefiscale.Omocode("RSSMRA80A01H501U", n)
		if err != nil {
			t.Fatal(err)
		}
		typed.TaxCode = code
		if _, got, issues := Read(&typed, today); len(issues) > 0 || got != code {
			t.Fatalf("variant %d, %s: %v", n, code, keysOf(issues))
		}
	}
}

func TestWhatDoesNotFit(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Typed)
		want   []codicefiscale.Part
	}{
		"surname": {func(t *Typed) { t.Surname = "Bianchi" }, []codicefiscale.Part{codicefiscale.Surname}},
		"swapped": {func(t *Typed) { t.Surname, t.Name = t.Name, t.Surname }, []codicefiscale.Part{codicefiscale.Surname, codicefiscale.Name}},
		"sex":     {func(t *Typed) { t.Sex = "F" }, []codicefiscale.Part{codicefiscale.Sex}},
		"birth":   {func(t *Typed) { t.Birth = "2/1/1980" }, []codicefiscale.Part{codicefiscale.BirthDate}},
		"place":   {func(t *Typed) { t.BirthPlace = "Milano" }, []codicefiscale.Part{codicefiscale.Place}},
		"omocodia": {func(t *Typed) {
			code, err := codicefiscale.Omocode("RSSMRA80A01H501U", 1)
			if err != nil {
				panic(err)
			}
			t.TaxCode, t.Surname = code, "Verdi"
		}, []codicefiscale.Part{codicefiscale.Surname}},
	} {
		typed := rossi()
		c.change(&typed)
		_, _, issues := Read(&typed, today)
		if len(issues) != 1 || issues[0].Field != FieldTaxCode || !slices.Equal(issues[0].Parts, c.want) {
			t.Errorf("%s: %+v", name, issues)
		}
	}
}

func TestIssuesOfFields(t *testing.T) {
	for want, change := range map[string]func(*Typed){
		"surname=missing":       func(t *Typed) { t.Surname = " " },
		"name=letters":          func(t *Typed) { t.Name = "Mar1o" },
		"surname=long":          func(t *Typed) { t.Surname = "Rossi" + strings.Repeat("i", 60) },
		"sex=choose":            func(t *Typed) { t.Sex = "X" },
		"birth=date":            func(t *Typed) { t.Birth = "31/02/1980" },
		"birth=minor":           func(t *Typed) { t.Birth = "11/1/2009" },
		"birth_place=noplace":   func(t *Typed) { t.BirthPlace = "Atlantide" },
		"birth_place=notyet":    func(t *Typed) { t.BirthPlace = "Corigliano-Rossano" },
		"tax_code=missing":      func(t *Typed) { t.TaxCode = "" },
		"tax_code=codelength":   func(t *Typed) { t.TaxCode = "RSSMRA80A01H501" },
		"tax_code=codecheck":    func(t *Typed) { t.TaxCode = "RSSMRA80A01H501A" },
		"tax_code=codeformat":   func(t *Typed) { t.TaxCode = "1SSMRA80A01H501U" },
		"home_place=missing":    func(t *Typed) { t.HomePlace = "" },
		"home_place=ambiguous":  func(t *Typed) { t.HomePlace = "Samone" },
		"home_place=nomore":     func(t *Typed) { t.HomePlace = "Corigliano Calabro" },
		"home_address=missing":  func(t *Typed) { t.HomeAddress = "\x00\u202e" },
		"home_cap=cap":          func(t *Typed) { t.HomeCAP = "1012" },
		"home_cap=missing":      func(t *Typed) { t.HomeCAP = "" },
		"phone=phone":           func(t *Typed) { t.Phone = "12345" },
		"pec=email":             func(t *Typed) { t.PECField = "mario" },
		"birth_place=ambiguous": func(t *Typed) { t.BirthPlace = "Samone" },
	} {
		typed := rossi()
		change(&typed)
		_, _, issues := Read(&typed, today)
		if got := keysOf(issues); !slices.Contains(got, want) || len(got) > 2 {
			t.Errorf("%v, want %s", got, want)
		}
	}
	// Eighteen today.
	typed := rossi()
	typed.Birth = "10/1/2009"
	typed.TaxCode = codeOf(t, &typed, "H501")
	if _, _, issues := Read(&typed, today); len(issues) > 0 {
		t.Error(keysOf(issues))
	}
	if _, _, issues := Read(&Typed{}, today); len(issues) != 9 {
		t.Errorf("an empty form: %v", keysOf(issues))
	}
}

// TestLettersAreComplete: every place holder is filled in, in both languages.
func TestLettersAreComplete(t *testing.T) {
	l, err := readLetters()
	if err != nil {
		t.Fatal(err)
	}
	s := &Service{Config: Config{Name: "Puntuale", PublicURL: "https://p.example"}, letters: l}
	for kind := range l {
		for _, lang := range []string{"it", "en"} {
			m := s.letter(kind, "a@example.it", "", lang, facts{link: "/x?token=t", email: "b@example.it"})
			if err := m.Check(); err != nil || strings.ContainsAny(m.Text+m.Subject, "{}") || strings.Contains(m.Text, "%") {
				t.Errorf("%s in %s: %v\n%s", kind, lang, err, m.Text)
			}
		}
	}
}
