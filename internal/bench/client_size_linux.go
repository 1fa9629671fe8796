package bench

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"slices"

	"puntuale/internal/clickday"
	"puntuale/internal/client/link"
	"puntuale/internal/forms"
	"puntuale/internal/forms/sample"
	"puntuale/internal/wire"
)

// host is as long as a name of a real intake may well be.
const host = "intake-1.clickday.interno.gov.it:8443"

// samples are the generators of realistic answers, by model. A model without
// one is an error of RequestSizes, so that none is forgotten.
var samples = map[clickday.ModelCode]func(seed uint64) func() forms.Answers{
	"B": func(seed uint64) func() forms.Answers {
		r := sample.New(seed)
		return func() forms.Answers { return sample.ModelB(r, sample.Any) }
	},
}

// RequestSizes returns the sizes of n whole requests of a model, headers
// included, as the mini-client writes them; sorted.
func RequestSizes(m *forms.Model, n int) ([]int, error) {
	generator, ok := samples[m.Code]
	if !ok {
		return nil, fmt.Errorf("bench: there are no generated applications of model %s", m.Code)
	}
	public, device, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	next, dictionary, mac := generator(2026), m.Dictionary(), make([]byte, 32)
	sizes := make([]int, n)
	for i := range sizes {
		d := &forms.Document{
			Application: clickday.NewApplicationID(), Day: 3, Model: m.Code, ModelVersion: m.Version, SealVersion: 1, Answers: next(),
		}
		document, digest, err := forms.Freeze(d)
		if err != nil {
			return nil, err
		}
		frame, err := wire.Compress(document, dictionary)
		if err != nil {
			return nil, err
		}
		t := &wire.Ticket{
			KeyID: 1, Day: d.Day, Model: d.Model, ModelVersion: d.ModelVersion, Application: d.Application, SealVersion: 1,
			Digest: digest, Device: [32]byte(public), Account: clickday.AccountID(i + 1), IssuedAt: 1_800_000_000, NotAfter: 1_800_100_000,
		}
		envelope, err := wire.SealEnvelope(wire.SealTicket(t, mac), dictionary.ID, frame, device)
		if err != nil {
			return nil, err
		}
		sizes[i] = len(link.SubmitRequest(host, envelope))
	}
	slices.Sort(sizes)
	return sizes, nil
}
