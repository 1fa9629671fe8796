package main

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"puntuale/internal/clock"
	"puntuale/internal/devstack"
	"puntuale/internal/keys"
)

// eventually waits for what another goroutine brings about.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	end := time.NewTimer(30 * time.Second)
	defer end.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-end.C:
			t.Fatal("never: " + what)
		}
	}
}

// serving runs a whole node with both listeners and returns its addresses:
// public, admin, for clients with a ticket.
func serving(t *testing.T, dir string) []string {
	t.Helper()
	redis, err := devstack.StartRedis(t.Context(), devstack.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c := &serveCmd{
		Listen: "127.0.0.1:0", WarmListen: "127.0.0.1:0", AdminListen: "127.0.0.1:0", Node: 1, Data: filepath.Join(dir, "data"), Keys: dir,
		TLSCert: filepath.Join(dir, keys.TLSCertFile), TLSKey: filepath.Join(dir, keys.TLSKeyFile), RedisURL: redis.URL,
		CalendarEvery: time.Second, Ack: "journal", AckWait: time.Second, SegmentMB: 1, ReserveMB: 1, MaxConns: 10, WarmConns: 10, Handshakes: 100,
		AddrFile: filepath.Join(dir, "addr"), WatermarkGrace: time.Millisecond,
		Clock: clockFlags{Poll: 64 * time.Second, BoundOK: time.Millisecond, BoundRefuse: time.Second},
	}
	n, err := c.open(t.Context(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- n.run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := redis.Stop(); err != nil {
			t.Error(err)
		}
	})
	var addrs []string
	eventually(t, "the addresses are written", func() bool {
		b, err := os.ReadFile(c.AddrFile)
		addrs = strings.Fields(string(b))
		return err == nil
	})
	return addrs
}

func initKeys(t *testing.T, dir string) {
	t.Helper()
	if err := keys.Init(dir, 1); err != nil {
		t.Fatal(err)
	}
	if err := keys.InitTLS(clock.System{}, dir, "127.0.0.1"); err != nil {
		t.Fatal(err)
	}
}

// shown returns the certificate that an address shows.
func shown(t *testing.T, addr string) string {
	t.Helper()
	c, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0].SerialNumber.String()
}

func TestANodeServesTwoAddressesAndTakesANewCertificateOnSIGHUP(t *testing.T) {
	dir := t.TempDir()
	initKeys(t, dir)
	addrs := serving(t, dir)
	if len(addrs) != 3 {
		t.Fatalf("addresses: %v", addrs)
	}
	old := shown(t, addrs[0])
	if shown(t, addrs[2]) != old {
		t.Fatal("the addresses show different certificates")
	}
	for _, name := range []string{keys.TLSCertFile, keys.TLSKeyFile} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	initKeys(t, dir)
	if err := (&rotateCmd{Keys: dir}).Run(); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	eventually(t, "both addresses show the new certificate", func() bool {
		return shown(t, addrs[0]) != old && shown(t, addrs[2]) != old
	})
	res, err := http.Get("http://" + addrs[1] + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(b), "\n")
	for _, want := range []string{"puntuale_tls_reloads 1", "puntuale_tls_reloads_refused 0", "puntuale_intake_warm_ticketed 0", `puntuale_intake_turned_away_total{listener="public",reason="handshakes"} 0`} {
		if !slices.Contains(lines, want) {
			t.Errorf("metrics lack %q", want)
		}
	}
	if !strings.Contains(string(b), `puntuale_intake_handshakes_total{kind="full",listener="warm"}`) {
		t.Error("handshakes are not counted")
	}
}

func TestBadSettingsStopTheStartByName(t *testing.T) {
	dir := t.TempDir()
	initKeys(t, dir)
	for setting, change := range map[string]func(*serveCmd){
		"warm-conns": func(c *serveCmd) { c.WarmConns = 0 },
		"handshakes": func(c *serveCmd) { c.Handshakes = -1 },
		"max-conns":  func(c *serveCmd) { c.MaxConns = 0 },
		"tls-cert":   func(c *serveCmd) { c.TLSCert = c.TLSKey },
	} {
		c := &serveCmd{
			Node: 1, Keys: dir, TLSCert: filepath.Join(dir, keys.TLSCertFile), TLSKey: filepath.Join(dir, keys.TLSKeyFile),
			CalendarEvery: time.Second, Ack: "journal", AckWait: time.Second, SegmentMB: 1, ReserveMB: 1, MaxConns: 1, WarmConns: 1, RedisURL: "redis://127.0.0.1:1",
			Clock: clockFlags{Poll: 64 * time.Second, BoundOK: time.Millisecond, BoundRefuse: time.Second},
		}
		change(c)
		if _, err := c.open(t.Context(), slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), setting) {
			t.Errorf("%s: %v", setting, err)
		}
	}
}
