package protocolregister_test

import (
	"fmt"
	"testing"
	"time"

	"puntuale/internal/clock"
	"puntuale/internal/protocolregister"
)

// BenchmarkDailyRegister makes the files of one volume, 10,000 registrations;
// a day of 325,000 takes 33 times as long.
func BenchmarkDailyRegister(b *testing.B) {
	s, _ := seal(b)
	d := protocolregister.Daily{Body: body(), Day: "2026-11-22", Spans: []protocolregister.Span{{Register: "B-2026", First: 1, Last: 10_000}}}
	for i := range 10_000 {
		d.Entries = append(d.Entries, protocolregister.Entry{
			Register: "B-2026", Number: int64(i + 1), Presented: opened.Add(time.Duration(i) * time.Microsecond), Registered: opened,
			Sender: fmt.Sprintf("Nguyễn Thị Đức %d", i), Subject: protocolregister.SubjectOf("B", "B-2026"), Digest: make([]byte, 32),
		})
	}
	at := clock.System{}.Now()
	for b.Loop() {
		files, err := d.Files(s, at)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(files[1].Content))/1024, "KiB/volume")
	}
}
