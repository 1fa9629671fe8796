package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/clockwatch/ntptest"
	"puntuale/internal/keys"
	"puntuale/internal/wire"
)

// admin asks the private address of a node.
func admin(t *testing.T, method, url string, body []byte) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
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

// openDay is a signed calendar whose only click day is open.
func openDay(t *testing.T, dir string) []byte {
	t.Helper()
	key, err := keys.ReadPrivate(filepath.Join(dir, keys.CalendarKeyFile))
	if err != nil {
		t.Fatal(err)
	}
	now := clock.System{}.Now()
	b, err := wire.SealCalendar(&clickday.Calendar{Version: 1, IssuedAt: now.UnixNano(), Days: []clickday.Day{{
		ID: 1, Code: "D", TitleIT: "Giorno", TitleEN: "Day", Models: []clickday.ModelCode{"B"}, Prepare: 1, Sync: 2,
		Opens: now.Add(-time.Hour).UnixNano(), Closes: now.Add(time.Hour).UnixNano(), State: clickday.DayScheduled,
	}}}, key)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// watching runs a node by its flags, with these time servers and without a Redis,
// and returns the URL of its private address.
func watching(t *testing.T, dir string, servers ...string) string {
	t.Helper()
	var c serveCmd
	parser, err := kong.New(&c)
	if err != nil {
		t.Fatal(err)
	}
	addrFile := filepath.Join(dir, "addr")
	if _, err := parser.Parse([]string{
		"--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0", "--plain", "--data=" + filepath.Join(dir, "data"), "--keys=" + dir,
		"--redis-url=redis://127.0.0.1:1", "--addr-file=" + addrFile, "--segment-mb=1", "--reserve-mb=1", "--clock-servers=" + strings.Join(servers, ","),
	}); err != nil {
		t.Fatal(err)
	}
	n, err := c.open(t.Context(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- n.run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	var addrs []string
	eventually(t, "the addresses are written", func() bool {
		b, err := os.ReadFile(addrFile)
		addrs = strings.Fields(string(b))
		return err == nil
	})
	url := "http://" + addrs[1]
	if code, body := admin(t, http.MethodPut, url+"/calendar", openDay(t, dir)); code != 200 {
		t.Fatal(code, body)
	}
	return url
}

func TestANodeShowsItsClock(t *testing.T) {
	for state, offsets := range map[string][]time.Duration{
		"ok": {0, 5 * time.Second, 0}, "refuse": {0, 5 * time.Second, -5 * time.Second}, "unwatched": nil,
	} {
		t.Run(state, func(t *testing.T) {
			dir := t.TempDir()
			initKeys(t, dir)
			var servers []string
			for _, o := range offsets {
				servers = append(servers, ntptest.Start(t, ntptest.Manner{Offset: o}).Addr)
			}
			url := watching(t, dir, servers...)
			var metrics string
			eventually(t, "all servers are heard", func() bool {
				_, metrics = admin(t, http.MethodGet, url+"/metrics", nil)
				return strings.Count(metrics, "\npuntuale_clock_server_offset_seconds{") == len(servers)
			})
			if want := fmt.Sprintf("puntuale_clock_state{state=%q} 1\n", state); !strings.Contains(metrics, want) {
				t.Errorf("metrics lack %s", want)
			}
			code, body := admin(t, http.MethodGet, url+"/readyz", nil)
			if ready := code == 200; ready != (state != "refuse") || !ready && !strings.Contains(body, "clock: no click day opens") {
				t.Errorf("readiness: %d %s", code, body)
			}
		})
	}
}

func TestBadSettingsOfTheClockStopTheStartByName(t *testing.T) {
	for setting, args := range map[string][]string{
		"clock-servers":      {"--clock-servers=a,a"},
		"clock-agree":        {"--clock-servers=a,b,c,d", "--clock-agree=2"},
		"clock-poll":         {"--clock-poll=1s"},
		"clock-bound-ok":     {"--clock-bound-ok=0s"},
		"clock-bound-refuse": {"--clock-bound-refuse=1ms"},
	} {
		var c serveCmd
		parser, err := kong.New(&c)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if _, err := parser.Parse(append(args, "--plain", "--data="+dir, "--keys="+dir, "--redis-url=redis://127.0.0.1:1")); err != nil {
			t.Fatal(err)
		}
		if err := c.check(); err == nil || !strings.HasPrefix(err.Error(), setting) {
			t.Errorf("%s: %v", setting, err)
		}
	}
}
