package portal

import (
	"fmt"
	"strings"
	"time"

	"puntuale/internal/portal/texts"
)

// say is for texts in Go code; every key that code names is tested.
func (p *Portal) say(v *visit, key string, args ...any) string {
	s, err := texts.Say(v.lang, key, args...)
	if err != nil {
		panic(err)
	}
	return s
}

// minute writes an instant as "22/11/2026, 09:00 (ora italiana)".
func (p *Portal) minute(v *visit, t time.Time) string {
	return p.say(v, "time.minute", t.In(p.rome).Format("02/01/2006"), t.In(p.rome).Format("15:04"))
}

// second writes an instant with its seconds.
func (p *Portal) second(v *visit, t time.Time) string {
	return p.say(v, "time.minute", t.In(p.rome).Format("02/01/2006"), t.In(p.rome).Format("15:04:05"))
}

// exact writes an arrival to the microsecond in Italian time.
func (p *Portal) exact(v *visit, t time.Time) string {
	t = t.In(p.rome)
	zone, _ := t.Zone()
	return p.say(v, "time.exact", t.Format("02/01/2006"), t.Format("15:04:05")+fraction(v, t), zone)
}

// exactUTC writes an arrival to the microsecond in UTC.
func (p *Portal) exactUTC(v *visit, t time.Time) string {
	t = t.UTC()
	return t.Format("2006-01-02 15:04:05") + fraction(v, t) + " UTC"
}

// fraction cuts, never rounds, so that no arrival is shown later than it was.
func fraction(v *visit, t time.Time) string {
	mark := ","
	if v.lang == "en" {
		mark = "."
	}
	return fmt.Sprintf("%s%06d", mark, t.Nanosecond()/1000)
}

// bound writes the uncertainty of an arrival in milliseconds.
func (p *Portal) bound(v *visit, d time.Duration) string {
	if d == 0 {
		return p.say(v, "outcome.bound.none")
	}
	ms := fmt.Sprintf("%.3f", float64(d.Nanoseconds())/1e6)
	if v.lang != "en" {
		ms = strings.Replace(ms, ".", ",", 1)
	}
	return "± " + ms + " ms"
}
