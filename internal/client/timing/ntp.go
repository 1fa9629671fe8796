package timing

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"puntuale/internal/clockwatch"
)

// ErrNoTimeServer means that no configured time server gave a usable answer.
var ErrNoTimeServer = errors.New("no time server answered")

const (
	// ntpSamples is how often a server is asked, for the shortest round trip, and
	// ntpApart how long between two questions, give or take a quarter.
	ntpSamples = 4
	ntpApart   = 2 * time.Second
	// ntpSpread is the longest random pause before the first question, so that
	// programs started at the same minute do not ask at the same second.
	ntpSpread = time.Second
	// national is the institute whose servers are asked once in a session only,
	// as design.md promises them.
	national = ".inrim.it"
)

// Reference is what independent time servers say of this machine's clock. It
// is shown to the person, and decides nothing.
type Reference struct {
	// Server is the one whose round trip was the shortest of those that agree; ""
	// when too few agree.
	Server string `json:"server"`
	// Offset is UTC minus this machine's clock: the middle of what most servers
	// allow. Bound is how far the truth may be from it.
	Offset time.Duration `json:"offset_ns"`
	Bound  time.Duration `json:"bound_ns"`
	Agreed int           `json:"agreed"` // servers whose intervals meet there
	Asked  int           `json:"asked"`
	// At is when they were asked, in nanoseconds since 1970 by this machine's clock.
	At      int64        `json:"at,string"`
	Servers []ServerSaid `json:"servers"`
}

// ServerSaid is what one time server said.
type ServerSaid struct {
	Name    string        `json:"name"`
	Offset  time.Duration `json:"offset_ns"` // of the answer with the shortest round trip
	Bound   time.Duration `json:"bound_ns"`  // root distance of that answer
	RTT     time.Duration `json:"rtt_ns"`
	Samples int           `json:"samples"`           // usable answers
	Failure string        `json:"failure,omitempty"` // why there is none
	// False says that it disagrees with most others: it is left out.
	False bool `json:"false,omitempty"`
}

// Query asks one time server once; CheckNTP is given one so that tests need no network.
type Query = clockwatch.Query

// QueryNTP asks over the network.
func QueryNTP(ctx context.Context, server string) (clockwatch.Answer, error) {
	return clockwatch.Ask(ctx, server)
}

// CheckNTP asks each server a few times (those of the national institute once),
// keeps the answer with the shortest round trip of each, and looks for what most
// of them allow. Servers outside of that are named and left out. pause waits
// between questions. ErrNoTimeServer when no majority agrees; the reference then
// still says what each has answered.
func CheckNTP(ctx context.Context, servers []string, query Query, pause func(context.Context, time.Duration) error, now int64) (Reference, error) {
	r := Reference{Asked: len(servers), At: now, Servers: make([]ServerSaid, len(servers))}
	var all sync.WaitGroup
	for i, name := range servers {
		all.Go(func() { r.Servers[i] = askServer(ctx, name, query, pause) })
	}
	all.Wait()
	if ctx.Err() != nil {
		return r, ctx.Err()
	}
	var in []clockwatch.Interval
	for i, s := range r.Servers {
		if s.Samples > 0 {
			in = append(in, clockwatch.Interval{Server: i, Low: s.Offset - s.Bound, High: s.Offset + s.Bound})
		}
	}
	a, ok := clockwatch.Agree(in, len(in)/2+1)
	if !ok {
		return r, ErrNoTimeServer
	}
	for _, i := range a.False {
		r.Servers[i].False = true
	}
	best := slices.MinFunc(a.Agreeing, func(x, y int) int { return cmp.Compare(r.Servers[x].RTT, r.Servers[y].RTT) })
	r.Server, r.Offset, r.Agreed = r.Servers[best].Name, a.Offset, len(a.Agreeing)
	r.Bound = max(a.High-a.Offset, a.Offset-a.Low)
	return r, nil
}

// National reports whether a server is asked once in a session only.
func National(server string) bool { return strings.HasSuffix(server, national) }

func askServer(ctx context.Context, name string, query Query, pause func(context.Context, time.Duration) error) ServerSaid {
	s := ServerSaid{Name: name}
	times := ntpSamples
	if National(name) {
		times = 1
	}
	wait := rand.N(ntpSpread)
	for range times {
		if pause(ctx, wait) != nil {
			break
		}
		wait = Jitter(ntpApart)
		a, err := query(ctx, name)
		if err != nil {
			s.Failure = err.Error()
			if a.Kiss != "" || s.Samples == 0 {
				break // it wants no more questions, or is not there
			}
			continue
		}
		if s.Samples++; s.Samples == 1 || a.RTT < s.RTT {
			s.Offset, s.Bound, s.RTT = a.Offset, a.Distance, a.RTT
		}
	}
	if s.Samples > 0 {
		s.Failure = ""
	}
	return s
}
