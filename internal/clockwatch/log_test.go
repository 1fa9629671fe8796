package clockwatch

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

func TestTheLogOfTheClock(t *testing.T) {
	dir := t.TempDir()
	run(t, dir, honest(3), func(w *world) {
		w.pass(10*time.Second + 500*ms)
		w.set(-200 * ms)
		w.pass(time.Second)
	})
	b, err := os.ReadFile(filepath.Join(dir, LogFile))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	if len(lines) != 1+12 || lines[0]+"\n" != logHeader {
		t.Fatalf("%d lines\n%s", len(lines), b)
	}
	var last Reading
	for i, line := range lines[1:] {
		var r Reading
		var offset, bound int64
		var level string
		var agreeing, servers, steps int
		if _, err := fmt.Sscan(line, &r.Real, &r.Raw, &offset, &bound, &level, &agreeing, &servers, &steps); err != nil {
			t.Fatal(line, err)
		}
		if i > 0 && i < 11 && (level != "ok" || agreeing != 3 || bound < int64(5*ms) || r.Raw-last.Raw != int64(time.Second)) {
			t.Errorf("line %d: %s", i, line)
		}
		if i == 11 && (level != "degraded" || steps != 1 || r.moved(last) != -200*ms || servers != 3) {
			t.Errorf("line %d: %s", i, line)
		}
		last = r
	}
}

func TestTheLogRotates(t *testing.T) {
	dir := t.TempDir()
	l := newClockLog(dir, slog.New(slog.DiscardHandler))
	l.max = 200
	for i := range 500 {
		l.write(Reading{Real: int64(i)}, &View{})
	}
	l.close()
	again := newClockLog(dir, slog.New(slog.DiscardHandler))
	again.max = l.max
	again.write(Reading{Real: 500}, &View{})
	again.close()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != logFiles {
		t.Fatal(len(entries), err)
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil || int64(len(b)) > l.max || !bytes.HasPrefix(b, []byte(logHeader)) {
			t.Errorf("%s: %d bytes %v", e.Name(), len(b), err)
		}
	}
	b, err := os.ReadFile(filepath.Join(dir, LogFile))
	if err != nil || !strings.Contains(string(b), "\n500 0 0 0 unwatched 0 0 0\n") {
		t.Fatalf("%s %v", b, err)
	}
}

func TestALogThatCannotBeWrittenIsToldOnce(t *testing.T) {
	var out bytes.Buffer
	dir := filepath.Join(t.TempDir(), "missing")
	l := newClockLog(dir, slog.New(slog.NewTextHandler(&out, nil)))
	for range 3 {
		l.write(Reading{}, &View{})
	}
	if n := strings.Count(out.String(), "cannot be written"); n != 1 {
		t.Fatalf("%d times:\n%s", n, &out)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	l.write(Reading{}, &View{})
	l.close()
	if b, err := os.ReadFile(filepath.Join(dir, LogFile)); err != nil || len(b) <= len(logHeader) {
		t.Fatal(err)
	}
}

func TestMetrics(t *testing.T) {
	peers := honest(5)
	peers["server-2"].offset, peers["server-3"].silent = 5*time.Second, true
	run(t, "", peers, func(w *world) {
		reg := prometheus.NewPedanticRegistry()
		reg.MustRegister(w.watch.Collector())
		w.pass(30 * time.Second)
		w.set(2 * ms)
		w.pass(time.Second)
		rec := httptest.NewRecorder()
		promhttp.HandlerFor(reg, promhttp.HandlerOpts{}).ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
		var got []string
		for line := range strings.Lines(rec.Body.String()) {
			if strings.HasPrefix(line, "puntuale_") && !strings.Contains(line, "bound_seconds") {
				got = append(got, strings.TrimPrefix(strings.TrimSpace(line), "puntuale_clock_"))
			}
		}
		want := []string{
			"falsetickers 1", "last_step_seconds 0.002", "leap_announced 0", "offset_seconds -0.002", "opens 1",
			`server_falseticker{server="server-1"} 0`, `server_falseticker{server="server-2"} 1`, `server_falseticker{server="server-3"} 0`,
			`server_falseticker{server="server-4"} 0`, `server_falseticker{server="server-5"} 0`,
			`server_heard{server="server-1"} 1`, `server_heard{server="server-2"} 1`, `server_heard{server="server-3"} 0`,
			`server_heard{server="server-4"} 1`, `server_heard{server="server-5"} 1`,
			`server_offset_seconds{server="server-1"} -0.002`, `server_offset_seconds{server="server-2"} 4.998`,
			`server_offset_seconds{server="server-4"} -0.002`, `server_offset_seconds{server="server-5"} -0.002`,
			"servers 5", "servers_agreeing 3",
			`state{state="degraded"} 1`, `state{state="ok"} 0`, `state{state="refuse"} 0`, `state{state="unwatched"} 0`, "steps_total 1",
		}
		if !slices.Equal(got, want) {
			t.Errorf("got\n%s", strings.Join(got, "\n"))
		}
		if n := strings.Count(rec.Body.String(), "\npuntuale_clock_server_bound_seconds{"); n != 4 {
			t.Errorf("%d bounds of servers", n)
		}
	})
}
