package profile

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"puntuale/internal/clickday"
)

// UsualModels is the mix of models as far as a profile says nothing else: every
// one of the catalogue, mostly seasonal and subordinate work as in the decrees
// since 2020.
func UsualModels() map[clickday.ModelCode]float64 {
	return map[clickday.ModelCode]float64{
		"C-STAG-A": 0.34, "C-STAG-T": 0.16, "B2020": 0.24, "B": 0.06, "A-BIS": 0.08, "A": 0.06,
		"VA": 0.015, "VB": 0.015, "Z": 0.01, "LS": 0.01, "LS1": 0.005, "LS2": 0.005,
	}
}

// Draw gives every envelope a model, by their shares. It does not touch the rest
// of the plan; the same seed draws the same.
func (p *Plan) Draw(shares map[clickday.ModelCode]float64, seed uint64) {
	p.Models = slices.Sorted(maps.Keys(shares))
	total := 0.0
	for _, code := range p.Models {
		total += shares[code]
	}
	r := rand.New(rand.NewPCG(seed, 0x6d6f64656c73))
	p.Model = make([]uint8, len(p.Of))
	for i := range p.Model {
		left, at := r.Float64()*total, 0
		for at < len(p.Models)-1 && left >= shares[p.Models[at]] {
			left -= shares[p.Models[at]]
			at++
		}
		p.Model[i] = uint8(at)
	}
}

// Within returns the shares of those models that a click day takes. If it takes
// none of them, those that it takes come equally.
func Within(shares map[clickday.ModelCode]float64, taken []clickday.ModelCode) map[clickday.ModelCode]float64 {
	out, equal := map[clickday.ModelCode]float64{}, map[clickday.ModelCode]float64{}
	for _, code := range taken {
		equal[code] = 1
		if share, ok := shares[code]; ok {
			out[code] = share
		}
	}
	if len(out) == 0 {
		return equal
	}
	return out
}

// ModelCounts is how many envelopes are of each model.
func (p *Plan) ModelCounts() map[clickday.ModelCode]int {
	out := make(map[clickday.ModelCode]int, len(p.Models))
	for _, at := range p.Model {
		out[p.Models[at]]++
	}
	return out
}

// modelsMax is how many models a mix may name.
const modelsMax = 200

func checkModels(name string, shares map[clickday.ModelCode]float64) error {
	if len(shares) == 0 || len(shares) > modelsMax {
		return fmt.Errorf("profile %s: mix: models names %d: want 1 to %d", name, len(shares), modelsMax)
	}
	for code, share := range shares {
		if share <= 0 || code == "" {
			return fmt.Errorf("profile %s: mix: model %q has the share %g: want above 0; leave out what is not sent", name, code, share)
		}
	}
	return nil
}
