package forms_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
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
func seal(t testing.TB, n uint64, m *forms.Model, a forms.Answers, d wire.Dictionary) (document, compressed, envelope []byte) {
	t.Helper()
	seed := make([]byte, 32)
	binary.BigEndian.PutUint64(seed, n)
	id := sha256.Sum256(seed)
	doc := &forms.Document{Day: 3, Model: m.Code, ModelVersion: m.Version, SealVersion: 1 + uint32(n%3), Answers: a}
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

// sizes are those of n generated applications in each of their forms, sorted.
type sizes struct{ document, compressed, request []int }

func measure(t testing.TB, m *forms.Model, n uint64) sizes {
	t.Helper()
	var s sizes
	d := m.Dictionary()
	dec, err := wire.NewDecompressor(d)
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Close()
	r := sample.New(2026)
	for i := range n {
		document, compressed, envelope := seal(t, i, m, sample.Of(r, m, sample.Any, today), d)
		back, err := dec.Decompress(compressed)
		if err != nil || !slices.Equal(back, document) {
			t.Fatalf("document %d does not come back: %v", i, err)
		}
		s.document = append(s.document, len(document))
		s.compressed = append(s.compressed, len(compressed))
		s.request = append(s.request, len(headers)+len(envelope))
	}
	for _, list := range [][]int{s.document, s.compressed, s.request} {
		slices.Sort(list)
	}
	return s
}

// TestRequestsFitOneSegment: the target is 99 % of 1,000; the benchmarks take
// that many, compressing is slow under the race detector.
func TestRequestsFitOneSegment(t *testing.T) {
	const n = 100
	everyModel(t, func(t *testing.T, m *forms.Model) {
		s := measure(t, m, n)
		t.Logf("document %d to %d bytes, request %d to %d", s.document[0], s.document[n-1], s.request[0], s.request[n-1])
		if s.request[n-1] > segment {
			t.Errorf("a request has %d bytes, want at most %d", s.request[n-1], segment)
		}
	})
}

func TestTheDictionaryPays(t *testing.T) {
	everyModel(t, func(t *testing.T, m *forms.Model) {
		for i, a := range samples(m, 2026, 5) {
			_, with, _ := seal(t, uint64(i), m, a, m.Dictionary())
			_, without, _ := seal(t, uint64(i), m, a, wire.Dictionary{})
			if len(with) > len(without)*3/4 {
				t.Errorf("it saves less than a quarter: %d against %d bytes", len(with), len(without))
			}
		}
	})
}

// BenchmarkRequestSize prints the figures of docs/models.md:
//
//	go test -run '^$' -bench RequestSize -benchtime 1x ./internal/forms
func BenchmarkRequestSize(b *testing.B) {
	const n = 1000
	for _, m := range mustLoad(b).All() {
		b.Run(string(m.Code), func(b *testing.B) {
			for b.Loop() {
				s := measure(b, m, n)
				for name, list := range map[string][]int{"document": s.document, "zstd": s.compressed, "request": s.request} {
					b.ReportMetric(float64(list[n/2]), name+"-B-p50")
					b.ReportMetric(float64(list[n*99/100]), name+"-B-p99")
					b.ReportMetric(float64(list[n-1]), name+"-B-max")
				}
			}
		})
	}
}
