package parties_test

import (
	"errors"
	"testing"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/codicefiscale"
	"puntuale/internal/forms"
	"puntuale/internal/forms/sample"
	"puntuale/internal/parties"
)

// vat makes a number with a right check digit.
func vat(t *testing.T, ten string) string {
	t.Helper()
	d, ok := codicefiscale.CompanyCheckDigit(ten)
	if !ok {
		t.Fatalf("%q is not ten digits", ten)
	}
	return ten + string(d)
}

func TestVAT(t *testing.T) {
	for _, c := range []struct {
		in   string
		want error
	}{
		{"00743110157", nil}, // published numbers of large companies: Milan, Rome, Turin
		{"00905811006", nil},
		{"00488410010", nil},
		{vat(t, "1234567100"), nil}, {vat(t, "1234567120"), nil}, {vat(t, "1234567121"), nil}, {vat(t, "1234567888"), nil}, {vat(t, "1234567999"), nil},
		{vat(t, "1234567000"), parties.ErrVATOffice}, {vat(t, "1234567101"), parties.ErrVATOffice}, {vat(t, "1234567789"), parties.ErrVATOffice},
		{vat(t, "1234567122"), parties.ErrVATOffice},
		{"00743110158", parties.ErrVATCheck}, {"07043110157", parties.ErrVATCheck},
		{"", parties.ErrVATForm}, {"0074311015", parties.ErrVATForm}, {"007431101577", parties.ErrVATForm}, {"0074311O157", parties.ErrVATForm},
		{vat(t, "0000000010"), parties.ErrVATForm}, {"00743110１57", parties.ErrVATForm},
	} {
		if err := parties.CheckVAT(c.in); !errors.Is(err, c.want) {
			t.Errorf("CheckVAT(%q) = %v, want %v", c.in, err, c.want)
		}
	}
	if got := parties.CleanVAT(" it 007 43110157 "); got != "00743110157" {
		t.Errorf("CleanVAT = %q", got)
	}
}

func TestPlainIsTheSameForBothCodesOfAPerson(t *testing.T) {
	if got := parties.Plain(" abc 1 "); got != "ABC1" {
		t.Fatalf("%q: a code that is none is read as one", got)
	}
	plain := "RSSMRA80A01H501U"
	omocodia := ""
	for c := 'A'; c <= 'Z'; c++ { // the check character of RSSMRA80A01H50M
		if _, err := codicefiscale.Parse("RSSMRA80A01H50M" + string(c)); err == nil {
			omocodia = "RSSMRA80A01H50M" + string(c)
		}
	}
	if omocodia == "" || parties.Plain(omocodia) != plain || parties.Plain("tinit-"+plain) != plain {
		t.Errorf("%q and %q are not the same person", omocodia, plain)
	}
}

// TestEveryModelNamesWhomItIsFor: a model whose fields are named otherwise would
// let intermediaries seal without a mandate, or never.
func TestEveryModelNamesWhomItIsFor(t *testing.T) {
	models, err := forms.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range models.All() {
		for seed := range uint64(20) {
			kind := sample.Person
			if seed%2 == 1 {
				kind = sample.Company
			}
			a := m.Clean(sample.Of(sample.New(seed), m, kind, time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)))
			code := parties.ApplicantCode(a)
			if !parties.CheckOrganisationCode(code) {
				t.Fatalf("model %s: %q is whom it is for", m.Code, code)
			}
			if parties.ApplicantName(a) == "" {
				t.Errorf("model %s has no name of whom it is for", m.Code)
			}
			if employer, worker := m.SummaryOf(a); employer == "" && code != parties.Plain(a["worker_tax_code"]) ||
				employer != "" && code == parties.Plain(a["worker_tax_code"]) {
				t.Errorf("model %s: for %q (%s), of %q", m.Code, code, employer, worker)
			}
		}
	}
	if got := parties.ApplicantCode(nil) + parties.ApplicantName(nil); got != "" {
		t.Errorf("nobody is %q", got)
	}
}

func good() parties.Organisation {
	return parties.Organisation{
		Name: "Edil Rossi S.r.l.", Email: "info@edilrossi.example.it", TaxCode: "00743110157", VAT: "00743110157", Form: "srl", Street: "Via Roma 1",
		PlaceName: "Milano", Postcode: "20121", PEC: "edilrossi@pec.example.it", ChamberProvince: "mi", ChamberNumber: "123456", INPS: "49 01234567",
		LegalName: "Rossi Mario", LegalTaxCode: "rssmra80a01h501u",
	}
}

