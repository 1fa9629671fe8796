package daemon

import (
	"net/http"
	"strconv"

	"puntuale/internal/clock"
)

// ServerTiming tells in the header Server-Timing how long it took from the
// request's first handler to the first byte of the answer: for pages that are
// rendered before they are sent, that is all of the server's work. What waits in
// the kernel before is not in it. Its outermost place is the honest one.
func ServerTiming(c clock.Clock, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin := c.Now()
		next.ServeHTTP(&timedWriter{ResponseWriter: w, tell: func() {
			ms := float64(c.Now().Sub(begin).Nanoseconds()) / 1e6
			w.Header().Set("Server-Timing", "app;dur="+strconv.FormatFloat(ms, 'f', 3, 64))
		}}, r)
	})
}

// timedWriter sets the header once, as the answer begins.
type timedWriter struct {
	http.ResponseWriter
	tell func() // nil once it has told
}

// WriteHeader implements http.ResponseWriter.
func (t *timedWriter) WriteHeader(status int) {
	if t.tell != nil && status >= http.StatusOK {
		t.tell()
		t.tell = nil
	}
	t.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (t *timedWriter) Write(b []byte) (int, error) {
	if t.tell != nil {
		t.tell()
		t.tell = nil
	}
	return t.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController through.
func (t *timedWriter) Unwrap() http.ResponseWriter { return t.ResponseWriter }
