// Package arrival tells when bytes reached this machine, not when a busy program
// got round to reading them. A Listener asks the kernel for a receive time on
// every packet; its connections remember the time of the last bytes that were
// read, also below TLS. Bytes that wait in the socket keep their time, so a slow
// program is late with the answer but never with the stamp.
//
// The Listener also knows what has not been read yet: Safe gives the instant
// before which nothing can come to light any more, which is what a node promises
// to the sequencer as its watermark.
//
// Where the kernel gives no time (other systems than Linux, or a packet without
// one), the time after the read is used and the source says so.
package arrival

import (
	"net"

	"puntuale/internal/clickday"
)

// Arrival is when the last bytes read from a connection came in.
type Arrival struct {
	UnixNano int64 // nanoseconds since 1970, UTC; 0 before the first read
	Source   clickday.StampSource
}

// Of returns the arrival of the last bytes read from c, a *Conn or something
// that leads to one through NetConn, such as a *tls.Conn. It reports false for
// connections of another kind. Only the goroutine that reads may call it.
func Of(c net.Conn) (Arrival, bool) {
	if t := Under(c); t != nil {
		return t.last, true
	}
	return Arrival{}, false
}
