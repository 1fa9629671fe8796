package intake

import (
	"bytes"
	"crypto/ed25519"
	"runtime"
	"testing"

	"puntuale/internal/batch"
	"puntuale/internal/clickday"
	"puntuale/internal/journal"
	"puntuale/internal/wire"
)

// A document that would swell to half a gigabyte is nothing to the intake: bytes,
// stored and acknowledged as they are. Opening them is the worker's.
func TestSwellingDocumentsAreOnlyBytesHere(t *testing.T) {
	const count = 50
	block := []byte{0x02, 0x00, 0x10, 'x'} // 128 KiB of one byte
	bomb := append([]byte{0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0x20, 0, 0, 0, 0}, bytes.Repeat(block, 3900)...)
	var all [][]byte
	for range count {
		tk := wire.Ticket{
			KeyID: 1, Day: dayOpen, Model: "B", ModelVersion: 1, Application: clickday.NewApplicationID(), SealVersion: 1,
			Device: [32]byte(deviceKey.Public().(ed25519.PublicKey)), Account: 1,
			IssuedAt: wall.Now().Unix(), NotAfter: wall.Now().Unix() + 3600,
		}
		env, err := wire.SealEnvelope(wire.SealTicket(&tk, macKey), 0, bomb, deviceKey)
		must(t, err)
		all = append(all, env)
	}
	w := openWith(t, false, func(*Config) {})
	w.accepted(envelopeFor(t, dayOpen)) // what is made once is made
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, env := range all {
		w.accepted(env)
	}
	runtime.ReadMemStats(&after)
	if per := (after.TotalAlloc - before.TotalAlloc) / count; per > 1<<20 {
		t.Errorf("%d bytes of memory for one", per)
	}
	w.stop()
	found := 0
	_, err := journal.Scan(w.dir+"/journal", nodePublic, func(f *batch.Frame) error {
		for i := range f.Records {
			if found < count && bytes.Equal(f.Records[i].Envelope, all[found]) {
				found++
			}
		}
		return nil
	})
	must(t, err)
	if found != count {
		t.Fatalf("%d of %d stored as they came", found, count)
	}
}
