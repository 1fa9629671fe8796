package redisqueue

import (
	"math"
	"strconv"
	"testing"

	"puntuale/internal/queue"
)

// decimal returns the number that a text is read as, written again, so that "+7"
// and "007" compare equal to 7.
func decimal(t *testing.T, text string) string {
	t.Helper()
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return strconv.FormatInt(n, 10)
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%q was accepted as a number", text)
	}
	return strconv.FormatUint(n, 10)
}

// FuzzMark reads marks and requests: nothing that is not three, or two, decimal
// numbers in range is taken for one.
func FuzzMark(f *testing.F) {
	f.Add("1900000000000000000", "18446744073709551615", "7")
	f.Add("-9223372036854775808", "0", "0")
	f.Add("9223372036854775808", "1", "1")
	f.Add("1", "-1", "1")
	f.Add("1", "1", "18446744073709551616")
	f.Add("", "", "")
	f.Add("1e9", " 1", "0x1")
	f.Add("1_000", "1", "1")
	f.Fuzz(func(t *testing.T, watermark, journal, batch string) {
		fields := map[string]string{"watermark": watermark, "journal": journal, "batch": batch}
		m, err := parseMark(fields)
		if err == nil {
			for text, got := range map[string]string{
				watermark: strconv.FormatInt(m.Watermark, 10), journal: strconv.FormatUint(m.Journal, 10), batch: strconv.FormatUint(m.LastBatch, 10),
			} {
				if decimal(t, text) != got {
					t.Fatalf("%q read as %s", text, got)
				}
			}
		} else if m != (queue.Mark{}) {
			t.Fatalf("%+v beside %v", m, err)
		}
		r, rerr := parseReplay(fields)
		if err == nil && (rerr != nil || r != (queue.Replay{Journal: m.Journal, Batch: m.LastBatch})) {
			t.Fatalf("request %+v, %v, mark %+v", r, rerr, m)
		}
		delete(fields, "batch")
		if _, err := parseReplay(fields); err == nil {
			t.Fatal("a request without a batch")
		}
	})
}

// FuzzPosition reads positions: what is accepted is written as an equal one, and
// what follows it comes after it.
func FuzzPosition(f *testing.F) {
	for _, s := range []string{"0-0", "1732240000000-3", "18446744073709551615-18446744073709551615", "5-18446744073709551615", "-", "1", "1-2-3", "-1-0", "+1-1", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parsePosition(s)
		if err != nil {
			return
		}
		if again, err := parsePosition(p.String()); err != nil || again != p {
			t.Fatalf("%q read as %v, then as %v, %v", s, p, again, err)
		}
		if last := (position{math.MaxUint64, math.MaxUint64}); p != last && !p.before(p.next()) {
			t.Fatalf("%v is not before %v", p, p.next())
		}
	})
}
