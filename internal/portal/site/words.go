package site

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Say is for texts in Go code; every key that code names is tested.
func (s *Site) Say(v *Visit, key string, args ...any) string {
	text, err := s.texts.Say(v.Lang, key, args...)
	if err != nil {
		panic(err)
	}
	return text
}

// Minute writes an instant as "22/11/2026, 09:00 (ora italiana)".
func (s *Site) Minute(v *Visit, t time.Time) string {
	return s.Say(v, "time.minute", t.In(s.rome).Format("02/01/2006"), t.In(s.rome).Format("15:04"))
}

// Second writes an instant with its seconds.
func (s *Site) Second(v *Visit, t time.Time) string {
	return s.Say(v, "time.minute", t.In(s.rome).Format("02/01/2006"), t.In(s.rome).Format("15:04:05"))
}

// Exact writes an arrival to the microsecond in Italian time.
func (s *Site) Exact(v *Visit, t time.Time) string {
	t = t.In(s.rome)
	zone, _ := t.Zone()
	return s.Say(v, "time.exact", t.Format("02/01/2006"), t.Format("15:04:05")+fraction(v, t), zone)
}

// ExactUTC writes an arrival to the microsecond in UTC.
func (s *Site) ExactUTC(v *Visit, t time.Time) string {
	t = t.UTC()
	return t.Format("2006-01-02 15:04:05") + fraction(v, t) + " UTC"
}

// fraction cuts, never rounds, so that no arrival is shown later than it was.
func fraction(v *Visit, t time.Time) string {
	mark := ","
	if v.Lang == "en" {
		mark = "."
	}
	return fmt.Sprintf("%s%06d", mark, t.Nanosecond()/1000)
}

// Bound writes the uncertainty of an arrival in milliseconds.
func (s *Site) Bound(v *Visit, d time.Duration) string {
	if d == 0 {
		return s.Say(v, "outcome.bound.none")
	}
	ms := fmt.Sprintf("%.3f", float64(d.Nanoseconds())/1e6)
	if v.Lang != "en" {
		ms = strings.Replace(ms, ".", ",", 1)
	}
	return "± " + ms + " ms"
}

// ExactTo writes an instant in Italian time, to the granularity of its day.
func (s *Site) ExactTo(v *Visit, t time.Time, grain time.Duration) string {
	t = t.In(s.rome)
	zone, _ := t.Zone()
	digits := 0
	for u := time.Second; u > grain && digits < 6; u /= 10 {
		digits++
	}
	part := ""
	if digits > 0 {
		part = fraction(v, t)[:digits+1] // the mark, then the digits
	}
	return s.Say(v, "time.exact", t.Format("02/01/2006"), t.Format("15:04:05")+part, zone)
}

// Size writes a number of bytes for people.
func Size(v *Visit, n int64) string {
	switch {
	case n < 1000:
		return Thousands(v, n) + "\u00a0byte"
	case n < 1_000_000:
		return Thousands(v, (n+500)/1000) + "\u00a0kB"
	default:
		return Thousands(v, (n+500_000)/1_000_000) + "\u00a0MB"
	}
}

// Thousands writes a number the way the language groups its digits.
func Thousands(v *Visit, n int64) string {
	mark := "."
	if v.Lang == "en" {
		mark = ","
	}
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + mark + s[i:]
	}
	return s
}
