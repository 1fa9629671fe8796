//go:build unix

package receipt_test

import (
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"puntuale/internal/clock"
	"puntuale/internal/keys"
	"puntuale/internal/pades"
	"puntuale/internal/receipt"
)

// maxSize is what a sealed receipt may weigh, in bytes.
const maxSize = 40_000

func newSeal(t testing.TB, d *receipt.Data) *pades.Seal {
	t.Helper()
	dir := t.TempDir()
	if err := keys.InitSeal(clock.NewFake(d.Issued), dir, d.Body); err != nil {
		t.Fatal(err)
	}
	seal, err := pades.Load(filepath.Join(dir, keys.SealKeyFile), filepath.Join(dir, keys.SealCertFile))
	if err != nil {
		t.Fatal(err)
	}
	return seal
}

func TestSize(t *testing.T) {
	for _, worker := range []string{"Hoxha Arbër", "Nguyễn Thị Thu Hường"} {
		d := sample()
		d.Worker = worker
		sealed, err := newSeal(t, d).Sign(render(t, d), d.Issued)
		if err != nil {
			t.Fatal(err)
		}
		if len(sealed) > maxSize {
			t.Errorf("the receipt of %s has %d bytes, at most %d are allowed", worker, len(sealed), maxSize)
		}
	}
}

// BenchmarkReceipt makes sealed receipts, as intake work does, and reports
// processor time too, which other load on the machine does not change.
func BenchmarkReceipt(b *testing.B) {
	for _, bm := range []struct{ name, worker string }{{"Italian", "Rossi Niccolò"}, {"Albanian", "Hoxha Arbër"}, {"Vietnamese", "Nguyễn Thị Thu Hường"}} {
		b.Run(bm.name, func(b *testing.B) {
			d := sample()
			d.Worker = bm.worker
			seal := newSeal(b, d)
			var size int
			start := processorTime(b)
			for b.Loop() {
				pdf, err := receipt.Render(d)
				if err != nil {
					b.Fatal(err)
				}
				sealed, err := seal.Sign(pdf, d.Issued)
				if err != nil {
					b.Fatal(err)
				}
				size = len(sealed)
			}
			spent := processorTime(b) - start
			b.ReportMetric(float64(b.N)/spent.Seconds(), "receipts/core-s")
			b.ReportMetric(float64(size), "bytes")
		})
	}
}

func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
