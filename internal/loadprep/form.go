package loadprep

import (
	"encoding/json"
	"fmt"
	"slices"

	"puntuale/internal/clickday"
	"puntuale/internal/forms"
	"puntuale/internal/forms/sample"
	"puntuale/internal/loadrun"
	"puntuale/internal/wire"
)

// form is one model with answers to it.
type form struct {
	model      *forms.Model
	dictionary wire.Dictionary
	answers    []forms.Answers
	texts      [][]byte // JSON of them
	sizes      []uint16 // of the envelopes that were made
}

// newForm answers the newest version of a model, as sealable today, for so many
// envelopes.
func newForm(k *Kit, code clickday.ModelCode, envelopes int) (*form, error) {
	m, ok := k.Models.Newest(code)
	if !ok {
		return nil, fmt.Errorf("loadprep: the mix names model %s, which the catalogue does not have", code)
	}
	f := &form{model: m, dictionary: m.Dictionary()}
	r := sample.New(k.Seed)
	for range min(variety, envelopes) {
		a := m.Clean(sample.Of(r, m, sample.Any, k.Now))
		text, err := json.Marshal(a)
		if err != nil {
			return nil, fmt.Errorf("loadprep: %w", err)
		}
		f.answers, f.texts = append(f.answers, a), append(f.texts, text)
	}
	return f, nil
}

// byModel orders envelopes so that those of one model are made one after the
// other: a compressor takes longer to be made than many documents to be packed.
func (m *maker) byModel(from, to int) []int {
	out := make([]int, 0, to-from)
	for i := from; i < to; i++ {
		out = append(out, i)
	}
	slices.SortStableFunc(out, func(a, b int) int { return int(m.plan.Model[a]) - int(m.plan.Model[b]) })
	return out
}

// counts tells how many envelopes there are of each model, and how large.
func (m *maker) counts() []loadrun.ModelCount {
	var out []loadrun.ModelCount
	for _, f := range m.forms {
		n := len(f.sizes)
		if n == 0 {
			continue
		}
		slices.Sort(f.sizes)
		out = append(out, loadrun.ModelCount{Code: f.model.Code, Version: f.model.Version, Title: f.model.Title, Envelopes: n,
			Smallest: int(f.sizes[0]), Median: int(f.sizes[n/2]), Largest: int(f.sizes[n-1])})
	}
	return out
}
