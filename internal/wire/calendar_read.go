package wire

import "puntuale/internal/clickday"

// ReadCalendar reads a calendar without looking at its signature: for whoever
// keeps calendars and has checked this one before it was stored. Everybody else
// uses OpenCalendar.
func ReadCalendar(b []byte) (clickday.Calendar, error) {
	var c clickday.Calendar
	if len(b) > CalendarMax || len(b) < calendarPayloadAt || string(b[:4]) != calendarMagic {
		return c, fail(clickday.CodeMalformed, "not a calendar")
	}
	if err := strict.Unmarshal(b[calendarPayloadAt:], &c); err != nil {
		return c, fail(clickday.CodeMalformed, "calendar: %v", err)
	}
	return c, nil
}
