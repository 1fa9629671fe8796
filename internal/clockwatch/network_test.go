package clockwatch

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"puntuale/internal/clock"
	"puntuale/internal/clockwatch/ntptest"
)

func TestOneQuestion(t *testing.T) {
	for _, c := range []struct {
		name   string
		manner ntptest.Manner
		ok     bool
		kiss   string
		leap   bool
	}{
		{name: "honest", ok: true},
		{name: "lies", manner: ntptest.Manner{Offset: 5 * time.Second}, ok: true},
		{name: "stratum 15", manner: ntptest.Manner{Stratum: 15}, ok: true},
		{name: "stratum 16", manner: ntptest.Manner{Stratum: 16}},
		{name: "not synchronised", manner: ntptest.Manner{Unsynced: true}},
		{name: "leap second", manner: ntptest.Manner{LeapSecond: true}, ok: true, leap: true},
		{name: "stale", manner: ntptest.Manner{Stale: true}},
		{name: "imprecise", manner: ntptest.Manner{Dispersion: 1500 * ms}},
		{name: "kiss", manner: ntptest.Manner{Kiss: "RATE"}, kiss: "RATE"},
		{name: "farewell", manner: ntptest.Manner{Kiss: "DENY"}, kiss: "DENY"},
		{name: "silent", manner: ntptest.Manner{Silent: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := ntptest.Start(t, c.manner)
			a, err := Ask(t.Context(), s.Addr)
			if (err == nil) != c.ok || a.Kiss != c.kiss || a.Leap != c.leap {
				t.Fatalf("%+v %v", a, err)
			}
			if far := (a.Offset - c.manner.Offset).Abs(); c.ok && far > a.Distance+ms {
				t.Errorf("%v off, and says %v", far, a.Distance)
			}
			if s.Asked() != 1 {
				t.Errorf("asked %d times", s.Asked())
			}
		})
	}
}

func TestAQuestionEndsWithItsContext(t *testing.T) {
	s := ntptest.Start(t, ntptest.Manner{Silent: true})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	began := clock.System{}.Now()
	go func() {
		_, err := Ask(ctx, s.Addr)
		done <- err
	}()
	await(t, "it is asked", func() bool { return s.Asked() == 1 })
	cancel()
	if err := <-done; err == nil || (clock.System{}).Now().Sub(began) > queryTimeout {
		t.Fatal(err)
	}
}

// await waits for what other processes or the network must do.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * ms)
	defer tick.Stop()
	timeout := time.After(20 * time.Second)
	for !holds() {
		select {
		case <-tick.C:
		case <-timeout:
			t.Fatal("never: ", what)
		}
	}
}

// real runs a watch of servers on loopback by the machine's own clock.
func real(t *testing.T, agree int, servers ...string) *Watch {
	t.Helper()
	w, err := New(Config{Servers: servers, Agree: agree, Poll: fastPoll, Policy: policy, Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return w
}

func falses(v *View) []int {
	var out []int
	for i := range v.Servers {
		if v.Servers[i].False {
			out = append(out, i)
		}
	}
	return out
}

func TestLiarsOnTheNetworkAreNamed(t *testing.T) {
	lie := ntptest.Manner{Offset: 5 * time.Second}
	for _, liars := range [][]int{{0}, {1, 4}, {2, 3}} {
		t.Run(fmt.Sprint(liars), func(t *testing.T) {
			t.Parallel()
			var addrs []string
			for i := range 5 {
				m := ntptest.Manner{}
				if slices.Contains(liars, i) {
					m = lie
				}
				addrs = append(addrs, ntptest.Start(t, m).Addr)
			}
			w := real(t, 0, addrs...)
			await(t, "all are heard", func() bool { v := w.View(); return v.Level == OK && v.Agreeing+v.Falsetickers() == 5 })
			if v := w.View(); !slices.Equal(falses(v), liars) || v.Bound > 50*ms || v.Offset.Abs() > 50*ms {
				t.Fatalf("%+v", v)
			}
		})
	}
}

func TestBadServersDoNotCount(t *testing.T) {
	bad := []ntptest.Manner{{Silent: true}, {Stratum: 16}, {Unsynced: true}, {Kiss: "RATE"}}
	var addrs []string
	for _, m := range bad {
		addrs = append(addrs, ntptest.Start(t, m).Addr)
	}
	good := ntptest.Start(t, ntptest.Manner{})
	w := real(t, 0, append(addrs, good.Addr)...)
	await(t, "all have failed", func() bool {
		v := w.View()
		for i := range bad {
			if v.Servers[i].Failure == "" {
				return false
			}
		}
		return v.Servers[4].Heard
	})
	if v := w.View(); v.Level != Refuse || w.Accepts(1) {
		t.Fatalf("one of five is enough: %+v", v)
	}
}

// chrony runs a real chronyd on loopback that never touches the clock, and
// returns its address.
func chrony(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("chronyd")
	if err != nil {
		if program, err = exec.LookPath("/usr/sbin/chronyd"); err != nil {
			t.Fatal("chronyd is missing: run scripts/deps.sh test")
		}
	}
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := conn.LocalAddr().(*net.UDPAddr)
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "chrony") // TempDir would be too long or closed to chrony's user
	if err != nil {
		t.Fatal(err)
	}
	conf := filepath.Join(dir, "chrony.conf")
	text := fmt.Sprintf("port %d\nbindaddress 127.0.0.1\nallow 127.0.0.1\ncmdport 0\nbindcmdaddress /\nlocal stratum 1\nuser root\npidfile %s\ndriftfile %s\n",
		addr.Port, filepath.Join(dir, "pid"), filepath.Join(dir, "drift"))
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd := exec.Command(program, "-d", "-x", "-U", "-f", conf)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cmd.Process.Kill(); err != nil {
			t.Errorf("chronyd had ended: %v\n%s", err, &out)
		}
		if err := cmd.Wait(); err != nil && cmd.ProcessState.Exited() {
			t.Errorf("chronyd: %v\n%s", err, &out)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	await(t, "chronyd answers", func() bool {
		_, err := Ask(t.Context(), addr.String())
		return err == nil
	})
	return addr.String()
}

func TestARealChronyAgrees(t *testing.T) {
	addr := chrony(t)
	a, err := Ask(t.Context(), addr)
	if err != nil || a.Offset.Abs() > a.Distance+ms {
		t.Fatalf("%+v %v", a, err)
	}
	liar := ntptest.Start(t, ntptest.Manner{Offset: -5 * time.Second})
	// With one liar of three, two are enough only if chrony is one of them.
	w := real(t, 2, addr, ntptest.Start(t, ntptest.Manner{}).Addr, liar.Addr)
	await(t, "two agree", func() bool { v := w.View(); return v.Level == OK && v.Agreeing == 2 && v.Falsetickers() == 1 })
	if v := w.View(); v.Servers[0].Name != addr || !v.Servers[0].Heard || v.Servers[0].False || v.Bound > 50*ms {
		t.Fatalf("%+v", v)
	}
	await(t, "the log of the clock has lines", func() bool {
		b, err := os.ReadFile(filepath.Join(w.cfg.Dir, LogFile))
		return err == nil && strings.Count(string(b), "\n") > 2
	})
}
