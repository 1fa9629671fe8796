package daemon

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"puntuale/internal/clock"
)

func TestServerTimingTellsOfTheWorkBeforeTheFirstByte(t *testing.T) {
	c := clock.NewFake(time.Unix(0, 0))
	for name, h := range map[string]http.HandlerFunc{
		"a status": func(w http.ResponseWriter, _ *http.Request) {
			c.Advance(1500 * time.Microsecond)
			w.WriteHeader(http.StatusTeapot)
			c.Advance(time.Second)
			io.WriteString(w, "late")
		},
		"a body": func(w http.ResponseWriter, _ *http.Request) {
			c.Advance(1500 * time.Microsecond)
			io.WriteString(w, "x")
			c.Advance(time.Second)
			http.NewResponseController(w).Flush()
		},
	} {
		w := httptest.NewRecorder()
		ServerTiming(c, h).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		if got := w.Result().Header.Get("Server-Timing"); got != "app;dur=1.500" {
			t.Errorf("%s: %q", name, got)
		}
	}
}
