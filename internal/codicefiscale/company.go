package codicefiscale

// ValidProvisional reports whether s is a provisional tax code of a person: 11
// digits with their check digit. Such a code holds no personal data.
func ValidProvisional(s string) bool { return elevenDigits(s) }

// ValidCompany reports whether s is the tax code of a company or body, or a VAT
// number (partita IVA): 11 digits with their check digit.
func ValidCompany(s string) bool { return elevenDigits(s) }

// CompanyCheckDigit returns the eleventh digit for ten digits; false if s is
// anything else.
func CompanyCheckDigit(s string) (byte, bool) {
	if len(s) != 10 || !isDigits(s) {
		return 0, false
	}
	return '0' + byte((10-luhn(s)%10)%10), true
}

func elevenDigits(s string) bool {
	if len(s) != 11 || !isDigits(s) || s == "00000000000" {
		return false
	}
	want, _ := CompanyCheckDigit(s[:10])
	return s[10] == want
}

// luhn sums the digits, every second one doubled and cast out by nines.
func luhn(s string) int {
	sum := 0
	for i := range len(s) {
		d := int(s[i] - '0')
		if i%2 == 1 {
			d *= 2
			if d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
