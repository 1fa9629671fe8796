package loadrun

import (
	"math"
	"strconv"
	"strings"
	"time"

	"puntuale/internal/clickday"
)

// Number writes a figure for people with at most so many decimals: a comma
// before them in Italian, a point in English.
func Number(v float64, decimals int) clickday.Text {
	s := strconv.FormatFloat(v, 'f', decimals, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	if s == "-0" {
		s = "0"
	}
	return clickday.Text{IT: strings.Replace(s, ".", ",", 1), EN: s}
}

// Duration writes a time as a person would: 0.69 ms, 32 ms, 1.5 s, 10 min.
func Duration(d time.Duration) clickday.Text {
	ms := float64(d) / float64(time.Millisecond)
	n, unit := clickday.Text{}, ""
	switch a := math.Abs(ms); {
	case a < 10:
		n, unit = Number(ms, 2), " ms"
	case a < 1000:
		n, unit = Number(ms, 0), " ms"
	case a < 120_000:
		n, unit = Number(ms/1000, 1), " s"
	default:
		n, unit = Number(ms/60_000, 1), " min"
	}
	return clickday.Text{IT: n.IT + unit, EN: n.EN + unit}
}

// Grouped writes 12 345 with thin spaces, which both languages read.
func Grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	var out []string
	for len(s) > 3 && s[len(s)-4] != '-' {
		out = append([]string{s[len(s)-3:]}, out...)
		s = s[:len(s)-3]
	}
	return strings.Join(append([]string{s}, out...), "\u202f")
}
