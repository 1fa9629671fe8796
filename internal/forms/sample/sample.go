// Package sample makes realistic valid answers for tests, demonstrations and
// load tests. The same random source gives the same answers; all people,
// companies and codes in them are invented.
package sample

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"puntuale/internal/codicefiscale"
	"puntuale/internal/forms"
)

// Kind says who the employer is.
type Kind string

// The kinds of employer.
const (
	Any     Kind = ""        // a company two times in three
	Person  Kind = "person"  // a person in their own name
	Company Kind = "company" // a company with its legal representative
)

// New returns a random source for a seed.
func New(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0x70756e7475616c65)) }

// ModelB returns answers to model B, version 1, that Model.Check finds nothing
// wrong with from 2026 to 2031 and that Model.Clean leaves as they are.
func ModelB(r *rand.Rand, kind Kind) forms.Answers {
	if kind == Any {
		kind = pick(r, Company, Company, Person)
	}
	a := make(forms.Answers, 80)
	a["employer_kind"] = string(kind)
	home := pick(r, towns...)
	if kind == Company {
		company(r, a, home)
	} else {
		private(r, a, home)
	}
	worker(r, a)
	contract(r, a)
	site := pick(r, home, home, pick(r, towns...))
	put(a, "workplace", address(r, site))
	housing(r, a, site)
	declarations(r, a, kind)
	return a
}

func company(r *rand.Rand, a forms.Answers, home town) {
	boss := person(r, a, "legal")
	name := pick(r, trades...) + " " + pick(r, boss.Surname, pick(r, firms...)) + pick(r, " S.r.l.", " S.r.l.", " S.p.A.", " S.n.c.", " Società cooperativa")
	code := companyCode(r)
	a["company_name"] = name
	a["company_tax_code"] = code
	a["company_vat"] = code
	a["company_inps"] = number(r, 10)
	a["company_rea_province"] = home.province
	a["company_rea_number"] = number(r, pick(r, 6, 6, 7))
	a["company_rea_date"] = day(r, 1985, 2023)
	put(a, "company", address(r, home))
	a["employer_pec"] = mailbox(name) + pick(r, "@pec.example", "@legalmail.example", "@pec.imprese.example")
}

func private(r *rand.Rand, a forms.Answers, home town) {
	p := person(r, a, "employer")
	a["employer_marital"] = marital(r)
	put(a, "employer", address(r, home))
	a["employer_document"] = pick(r, "id_card", "id_card", "passport", "licence")
	a["employer_document_number"] = "C" + capitals(r, 1) + number(r, 5) + capitals(r, 2)
	a["employer_document_issuer"] = "Comune di " + home.name
	a["employer_document_issued"] = day(r, 2022, 2025)
	a["employer_document_expires"] = day(r, 2032, 2035)
	a["employer_pec"] = mailbox(p.Name+" "+p.Surname) + pick(r, "@pec.example", "@legalmail.example")
}

// person answers the questions on an employer or a legal representative: one in
// five was born abroad.
func person(r *rand.Rand, a forms.Answers, prefix string) codicefiscale.Person {
	p := codicefiscale.Person{Surname: pick(r, italianSurnames...), Sex: pick(r, "M", "M", "F"), Birth: date(r, 1955, 1996)}
	citizen := "italian"
	if r.IntN(5) == 0 {
		c := pick(r, countries...)
		p.Surname, p.Name, p.Place = c.surname(r), c.name(r, p.Sex), c.code
		a[prefix+"_born_in"], a[prefix+"_birth_state"] = "abroad", c.code
		if citizen = pick(r, "italian", "other"); citizen == "other" {
			a[prefix+"_citizenship"] = c.code
			a[prefix+"_permit_number"] = "I" + number(r, 8)
			a[prefix+"_permit_reason"] = pick(r, "work", "family", "long_term")
			a[prefix+"_permit_expires"] = day(r, 2032, 2035)
		}
	} else {
		born := pick(r, towns...)
		p.Name, p.Place = italianName(r, p.Sex), born.code
		a[prefix+"_born_in"], a[prefix+"_birth_place"] = "italy", born.code
	}
	a[prefix+"_citizen"] = citizen
	a[prefix+"_surname"], a[prefix+"_name"], a[prefix+"_sex"] = p.Surname, p.Name, p.Sex
	a[prefix+"_birth_date"] = p.Birth.Format(time.DateOnly)
	a[prefix+"_tax_code"] = taxCode(r, p)
	return p
}

