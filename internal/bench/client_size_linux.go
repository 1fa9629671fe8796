package bench

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"slices"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/client/link"
	"puntuale/internal/forms"
	"puntuale/internal/forms/sample"
	"puntuale/internal/wire"
)

// host is as long as a name of a real intake may well be.
const host = "intake-1.clickday.interno.gov.it:8443"

// RequestSizes returns the sizes of n whole requests of a model, headers
// included, as the mini-client writes them; sorted. The answers are the same in
// every run.
func RequestSizes(m *forms.Model, n int) ([]int, error) {
	public, device, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	r, dictionary, mac := sample.New(2026), m.Dictionary(), make([]byte, 32)
	sizes := make([]int, n)
	for i := range sizes {
		d := &forms.Document{
			Application: clickday.NewApplicationID(), Day: 3, Model: m.Code, ModelVersion: m.Version, SealVersion: 1,
			Answers: sample.Of(r, m, sample.Any, time.Date(2027, 1, 12, 0, 0, 0, 0, time.UTC)),
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