func TestOrganisation(t *testing.T) {
	o := good()
	o.Clean()
	if wrong := o.Check(); len(wrong) > 0 {
		t.Fatalf("good data are refused: %v", wrong)
	}
	if o.Place != "F205" || o.ChamberProvince != "MI" || o.INPS != "4901234567" || o.Seat() != "Via Roma 1, 20121 Milano (MI)" {
		t.Errorf("cleaned: %+v, %s", o, o.Seat())
	}
	for name, change := range map[string]func(*parties.Organisation){
		"name/name":                         func(o *parties.Organisation) { o.Name = " x\x00 " },
		"form/choose":                       func(o *parties.Organisation) { o.Form = "ltd" },
		"tax_code/tax_code":                 func(o *parties.Organisation) { o.TaxCode = "00743110158" },
		"vat/vat_missing":                   func(o *parties.Organisation) { o.VAT = "" },
		"vat/vat":                           func(o *parties.Organisation) { o.VAT = "123" },
		"vat/vat_check":                     func(o *parties.Organisation) { o.VAT = "00743110158" },
		"vat/vat_office":                    func(o *parties.Organisation) { o.VAT = "01234567897" },
		"street/street":                     func(o *parties.Organisation) { o.Street = "" },
		"place/place":                       func(o *parties.Organisation) { o.PlaceName = "Samone" }, // there are two
		"postcode/postcode":                 func(o *parties.Organisation) { o.Postcode = "2012" },
		"email/email":                       func(o *parties.Organisation) { o.Email = "Mario <m@example.it>" },
		"pec/pec":                           func(o *parties.Organisation) { o.PEC = "nessuna" },
		"trade/choose":                      func(o *parties.Organisation) { o.Trade, o.Register = "lawyer", "n. 1" },
		"register/register":                 func(o *parties.Organisation) { o.Trade = parties.Patronato },
		"chamber_province/chamber_province": func(o *parties.Organisation) { o.ChamberProvince = "XX" },
		"chamber_number/chamber_number":     func(o *parties.Organisation) { o.ChamberNumber = "12345678" },
		"inps/inps":                         func(o *parties.Organisation) { o.INPS = "1" },
		"legal_name/legal_name":             func(o *parties.Organisation) { o.LegalName = "" },
		"legal_tax_code/legal_tax_code":     func(o *parties.Organisation) { o.LegalTaxCode = "00743110157" },
	} {
		o := good()
		change(&o)
		o.Clean()
		wrong := o.Check()
		if len(wrong) != 1 || wrong[0].Field+"/"+wrong[0].Key != name {
			t.Errorf("%s: %v", name, wrong)
		}
	}
	o = good()
	o.Form, o.VAT, o.PlaceName = "association", "", "Samone (TN)"
	o.Clean()
	if wrong := o.Check(); len(wrong) > 0 {
		t.Errorf("an association without a VAT number: %v", wrong)
	}
}

var now = time.Date(2027, 1, 11, 10, 0, 0, 0, time.UTC)

