package loadrun

import (
	"testing"
	"time"

	"puntuale/internal/clickday"
)

func TestFiguresAreWrittenForPeople(t *testing.T) {
	for d, want := range map[time.Duration]clickday.Text{
		690 * time.Microsecond: {IT: "0,69 ms", EN: "0.69 ms"}, 32*time.Millisecond + 140*time.Microsecond: {IT: "32 ms", EN: "32 ms"},
		-1500 * time.Millisecond: {IT: "-1,5 s", EN: "-1.5 s"}, 2 * time.Second: {IT: "2 s", EN: "2 s"}, 10 * time.Minute: {IT: "10 min", EN: "10 min"}, 0: {IT: "0 ms", EN: "0 ms"},
	} {
		if got := Duration(d); got != want {
			t.Errorf("%s: %+v, want %+v", d, got, want)
		}
	}
	for n, want := range map[int64]string{0: "0", 999: "999", 1318: "1\u202f318", 1234567: "1\u202f234\u202f567", -999: "-999", -1000: "-1\u202f000"} {
		if got := Grouped(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}
