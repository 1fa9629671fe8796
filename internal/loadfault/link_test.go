package loadfault

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"puntuale/internal/clock"
)

// echo answers with what it gets.
func echo(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
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
	return ln.Addr().String()
}

func newLink(t *testing.T) *Link {
	t.Helper()
	l, err := NewLink("test", echo(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
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

func connect(t *testing.T, l *Link) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", l.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

const patience = 20 * time.Second

// during disturbs a link while something is done, and heals it.
func during(t *testing.T, l *Link, trouble Trouble, do func()) {
	t.Helper()
	if err := l.Disturb(trouble); err != nil {
		t.Fatalf("%s: %v", trouble.What, err)
	}
	do()
	if err := l.Heal(trouble); err != nil {
		t.Fatalf("%s, the end: %v", trouble.What, err)
	}
}

func TestALinkIsSlowOrMuteAndGoesOn(t *testing.T) {
	l := newLink(t)
	c := connect(t, l)
	if _, err := say(c, "hello", patience); err != nil {
		t.Fatal(err)
	}
	during(t, l, Trouble{What: Delay, By: 30 * time.Millisecond}, func() {
		if took, err := say(c, "hello", patience); err != nil || took < 60*time.Millisecond {
			t.Errorf("delayed both ways: %s, %v", took, err)
		}
	})
	during(t, l, Trouble{What: Throttle, Rate: 10}, func() {
		if took, err := say(c, strings.Repeat("x", 2000), patience); err != nil || took < 200*time.Millisecond {
			t.Errorf("2,000 bytes at 10 KB/s: %s, %v", took, err)
		}
	})
	during(t, l, Trouble{What: Hold}, func() {
		if _, err := say(c, "hello", 50*time.Millisecond); err == nil {
			t.Error("a held link lets something through")
		}
		during(t, l, Trouble{What: Delay, By: time.Millisecond}, func() {}) // two at a time
	})
	c.SetDeadline(clock.System{}.Now().Add(patience))
	if _, err := io.ReadFull(c, make([]byte, 5)); err != nil {
		t.Errorf("what was held did not come afterwards: %v", err)
	}
	if _, err := say(c, "hello", patience); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestALinkThatIsCutTakesNobody(t *testing.T) {
	l := newLink(t)
	c := connect(t, l)
	if _, err := say(c, "hello", patience); err != nil {
		t.Fatal(err)
	}
	during(t, l, Trouble{What: Cut}, func() {
		if _, err := say(c, "hello", patience); err == nil {
			t.Error("a cut link lets something through")
		}
		if c, err := net.Dial("tcp", l.Addr()); err == nil {
			t.Error("a cut link takes new connections")
			c.Close()
		}
	})
	if _, err := say(connect(t, l), "hello", patience); err != nil {
		t.Errorf("a healed link: %v", err)
	}
}

func TestALinkLosesAnswersAndResets(t *testing.T) {
	l := newLink(t)
	stood := connect(t, l)
	if _, err := say(stood, "hello", patience); err != nil {
		t.Fatal(err)
	}
	during(t, l, Trouble{What: Reset}, func() {
		if _, err := say(stood, "hello", patience); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a connection that stood ends with %v", err)
		}
		if _, err := say(connect(t, l), "hello", patience); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("a new connection ends with %v", err)
		}
	})
	if _, err := say(connect(t, l), "hello", patience); err != nil {
		t.Errorf("a healed link: %v", err)
	}
}

func TestALinkThatIsHalfOpenTellsNobody(t *testing.T) {
	l := newLink(t)
	c := connect(t, l)
	if _, err := say(c, "hello", patience); err != nil {
		t.Fatal(err)
	}
	during(t, l, Trouble{What: HalfOpen}, func() {
		if _, err := say(c, "hello", 100*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a half-open link ends with %v", err)
		}
	})
	if _, err := say(c, "hello", patience); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("what was half open ends with %v", err)
	}
	if _, err := say(connect(t, l), "hello", patience); err != nil {
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
