package receipt

import (
	"testing"
	"time"
)

func TestTimesAsPrinted(t *testing.T) {
	winter := time.Date(2026, 2, 12, 8, 0, 0, 123456999, time.UTC)
	summer := time.Date(2026, 7, 1, 22, 59, 59, 999999999, time.UTC)
	tests := []struct{ got, want string }{
		{romeTime(winter), "12/02/2026 09:00:00,123456 (CET, UTC+01:00)"},
		{utcTime(winter), "12/02/2026 08:00:00,123456"},
		{longDate(winter), "giovedì 12 febbraio 2026"},
		// A rounded time would lie in the next day.
		{romeTime(summer), "02/07/2026 00:59:59,999999 (CEST, UTC+02:00)"},
		{utcTime(summer), "01/07/2026 22:59:59,999999"},
		{longDate(summer), "giovedì 2 luglio 2026"},
		{dateAndTime(summer), "02/07/2026 alle ore 00:59:59"},
		{longDate(time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)), "domenica 1 novembre 2026"},
		{micros(time.Date(2026, 2, 12, 9, 5, 7, 42000, time.UTC)), "09:05:07,000042"},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}

func TestBoundIsNeverUnderstated(t *testing.T) {
	tests := []struct {
		d    time.Duration
		want string
	}{
		{0, "non misurata"},
		{-time.Second, "non misurata"},
		{time.Nanosecond, "± 0,001 ms"},
		{250 * time.Microsecond, "± 0,250 ms"},
		{250*time.Microsecond + 1, "± 0,251 ms"},
		{12345 * time.Microsecond, "± 12,345 ms"},
		{time.Second, "± 1,000 s"},
		{time.Second + 1, "± 1,001 s"},
		{2 * time.Hour, "± 7.200,000 s"},
	}
	for _, tt := range tests {
		if got := bound(tt.d); got != tt.want {
			t.Errorf("bound of %v: got %q, want %q", tt.d, got, tt.want)
		}
	}
}

func TestGrouped(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 7: "7", 999: "999", 1000: "1.000", 325000: "325.000", 1770883200123456789: "1.770.883.200.123.456.789"} {
		if got := grouped(n); got != want {
			t.Errorf("grouped(%d) = %q, want %q", n, got, want)
		}
	}
}
