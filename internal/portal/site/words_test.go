package site

import (
	"testing"
	"time"
)

func newFrame(t *testing.T) *Site {
	t.Helper()
	s, err := New(Config{PublicURL: "http://portal.example", Name: "Puntuale"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestArrivalIsCutNotRounded(t *testing.T) {
	s := newFrame(t)
	at := time.Date(2027, 1, 12, 8, 0, 0, 123456999, time.UTC)
	if got := s.Exact(&Visit{Lang: "it"}, at); got != "12/01/2027, ore 09:00:00,123456 (ora italiana, CET)" {
		t.Errorf("Italian: %s", got)
	}
	if got := s.ExactUTC(&Visit{Lang: "en"}, at); got != "2027-01-12 08:00:00.123456 UTC" {
		t.Errorf("English: %s", got)
	}
	for d, want := range map[time.Duration]string{0: "non misurato", 1_500_000: "± 1,500 ms"} {
		if got := s.Bound(&Visit{Lang: "it"}, d); got != want {
			t.Errorf("Bound(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestArrivalsAreShownToTheGranularityOfTheirDay(t *testing.T) {
	s := newFrame(t)
	at := time.Date(2027, 1, 12, 8, 0, 0, 123456000, time.UTC)
	for grain, want := range map[time.Duration]string{
		time.Microsecond: "09:00:00,123456", time.Millisecond: "09:00:00,123", 100 * time.Millisecond: "09:00:00,1", time.Second: "09:00:00",
	} {
		if got := s.ExactTo(&Visit{Lang: "it"}, at, grain); got != "12/01/2027, ore "+want+" (ora italiana, CET)" {
			t.Errorf("%v: %s", grain, got)
		}
	}
}

func TestTwoRoomsCannotSayTheSame(t *testing.T) {
	s := newFrame(t)
	room := Room{Name: "x", Texts: []byte(`{"x.title": {"it": "X", "en": "X"}}`)}
	if err := s.Add(room); err != nil {
		t.Fatal(err)
	}
	if err := s.Add(room); err == nil {
		t.Error("two texts of one key were taken in")
	}
}
