package parties

import (
	"errors"
	"strconv"
	"strings"

	"puntuale/internal/codicefiscale"
)

// Why a VAT number was refused; compare with errors.Is.
var (
	ErrVATForm   = errors.New("parties: a VAT number has 11 digits")
	ErrVATCheck  = errors.New("parties: check digit of the VAT number does not match")
	ErrVATOffice = errors.New("parties: no revenue office has the code in the VAT number")
)

// CleanVAT takes spaces and the country's letters from a VAT number.
func CleanVAT(s string) string {
	s = strings.ToUpper(strings.Join(strings.Fields(s), ""))
	return strings.TrimPrefix(s, "IT")
}

// CheckVAT checks an Italian VAT number (partita IVA): seven digits of the
// taxpayer, not all 0; three of the office that gave it out; a check digit.
func CheckVAT(s string) error {
	if len(s) != 11 || strings.Trim(s, "0123456789") != "" || s[:7] == "0000000" {
		return ErrVATForm
	}
	if !codicefiscale.ValidCompany(s) {
		return ErrVATCheck
	}
	office, err := strconv.Atoi(s[7:10])
	if err != nil {
		return ErrVATForm
	}
	switch {
	case office >= 1 && office <= 100, office == 120, office == 121, office == 888, office == 999:
		return nil
	}
	return ErrVATOffice
}

// CheckOrganisationCode reports whether s can be the tax code of an
// organisation: 11 digits, or the 16 characters of a sole trader.
func CheckOrganisationCode(s string) bool {
	if codicefiscale.ValidCompany(s) {
		return true
	}
	_, err := codicefiscale.Parse(s)
	return err == nil
}

// Plain is how tax codes are compared: normalised, and without omocodia, so
// that both codes of one person are the same. What is no code is left as it is.
func Plain(code string) string {
	code = codicefiscale.Normalize(code)
	if c, err := codicefiscale.Parse(code); err == nil {
		return c.Plain()
	}
	return code
}

// Every model names the tax codes so.
const (
	companyField  = "company_tax_code"
	employerField = "employer_tax_code"
	workerField   = "worker_tax_code"
)

// ApplicantCode is the tax code of whom an application is made for, in the form
// that codes are compared in: of the employer, company or person, and of the
// worker where people apply for themselves. Empty while it is not filled in.
func ApplicantCode(answers map[string]string) string {
	for _, field := range []string{companyField, employerField, workerField} {
		if answers[field] != "" {
			return Plain(answers[field])
		}
	}
	return ""
}

// nameFields are the names that go with the codes.
var nameFields = [][]string{{"company_name"}, {"employer_surname", "employer_name"}, {"worker_surname", "worker_name"}}

// ApplicantName is how whom an application is made for is called.
func ApplicantName(answers map[string]string) string {
	for i, field := range []string{companyField, employerField, workerField} {
		if answers[field] == "" {
			continue
		}
		var parts []string
		for _, f := range nameFields[i] {
			if answers[f] != "" {
				parts = append(parts, answers[f])
			}
		}
		return strings.Join(parts, " ")
	}
	return ""
}
