// Package loadgen makes load for an intake node, cheaply enough to share two
// cores with it: envelopes with real tickets and signatures are prepared ahead
// of time, every request is one write of bytes that lie ready, and answers are
// parsed no further than needed to match them with what was sent.
//
//	Prepare    a Pool of unique envelopes
//	Closed     as fast as the server answers, over plain keep-alive connections
//	Session    warm connections, plain or TLS, for
//	  Paced    requests at planned times by one sender, whose order is therefore known
//	Histogram  latencies in buckets of under 1 %
//
// It sends to loopback addresses only, at most ConnsMax connections and what
// the pool holds: it is a tool for measuring this machine and nobody else's.
package loadgen

import (
	"errors"
	"fmt"
	"net/netip"
)

// ConnsMax bounds the connections of one run.
const ConnsMax = 8192

// ErrNotLoopback says that the target is not this machine.
var ErrNotLoopback = errors.New("loadgen: only loopback addresses are loaded")

// loopback parses "127.0.0.1:8443" and refuses anything that is not this machine.
func loopback(addr string) (netip.AddrPort, error) {
	a, err := netip.ParseAddrPort(addr)
	if err != nil {
		return a, fmt.Errorf("loadgen: %w", err)
	}
	if !a.Addr().Is4() || !a.Addr().IsLoopback() || a.Port() == 0 {
		return a, fmt.Errorf("%w: %s", ErrNotLoopback, addr)
	}
	return a, nil
}

func checkConns(n int) error {
	if n < 1 || n > ConnsMax {
		return fmt.Errorf("loadgen: %d connections: want 1 to %d", n, ConnsMax)
	}
	return nil
}
