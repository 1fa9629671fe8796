package timing

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/beevik/ntp"
)

// ErrNoTimeServer means that no configured time server gave a usable answer.
var ErrNoTimeServer = errors.New("no time server answered")

// ntpTimeout is how long one time server may take.
const ntpTimeout = 3 * time.Second

// Reference is what independent time servers say of this machine's clock. It
// is shown to the person, and decides nothing.
type Reference struct {
	Server string        // the one whose answer is shown
	Offset time.Duration // UTC minus this machine's clock
	Bound  time.Duration // root distance of that answer
	Agreed int           // servers whose intervals contain the offset
	Asked  int
}

// Query asks one time server; CheckNTP is given one so that tests need no network.
type Query func(server string, timeout time.Duration) (*ntp.Response, error)

// QueryNTP asks over the network.
func QueryNTP(server string, timeout time.Duration) (*ntp.Response, error) {
	return ntp.QueryWithOptions(server, ntp.QueryOptions{Timeout: timeout})
}

// CheckNTP asks each server once, all at the same time, and returns the median
// of the valid answers. ErrNoTimeServer when none is valid.
func CheckNTP(ctx context.Context, servers []string, query Query) (Reference, error) {
	answers := make(chan Reference, len(servers))
	for _, s := range servers {
		go func() { answers <- askNTP(s, query) }()
	}
	var valid []Reference
	for range servers {
		select {
		case <-ctx.Done():
			return Reference{}, ctx.Err()
		case r := <-answers:
			if r.Server != "" {
				valid = append(valid, r)
			}
		}
	}
	return median(valid, len(servers))
}

func askNTP(server string, query Query) Reference {
	r, err := query(server, ntpTimeout)
	if err != nil || r.Validate() != nil {
		return Reference{}
	}
	return Reference{Server: server, Offset: r.ClockOffset, Bound: r.RootDistance}
}

func median(valid []Reference, asked int) (Reference, error) {
	if len(valid) == 0 {
		return Reference{Asked: asked}, ErrNoTimeServer
	}
	slices.SortFunc(valid, func(a, b Reference) int { return int(a.Offset - b.Offset) })
	m := valid[len(valid)/2]
	m.Asked = asked
	for _, v := range valid {
		if (v.Offset - m.Offset).Abs() <= v.Bound {
			m.Agreed++
		}
	}
	return m, nil
}
