package daemon

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// start serves mux on a free port and returns its URL and what ends it.
func start(t *testing.T, h http.Handler) (string, func() error) {
	t.Helper()
	ln, err := Listen(t.Context(), "listen", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, ln, h, slog.New(slog.DiscardHandler)) }()
	return "http://" + ln.Addr().String(), func() error { cancel(); return <-done }
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

func TestDebugListenerTellsHealthReadinessAndMetrics(t *testing.T) {
	reg := NewRegistry()
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: "test_total"})
	reg.MustRegister(c)
	c.Inc()
	ready := errors.New("journal: opening")
	url, stop := start(t, DebugMux(reg, func() error { return ready }))
	if code, body := get(t, url+"/healthz"); code != 200 || body != "ok\n" {
		t.Fatal(code, body)
	}
	if code, body := get(t, url+"/readyz"); code != 503 || body != "journal: opening\n" {
		t.Fatal(code, body)
	}
	if code, body := get(t, url+"/metrics"); code != 200 || !strings.Contains(body, "test_total 1") || !strings.Contains(body, "go_goroutines") {
		t.Fatal(code, body)
	}
	if code, _ := get(t, url+"/debug/pprof/goroutine?debug=1"); code != 200 {
		t.Fatal(code)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}

func TestServeLetsARequestInFlightFinish(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	url, stop := start(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-release
		io.WriteString(w, "whole")
	}))
	answer := make(chan string, 1)
	go func() { _, body := get(t, url); answer <- body }()
	<-entered
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	select {
	case err := <-stopped:
		t.Fatalf("ended before the request did: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	close(release)
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	if got := <-answer; got != "whole" {
		t.Fatalf("answer %q", got)
	}
}

func TestAddrFileIsWholeAndErrorsNameTheSetting(t *testing.T) {
	path := filepath.Join(t.TempDir(), "addr")
	if err := WriteAddrFile(path, "127.0.0.1:1", "127.0.0.1:2"); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil || string(b) != "127.0.0.1:1\n127.0.0.1:2\n" {
		t.Fatal(string(b), err)
	}
	if _, err := Listen(t.Context(), "admin-listen", "nowhere:-1"); err == nil || !strings.Contains(err.Error(), "admin-listen") {
		t.Fatal(err)
	}
	if _, err := NewLogger(io.Discard, "loud"); err == nil || !strings.Contains(err.Error(), `"loud"`) {
		t.Fatal(err)
	}
}
