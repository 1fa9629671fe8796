// Package ntptest runs NTP servers on loopback that are honest, or not, for the
// tests of what asks them.
package ntptest

import (
	"encoding/binary"
	"net"
	"sync"
	"testing"
	"time"

	"puntuale/internal/clock"
)

// Manner is how a server behaves. The zero value is an honest stratum 1.
type Manner struct {
	Offset     time.Duration // its clock is ahead of the machine's by this
	Silent     bool          // it does not answer
	Kiss       string        // it answers with this kiss code
	Stratum    uint8         // 0 means 1
	Unsynced   bool          // it says that its clock is not synchronised
	LeapSecond bool          // it announces one
	Dispersion time.Duration // root dispersion
	Stale      bool          // its reference time is two days old
}

// Server is a time server on loopback.
type Server struct {
	Addr string

	mu     sync.Mutex
	manner Manner // guarded by mu
	asked  int    // guarded by mu
}

// Start runs a server until the test ends.
func Start(t testing.TB, m Manner) *Server {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Addr: conn.LocalAddr().String(), manner: m}
	var done sync.WaitGroup
	done.Go(func() { s.serve(conn) })
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		done.Wait()
	})
	return s
}

// Behave changes how the server behaves.
func (s *Server) Behave(m Manner) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.manner = m
}

// Asked counts the questions so far.
func (s *Server) Asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

func (s *Server) serve(conn net.PacketConn) {
	buf := make([]byte, 512)
	for {
		n, from, err := conn.ReadFrom(buf)
		if err != nil {
			return // closed
		}
		received := clock.System{}.Now()
		s.mu.Lock()
		s.asked++
		m := s.manner
		s.mu.Unlock()
		if n < 48 || m.Silent {
			continue
		}
		if _, err := conn.WriteTo(m.answer(buf[:n], received), from); err != nil {
			return // closed
		}
	}
}

// answer writes the 48 bytes of RFC 5905, 7.3.
func (m *Manner) answer(question []byte, received time.Time) []byte {
	b := make([]byte, 48)
	leap := byte(0)
	switch {
	case m.Unsynced:
		leap = 3
	case m.LeapSecond:
		leap = 1
	}
	b[0], b[1], b[2], b[3] = leap<<6|4<<3|4, max(1, m.Stratum), 6, 0xec
	binary.BigEndian.PutUint32(b[8:], uint32(m.Dispersion.Seconds()*65536))
	copy(b[12:], "TEST")
	if m.Kiss != "" {
		b[1] = 0
		copy(b[12:16], m.Kiss)
	}
	reference := received.Add(m.Offset - time.Second)
	if m.Stale {
		reference = reference.Add(-48 * time.Hour)
	}
	stamp(b[16:], reference)
	copy(b[24:32], question[40:48])
	stamp(b[32:], received.Add(m.Offset))
	stamp(b[40:], clock.System{}.Now().Add(m.Offset))
	return b
}

// stamp writes a time as seconds since 1900 and their fraction.
func stamp(b []byte, t time.Time) {
	const from1900 = 2208988800
	binary.BigEndian.PutUint32(b, uint32(t.Unix()+from1900))
	binary.BigEndian.PutUint32(b[4:], uint32(uint64(t.Nanosecond())<<32/1e9))
}
