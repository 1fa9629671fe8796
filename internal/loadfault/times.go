package loadfault

import (
	"encoding/binary"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"puntuale/internal/clock"
)

// timeServers is how many there are: enough for a majority of them to agree.
const timeServers = 3

// Times are time servers on this machine (SNTP, RFC 5905) that tell the
// machine's own time, off by as much as they are told. They stand in for a step
// of the node's clock, which on one machine would be everybody's.
type Times struct {
	conns []net.PacketConn
	clock clock.Clock
	off   atomic.Int64
	all   sync.WaitGroup
}

// StartTimes starts them on free loopback ports.
func StartTimes(clk clock.Clock) (*Times, error) {
	t := &Times{clock: clk}
	for range timeServers {
		c, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Close()
			return nil, fmt.Errorf("loadfault: %w", err)
		}
		t.conns = append(t.conns, c)
		t.all.Go(func() { t.serve(c) })
	}
	return t, nil
}

// Addrs are the addresses, host:port.
func (t *Times) Addrs() []string {
	var out []string
	for _, c := range t.conns {
		out = append(out, c.LocalAddr().String())
	}
	return out
}

// Step lets all of them be off by so much more.
func (t *Times) Step(by time.Duration) { t.off.Add(int64(by)) }

// Close stops them.
func (t *Times) Close() {
	for _, c := range t.conns {
		c.Close()
	}
	t.all.Wait()
}

const (
	ntpSize  = 48
	ntpEpoch = 2208988800 // seconds from 1900 to 1970
)

func (t *Times) serve(c net.PacketConn) {
	b := make([]byte, 512)
	for {
		n, from, err := c.ReadFrom(b)
		if err != nil {
			return // closed
		}
		received := t.now()
		if n < ntpSize || b[0]&7 != 3 { // mode client
			continue
		}
		var r [ntpSize]byte
		r[0], r[1], r[2], r[3] = b[0]&0x38|4, 1, b[2], 0xec // its version, mode server; stratum 1; about 1 µs
		binary.BigEndian.PutUint32(r[8:], 1)                // root dispersion: 15 µs
		copy(r[12:], "TEST")
		binary.BigEndian.PutUint64(r[16:], received)
		copy(r[24:32], b[40:48]) // when the question left
		binary.BigEndian.PutUint64(r[32:], received)
		binary.BigEndian.PutUint64(r[40:], t.now())
		c.WriteTo(r[:], from) // whoever has gone asks again
	}
}

// now is the time as it is told, in the format of NTP.
func (t *Times) now() uint64 {
	at := t.clock.Now().Add(time.Duration(t.off.Load()))
	seconds := uint64(at.Unix() + ntpEpoch)
	return seconds<<32 | uint64(at.Nanosecond())<<32/uint64(time.Second)
}