func worker(r *rand.Rand, a forms.Answers) {
	c := pick(r, countries...)
	p := codicefiscale.Person{Sex: pick(r, "M", "M", "M", "F"), Birth: date(r, 1966, 2006), Place: c.code}
	p.Surname, p.Name = c.surname(r), c.name(r, p.Sex)
	a["worker_surname"], a["worker_name"], a["worker_sex"] = p.Surname, p.Name, p.Sex
	a["worker_birth_date"] = p.Birth.Format(time.DateOnly)
	a["worker_birth_state"] = c.code
	a["worker_birth_city"] = pick(r, c.cities...)
	a["worker_citizenship"] = c.code
	a["worker_marital"] = marital(r)
	a["worker_has_tax_code"] = "no"
	if r.IntN(10) < 3 {
		a["worker_has_tax_code"] = "yes"
		a["worker_tax_code"] = taxCode(r, p)
	}
	a["worker_passport"] = pick(r, c.passports...) + number(r, 7)
	a["worker_passport_issuer"] = pick(r, c.issuers...)
	a["worker_passport_issued"] = day(r, 2022, 2025)
	a["worker_passport_expires"] = day(r, 2032, 2035)
	a["worker_state"] = c.code
	a["worker_city"] = pick(r, c.cities...)
	a["worker_address"] = pick(r, c.streets...) + " " + fmt.Sprint(1+r.IntN(240))
}

func contract(r *rand.Rand, a forms.Answers) {
	j := pick(r, jobs...)
	a["contract_sector"], a["contract_ccnl"] = j.sector, j.ccnl
	a["contract_task"], a["contract_level"] = pick(r, j.tasks...), pick(r, j.levels...)
	a["contract_kind"] = pick(r, "fixed", "fixed", "permanent")
	if a["contract_kind"] == "fixed" {
		a["contract_months"] = pick(r, "6", "9", "12", "12", "24")
	}
	a["contract_hours"] = pick(r, "20", "24", "30", "36", "40", "40", "40", "40")
	a["contract_pay"] = fmt.Sprintf("%d.%02d", 900+r.IntN(1400), pick(r, 0, 0, r.IntN(100)))
}

func housing(r *rand.Rand, a forms.Answers, site town) {
	a["housing_provider"] = pick(r, "employer", "employer", "worker", "other")
	if a["housing_provider"] == "employer" {
		a["housing_cost"] = pick(r, "free", "paid")
		if a["housing_cost"] == "paid" {
			a["housing_deduction"] = fmt.Sprintf("%d.00", 50+10*r.IntN(21)) // at most 250, the least pay is 900
		}
	}
	put(a, "housing", address(r, site))
	a["housing_title"] = pick(r, "rented", "rented", "owned", "lent", "hotel")
	a["housing_suitability"] = pick(r, "requested", "requested", "held")
	a["housing_suitability_date"] = day(r, 2024, 2025)
}

func declarations(r *rand.Rand, a forms.Answers, kind Kind) {
	if kind == Company {
		a["company_turnover"] = fmt.Sprintf("%d.%02d", 45000+r.IntN(4_000_000), r.IntN(100))
		a["company_staff"] = fmt.Sprint(r.IntN(60))
	} else {
		a["employer_income"] = fmt.Sprintf("%d.00", 30500+r.IntN(70000))
	}
	a["assessor"] = pick(r, "professional", "professional", "association")
	a["assessor_name"] = pick(r, associations...)
	if a["assessor"] == "professional" {
		a["assessor_name"] = pick(r, "Dott. ", "Dott.ssa ", "Rag. ", "Avv. ") + italianName(r, pick(r, "M", "F")) + " " + pick(r, italianSurnames...)
	}
	a["assessment_date"] = day(r, 2025, 2025)
	a["job_centre_date"] = day(r, 2025, 2025)
	for _, id := range []string{"declares_contract", "declares_return", "declares_changes", "declares_truth"} {
		a[id] = "yes"
	}
}

// put answers the three questions of an Italian address.
func put(a forms.Answers, prefix string, at location) {
	a[prefix+"_address"], a[prefix+"_place"], a[prefix+"_postcode"] = at.street, at.town.code, at.town.postcode
}

// taxCode is the code of p; one in fifty has omocodia.
func taxCode(r *rand.Rand, p codicefiscale.Person) string {
	code, err := codicefiscale.Compute(p)
	if err != nil {
		panic(err) // the lists below hold a place code that is none
	}
	if r.IntN(50) > 0 {
		return code
	}
	if code, err = codicefiscale.Omocode(code, 1+r.IntN(3)); err != nil {
		panic(err) // Compute has returned a code that Parse refuses
	}
	return code
}

func companyCode(r *rand.Rand) string {
	code := number(r, 7) + fmt.Sprintf("%03d", 1+r.IntN(100))
	digit, ok := codicefiscale.CompanyCheckDigit(code)
	if !ok {
		panic("sample: " + code + " is not ten digits")
	}
	return code + string(digit)
}

// mailbox turns "Edil Rossi S.r.l." into "edilrossisrl".
func mailbox(name string) string {
	return strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' {
			return c
		}
		return -1
	}, strings.ToLower(name))
}
