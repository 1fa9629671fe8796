package receipt

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // Europe/Rome on machines without a time zone database
)

var rome = sync.OnceValue(func() *time.Location {
	zone, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		panic(fmt.Sprintf("receipt: the embedded time zones lack Europe/Rome: %v", err))
	}
	return zone
})

var (
	weekdays = [...]string{"domenica", "lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato"}
	months   = [...]string{"", "gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto",
		"settembre", "ottobre", "novembre", "dicembre"}
)

// longDate returns "giovedì 12 febbraio 2026".
func longDate(t time.Time) string {
	t = t.In(rome())
	return fmt.Sprintf("%s %d %s %d", weekdays[t.Weekday()], t.Day(), months[t.Month()], t.Year())
}

// micros returns "09:00:00,123456". It cuts and never rounds: a receipt must
// not show a time after the arrival.
func micros(t time.Time) string {
	return fmt.Sprintf("%s,%06d", t.Format("15:04:05"), t.Nanosecond()/1000)
}

// romeTime returns "12/02/2026 09:00:00,123456 (CET, UTC+01:00)".
func romeTime(t time.Time) string {
	t = t.In(rome())
	return t.Format("02/01/2006 ") + micros(t) + t.Format(" (MST, UTC-07:00)")
}

// utcTime returns "12/02/2026 08:00:00,123456".
func utcTime(t time.Time) string {
	t = t.UTC()
	return t.Format("02/01/2006 ") + micros(t)
}

// dateAndTime returns "12/02/2026 alle ore 09:00:00", in Italy.
func dateAndTime(t time.Time) string { return t.In(rome()).Format("02/01/2006 alle ore 15:04:05") }

// bound returns "± 0,250 ms", rounded up.
func bound(d time.Duration) string {
	if d <= 0 {
		return "non misurata"
	}
	micros := int64((d + time.Microsecond - 1) / time.Microsecond)
	if d >= time.Second {
		return decimals((micros+999)/1000) + " s"
	}
	return decimals(micros) + " ms"
}

// decimals writes thousandths with a comma: 1250 is "± 1,250".
func decimals(thousandths int64) string {
	return fmt.Sprintf("± %s,%03d", grouped(thousandths/1000), thousandths%1000)
}

// grouped writes n with points between thousands, as "325.000".
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	var parts []string
	for len(s) > 3 {
		parts = append([]string{s[len(s)-3:]}, parts...)
		s = s[:len(s)-3]
	}
	return strings.Join(append([]string{s}, parts...), ".")
}
