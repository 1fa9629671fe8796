package client

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"

	"puntuale/internal/clickday"
	"puntuale/internal/client/portalapi"
	"puntuale/internal/client/store"
	"puntuale/internal/wire"
)

// builder makes envelopes out of what the portal lists.
type builder struct {
	key          ed25519.PrivateKey
	dictionaries map[uint32]wire.Dictionary
	dec          *wire.Decompressor
	decErr       error
}

func newBuilder(models []portalapi.Model, key ed25519.PrivateKey) *builder {
	b := &builder{key: key, dictionaries: map[uint32]wire.Dictionary{0: {}}}
	all := make([]wire.Dictionary, 0, len(models))
	for _, m := range models {
		d := wire.Dictionary{ID: m.DictionaryID, Content: m.Dictionary}
		if _, twice := b.dictionaries[d.ID]; !twice {
			b.dictionaries[d.ID] = d
			all = append(all, d)
		}
	}
	b.dec, b.decErr = wire.NewDecompressor(all...)
	return b
}

func (b *builder) close() {
	if b.decErr == nil {
		b.dec.Close()
	}
}

// errData means that what the portal sent does not hold together.
var errData = errors.New("the portal's data do not hold together")

// build checks one application and seals its envelope.
func (b *builder) build(a *portalapi.Application) (store.Record, error) {
	t, err := wire.ParseTicket(a.Ticket)
	if err != nil {
		return store.Record{}, fmt.Errorf("ticket: %w", err)
	}
	if err := b.check(a, &t); err != nil {
		return store.Record{}, err
	}
	envelope, err := b.seal(a)
	if err != nil {
		return store.Record{}, err
	}
	return store.Record{
		Application: a.ID, Day: t.Day, Model: t.Model, ModelVersion: t.ModelVersion, SealVersion: t.SealVersion,
		Employer: a.Employer, Worker: a.Worker, Envelope: envelope,
		Submission: wire.IDOf(envelope).String(), State: store.Prepared,
	}, nil
}

// check compares the ticket with the document, the application and this device.
func (b *builder) check(a *portalapi.Application, t *wire.Ticket) error {
	digest := clickday.Digest(sha256.Sum256(a.Document))
	switch {
	case t.Digest != digest || a.Digest != digest.String():
		return fmt.Errorf("%w: digest of the document", errData)
	case t.Application.String() != a.ID:
		return fmt.Errorf("%w: the ticket is for application %s", errData, t.Application)
	case t.Day != a.ClickDay || t.Model != a.Model || t.ModelVersion != a.ModelVersion || t.SealVersion != a.SealVersion:
		return fmt.Errorf("%w: click day, model or seal of the ticket", errData)
	case !bytes.Equal(t.Device[:], b.key.Public().(ed25519.PublicKey)):
		return fmt.Errorf("%w: the ticket is for another device", errData)
	}
	return nil
}

func (b *builder) seal(a *portalapi.Application) ([]byte, error) {
	d, ok := b.dictionaries[a.DictionaryID]
	if !ok {
		return nil, fmt.Errorf("%w: dictionary %d", errData, a.DictionaryID)
	}
	compressed, err := wire.Compress(a.Document, d)
	if err != nil {
		return nil, err
	}
	if b.decErr != nil {
		return nil, b.decErr
	}
	// There is no second chance at the opening: what was packed must unpack.
	if back, err := b.dec.Decompress(compressed); err != nil || !bytes.Equal(back, a.Document) {
		return nil, fmt.Errorf("compressed document does not unpack: %w", errors.Join(errData, err))
	}
	return wire.SealEnvelope(a.Ticket, d.ID, compressed, b.key)
}
