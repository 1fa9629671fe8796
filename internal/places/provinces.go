package places

import (
	"encoding/csv"
	"slices"
	"strings"
	"sync"
)

// ProvinceInfo is a province or metropolitan city of today.
type ProvinceInfo struct {
	Code string // "NA"
	Name string // "Napoli"
}

// Province returns the province with that code, "NA".
func Province(code string) (ProvinceInfo, bool) {
	for _, p := range provinces() {
		if p.Code == code {
			return p, true
		}
	}
	return ProvinceInfo{}, false
}

// ProvinceNamed returns the province with that name, whatever its case and
// accents.
func ProvinceNamed(name string) (ProvinceInfo, bool) {
	key := fold(name)
	for _, p := range provinces() {
		if fold(p.Name) == key {
			return p, true
		}
	}
	return ProvinceInfo{}, false
}

// Provinces returns the provinces of today, by name.
func Provinces() []ProvinceInfo { return slices.Clone(provinces()) }

func provinces() []ProvinceInfo {
	if p := data().provinces; p != nil {
		return p
	}
	return embeddedProvinces()
}

// embeddedProvinces reads the list once. It panics if the embedded list is broken,
// which the tests rule out.
var embeddedProvinces = sync.OnceValue(func() []ProvinceInfo {
	records, err := csv.NewReader(strings.NewReader(provincesCSV)).ReadAll()
	if err != nil {
		panic(err)
	}
	out := make([]ProvinceInfo, len(records))
	for i, r := range records {
		out[i] = ProvinceInfo{Code: r[0], Name: r[1]}
	}
	sortProvinces(out)
	return out
})

func sortProvinces(p []ProvinceInfo) {
	slices.SortFunc(p, func(a, b ProvinceInfo) int { return strings.Compare(fold(a.Name), fold(b.Name)) })
}
