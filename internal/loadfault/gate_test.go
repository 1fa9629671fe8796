package loadfault

import (
	"encoding/binary"
	"io"
	"net"
	"path/filepath"
	"testing"
	"time"

	"puntuale/internal/clock"
)

// echo answers with what it gets, on a Unix socket.
func echo(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				io.Copy(c, c)
			}()
		}
	}()
	return path
}

func newGate(t *testing.T) *Gate {
	t.Helper()
	g, err := NewGate("tcp", "127.0.0.1:0", "unix", echo(t), clock.System{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	return g
}

// say sends a word and returns how long its echo took.
func say(c net.Conn, word string, patience time.Duration) (time.Duration, error) {
	begun := clock.System{}.Now()
	c.SetDeadline(begun.Add(patience))
	if _, err := io.WriteString(c, word); err != nil {
		return 0, err
	}
	_, err := io.ReadFull(c, make([]byte, len(word)))
	return clock.System{}.Now().Sub(begun), err
}

func connect(t *testing.T, g *Gate) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", g.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

const patience = 20 * time.Second

func TestAGateCutsHoldsAndDelays(t *testing.T) {
	g := newGate(t)
	c := connect(t, g)
	if _, err := say(c, "hello", patience); err != nil {
		t.Fatal(err)
	}
	g.Disturb(Trouble{Delay: 30 * time.Millisecond})
	if took, err := say(c, "hello", patience); err != nil || took < 60*time.Millisecond {
		t.Errorf("delayed both ways: %s, %v", took, err)
	}
	g.Disturb(Trouble{Hold: true})
	if _, err := say(c, "hello", 50*time.Millisecond); err == nil {
		t.Error("a held link lets something through")
	}
	g.Disturb(Trouble{})
	c.SetDeadline(clock.System{}.Now().Add(patience))
	if _, err := io.ReadFull(c, make([]byte, 5)); err != nil {
		t.Errorf("what was held did not come afterwards: %v", err)
	}
	g.Disturb(Trouble{Cut: true})
	if _, err := say(c, "hello", patience); err == nil {
		t.Error("a cut link lets something through")
	}
	if c, err := net.Dial("tcp", g.Addr()); err == nil {
		if _, err := say(c, "hello", patience); err == nil {
			t.Error("a cut link takes new connections")
		}
		c.Close()
	}
	g.Disturb(Trouble{})
	if _, err := say(connect(t, g), "hello", patience); err != nil {
		t.Errorf("a healed link: %v", err)
	}
}

func TestTimeServersAreOffByWhatTheyAreTold(t *testing.T) {
	s, err := StartTimes(clock.System{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.Step(-time.Hour)
	if len(s.Addrs()) != timeServers {
		t.Fatalf("servers %q", s.Addrs())
	}
	for _, addr := range s.Addrs() {
		c, err := net.Dial("udp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.SetDeadline(clock.System{}.Now().Add(patience))
		question := make([]byte, ntpSize)
		question[0] = 4<<3 | 3
		copy(question[40:], "transmit")
		c.Write(question)
		b := make([]byte, 64)
		n, err := c.Read(b)
		if err != nil || n != ntpSize || b[0] != 4<<3|4 || string(b[24:32]) != "transmit" {
			t.Fatalf("answer %x, %v", b[:n], err)
		}
		told := time.Unix(int64(binary.BigEndian.Uint32(b[40:]))-ntpEpoch, 0)
		if off := told.Sub(clock.System{}.Now()) + time.Hour; off.Abs() > time.Minute {
			t.Errorf("off by %s besides", off)
		}
	}
}
