package loadfault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// Trouble is something wrong with a link.
type Trouble struct {
	What Action        // cut, hold, delay, throttle, reset or half-open
	By   time.Duration // of delay
	Rate int           // of throttle, KB/s for each connection
}

// Link is a connection between two programs that can be disturbed: toxiproxy,
// within this process. Calls come one after the other.
type Link struct{ proxy *toxiproxy.Proxy }

// toxic is what toxiproxy wants to be told.
type toxic struct {
	Name       string         `json:"name"`
	Type       string         `json:"type"`
	Stream     string         `json:"stream"`
	Attributes map[string]int `json:"attributes"`
}

// NewLink leads from a free loopback port to an address.
func NewLink(name, target string) (*Link, error) {
	zerolog.SetGlobalLevel(zerolog.Disabled) // a disturbed link is no news
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	l := &Link{toxiproxy.NewProxy(server, name, "127.0.0.1:0", target)}
	if err := l.proxy.Start(); err != nil {
		return nil, fmt.Errorf("loadfault: %w", err)
	}
	return l, nil
}

// Addr is where the link begins.
func (l *Link) Addr() string { return l.proxy.Listen }

// Port is the port of Addr.
func (l *Link) Port() string {
	_, port, err := net.SplitHostPort(l.proxy.Listen)
	if err != nil {
		return "" // it listens
	}
	return port
}

// disturbMax is how long connections may take to obey.
const disturbMax = 20 * time.Second

var errStuck = errors.New("loadfault: the connections of a link do not obey")

// Disturb begins a trouble, for connections that stand too. Different troubles
// may be there at a time.
func (l *Link) Disturb(t Trouble) error {
	if t.What == Cut {
		return within(func() error { l.proxy.Stop(); return nil })
	}
	return within(func() error {
		for _, x := range t.toxics() {
			b, err := json.Marshal(&x)
			if err != nil {
				return err
			}
			if _, err := l.proxy.Toxics.AddToxicJson(strings.NewReader(string(b))); err != nil {
				return err
			}
		}
		return nil
	})
}

// Heal ends it.
func (l *Link) Heal(t Trouble) error {
	if t.What == Cut {
		return within(l.restart)
	}
	return within(func() error {
		var err error
		for _, x := range t.toxics() {
			err = errors.Join(err, l.proxy.Toxics.RemoveToxic(context.Background(), x.Name))
		}
		return err
	})
}

// restart listens again, also when somebody's passing connection has the port.
func (l *Link) restart() error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(disturbMax / 2)
	for {
		err := l.proxy.Start()
		if err == nil || errors.Is(err, toxiproxy.ErrProxyAlreadyStarted) {
			return nil
		}
		select {
		case <-tick.C:
		case <-deadline:
			return err
		}
	}
}

// within bounds what toxiproxy would wait for without end.
func within(do func() error) error {
	done := make(chan error, 1)
	go func() { done <- do() }()
	select {
	case err := <-done:
		if err != nil {
			return fmt.Errorf("loadfault: %w", err)
		}
		return nil
	case <-time.After(disturbMax):
		return errStuck
	}
}

// toxics are a trouble in toxiproxy's words. Upstream is towards the target.
func (t Trouble) toxics() []toxic {
	kind, attributes, streams := "", map[string]int{}, []string{"upstream", "downstream"}
	switch t.What {
	case Delay:
		kind, attributes = "latency", map[string]int{"latency": int(t.By.Milliseconds())}
	case Hold: // at no bytes a second nothing moves, and nothing is lost
		kind, attributes = "bandwidth", map[string]int{"rate": 0}
	case Throttle:
		kind, attributes = "bandwidth", map[string]int{"rate": t.Rate}
	case Reset: // what is asked for arrives, the answer does not
		kind, attributes, streams = "reset_peer", map[string]int{"timeout": 0}, []string{"downstream"}
	case HalfOpen: // what is sent is lost, and nobody is told
		kind, attributes = "timeout", map[string]int{"timeout": 0}
	}
	var out []toxic
	for _, s := range streams {
		out = append(out, toxic{Name: string(t.What) + " " + s, Type: kind, Stream: s, Attributes: attributes})
	}
	return out
}

// Close breaks everything.
func (l *Link) Close() error {
	return within(func() error { l.proxy.Stop(); return nil })
}
