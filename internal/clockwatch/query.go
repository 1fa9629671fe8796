package clockwatch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/beevik/ntp"
)

// queryTimeout is how long a server may take, name look-up included.
const queryTimeout = 2 * time.Second

// maxDistance is the root distance above which an answer is of no use (MAXDIST
// of RFC 5905). A server that is wrong by more cannot hide behind a wide interval.
const maxDistance = time.Second

// errDistance says that an answer is too imprecise to be used.
var errDistance = errors.New("root distance is over a second")

// Answer is what a server said.
type Answer struct {
	Offset   time.Duration // UTC minus the machine's clock
	Distance time.Duration // half the round trip and half the root delay, and the root dispersion
	RTT      time.Duration
	Leap     bool   // a leap second is announced
	Kiss     string // kiss code: the server asks for fewer questions, or for none
}

// Query asks one server; tests replace it.
type Query func(ctx context.Context, server string) (Answer, error)

// Ask asks a server over the network, once. An error says that the answer must
// not be used; one with a kiss code must be obeyed.
func Ask(ctx context.Context, server string) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	stop := func() bool { return true }
	r, err := ntp.QueryWithOptions(server, ntp.QueryOptions{
		Timeout: queryTimeout,
		Dialer: func(_, remote string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, "udp", remote)
			if err == nil {
				stop = context.AfterFunc(ctx, func() { conn.Close() }) // ends the wait for an answer
			}
			return conn, err
		},
	})
	stop()
	if err != nil {
		return Answer{}, fmt.Errorf("ask %s: %w", server, err)
	}
	a := Answer{
		Offset: r.ClockOffset, Distance: r.RootDistance, RTT: r.RTT,
		Leap: r.Leap == ntp.LeapAddSecond || r.Leap == ntp.LeapDelSecond,
	}
	if r.IsKissOfDeath() {
		a.Kiss = r.KissCode
	}
	if err := r.Validate(); err != nil {
		return a, fmt.Errorf("ask %s: %w", server, err)
	}
	if r.RootDistance > maxDistance {
		return a, fmt.Errorf("ask %s: %w", server, errDistance)
	}
	return a, nil
}