func TestNobodyHandsOnMoreThanTheyHave(t *testing.T) {
	day := 24 * time.Hour
	manager := parties.Giver{Role: parties.Manager, MayDelegate: true, Until: now.Add(10 * day), Depth: 1, Delegation: 7}
	endless, silent, deep, personal := manager, manager, manager, parties.Giver{Role: parties.Owner, Personal: true}
	endless.Until, silent.MayDelegate, deep.Depth = time.Time{}, false, 3
	grant := func(r parties.Role, until time.Duration) *parties.Grant {
		g := &parties.Grant{Role: r}
		if until != 0 {
			g.Until = now.Add(until)
		}
		return g
	}
	for name, c := range map[string]struct {
		giver parties.Giver
		want  *parties.Grant
		err   error
	}{
		"owner to owner":             {parties.Giver{Role: parties.Owner}, grant(parties.Owner, 0), nil},
		"owner of oneself":           {personal, grant(parties.Owner, 0), parties.ErrRoleTooWide},
		"person to manager":          {personal, grant(parties.Manager, 0), nil},
		"owner, an end in the past":  {parties.Giver{Role: parties.Owner}, grant(parties.Operator, -day), parties.ErrOver},
		"owner, no role":             {parties.Giver{Role: parties.Owner}, grant("king", 0), parties.ErrRoleTooWide},
		"manager to operator":        {manager, grant(parties.Operator, 10*day), nil},
		"manager to manager":         {manager, grant(parties.Manager, day), nil},
		"manager to owner":           {manager, grant(parties.Owner, day), parties.ErrRoleTooWide},
		"manager, a moment too long": {manager, grant(parties.Operator, 10*day+1), parties.ErrTooLong},
		"manager, without an end":    {manager, grant(parties.Operator, 0), parties.ErrTooLong},
		"endless manager":            {endless, grant(parties.Operator, 0), nil},
		"manager without leave":      {silent, grant(parties.Operator, day), parties.ErrMayNotDelegate},
		"operator to manager":        {parties.Giver{Role: parties.Operator, MayDelegate: true, Depth: 1}, grant(parties.Manager, day), parties.ErrRoleTooWide},
		"three steps down":           {deep, grant(parties.Operator, day), parties.ErrTooDeep},
	} {
		if err := c.giver.Check(c.want, now); !errors.Is(err, c.err) {
			t.Errorf("%s: %v, want %v", name, err, c.err)
		}
	}
}

func TestRoles(t *testing.T) {
	for i, a := range parties.Roles() {
		for j, b := range parties.Roles() {
			if a.Covers(b) != (i <= j) {
				t.Errorf("%s covers %s: %v", a, b, a.Covers(b))
			}
		}
		if a.Covers("") || parties.Role("").Covers(a) || parties.Role("x").Covers("x") {
			t.Errorf("%s and no role", a)
		}
	}
}

func TestCover(t *testing.T) {
	const flussi, other clickday.DayID = 1, 2
	closes := now.Add(48 * time.Hour)
	m := func(s parties.MandateState, day clickday.DayID, from, until time.Duration) parties.Mandate {
		out := parties.Mandate{State: s, Day: day, From: now.Add(from)}
		if until != 0 {
			out.Until = now.Add(until)
		}
		return out
	}
	const h = time.Hour
	for name, c := range map[string]struct {
		list []parties.Mandate
		want string // kind of obstacle, empty for covered
	}{
		"none":                  {nil, parties.NoMandate},
		"granted for all":       {[]parties.Mandate{m(parties.Granted, 0, 0, 0)}, ""},
		"declared for the day":  {[]parties.Mandate{m(parties.Declared, flussi, -h, 48*h)}, ""},
		"ends with the day":     {[]parties.Mandate{m(parties.Granted, 0, -h, 48*h)}, ""},
		"ends a moment earlier": {[]parties.Mandate{m(parties.Granted, 0, -h, 48*h-1)}, parties.EndsEarly},
		"ends right now":        {[]parties.Mandate{{State: parties.Granted, From: now.Add(-h), Until: now}}, parties.Ended},
		"begins later":          {[]parties.Mandate{m(parties.Granted, 0, 1, 0)}, parties.NotYet},
		"another day":           {[]parties.Mandate{m(parties.Granted, other, -h, 0)}, parties.OtherDay},
		"asked":                 {[]parties.Mandate{m(parties.Asked, 0, -h, 0)}, parties.Unanswered},
		"refused":               {[]parties.Mandate{m(parties.MandateRefused, 0, -h, 0)}, parties.Declined},
		"revoked":               {[]parties.Mandate{m(parties.Revoked, 0, -h, 0)}, parties.Withdrawn},
		"the closest counts":    {[]parties.Mandate{m(parties.Revoked, 0, -h, 0), m(parties.Asked, 0, -h, 0), m(parties.MandateRefused, 0, -h, 0)}, parties.Unanswered},
		"one of several":        {[]parties.Mandate{m(parties.Revoked, 0, -h, 0), m(parties.Granted, other, -h, 0), m(parties.Granted, flussi, -h, 0)}, ""},
	} {
		got, missing := parties.Cover(c.list, flussi, now, closes)
		switch {
		case c.want == "" && (got == nil || missing != nil):
			t.Errorf("%s: %v", name, missing)
		case c.want != "" && (missing == nil || missing.Kind != c.want || got != nil || !errors.Is(missing, parties.ErrNoMandate)):
			t.Errorf("%s: %v, want %s", name, missing, c.want)
		}
	}
}
