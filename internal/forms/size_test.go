package forms_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"puntuale/internal/clickday"
	"puntuale/internal/forms"
	"puntuale/internal/forms/sample"
	"puntuale/internal/wire"
)

// segment is the payload of one TCP segment on an Ethernet path with some room
// for tunnels: design.md wants a request to fit into it.
const segment = 1400

// headers are those of the mini-client, with a long host name.
const headers = "POST /v1/s HTTP/1.1\r\nHost: intake-1.clickday.interno.gov.it:8443\r\nUser-Agent: puntuale/1.0.0\r\n" +
	"Content-Type: application/vnd.puntuale.envelope\r\nContent-Length: 1024\r\n\r\n"

// seal makes the n-th document and its envelope the way portal and mini-client do.
func seal(t testing.TB, n uint64, a forms.Answers, d wire.Dictionary) (document, compressed, envelope []byte) {
	t.Helper()
	seed := make([]byte, 32)
	binary.BigEndian.PutUint64(seed, n)
	id := sha256.Sum256(seed)
	doc := &forms.Document{Day: 3, Model: "B", ModelVersion: 1, SealVersion: 1 + uint32(n%3), Answers: a}
	copy(doc.Application[:], id[:])
	document, digest, err := forms.Freeze(doc)
	if err != nil {
		t.Fatal(err)
	}
	compressed, err = wire.Compress(document, d)
	if err != nil {
		t.Fatal(err)
	}
	device := ed25519.NewKeyFromSeed(id[:])
	ticket := &wire.Ticket{
		KeyID: 1, Day: doc.Day, Model: doc.Model, ModelVersion: doc.ModelVersion, Application: doc.Application,
		SealVersion: doc.SealVersion, Digest: digest, Account: clickday.AccountID(n), IssuedAt: 1_800_000_000, NotAfter: 1_800_100_000,
	}
	copy(ticket.Device[:], device.Public().(ed25519.PublicKey))
	envelope, err = wire.SealEnvelope(wire.SealTicket(ticket, id[:]), d.ID, compressed, device)
	if err != nil {
		t.Fatal(err)
	}
	return document, compressed, envelope
}

func TestRequestsFitOneSegment(t *testing.T) {
	m := modelB(t)
	d := m.Dictionary()
	dec, err := wire.NewDecompressor(d)
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Close()
	const n = 1000
	var all [][]byte
	var documents, withDictionary, requests []int
	r := sample.New(2026)
	for i := range uint64(n) {
		document, compressed, envelope := seal(t, i, sample.ModelB(r, sample.Any), d)
		back, err := dec.Decompress(compressed)
		if err != nil || !slices.Equal(back, document) {
			t.Fatalf("document %d does not come back: %v", i, err)
		}
		all = append(all, document)
		documents = append(documents, len(document))
		withDictionary = append(withDictionary, len(compressed))
		requests = append(requests, len(headers)+len(envelope))
	}
	plain := withoutDictionary(t, all)
	t.Logf("dictionary %d bytes, headers %d", len(d.Content), len(headers))
	t.Log("bytes                    p50    p99    max")
	for _, row := range []struct {
		name  string
		sizes []int
	}{{"canonical document", documents}, {"zstd, no dictionary", plain}, {"zstd, dictionary", withDictionary}, {"request with headers", requests}} {
		slices.Sort(row.sizes)
		t.Log(fmt.Sprintf("%-22s %5d  %5d  %5d", row.name, row.sizes[n/2], row.sizes[n*99/100], row.sizes[n-1]))
	}
	if p99 := requests[n*99/100]; p99 > segment {
		t.Errorf("99 %% of the requests have up to %d bytes, want at most %d", p99, segment)
	}
	if withDictionary[n/2] > plain[n/2]*3/4 {
		t.Errorf("the dictionary saves less than a quarter: %d against %d bytes", withDictionary[n/2], plain[n/2])
	}
}

func withoutDictionary(t *testing.T, documents [][]byte) []int {
	t.Helper()
	var sizes []int
	for _, document := range documents {
		b, err := wire.Compress(document, wire.Dictionary{})
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, len(b))
	}
	return sizes
}
