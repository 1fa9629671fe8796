package pgtest

import (
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Cutter stands between a program and PostgreSQL, knows the protocol well enough
// to tell one round trip from the next, and cuts the connection at a chosen one:
// before the server has seen it, or after the server has done it and before
// anybody has heard of that.
type Cutter struct {
	ln     net.Listener
	server string // socket
	name   func(sql string) string

	mu      sync.Mutex
	steps   []string          // guarded by mu: what every round trip was about
	at      int               // guarded by mu: the one to cut at, from 1; 0 for none
	applied bool              // guarded by mu
	wait    bool              // guarded by mu: the answer of this one is awaited
	open    bool              // guarded by mu: a round trip is on its way
	named   map[string]string // guarded by mu: SQL of prepared statements
	conns   []net.Conn        // guarded by mu
}

// NewCutter returns a relay to the server of an address, and the address that
// leads through it. name says what a round trip is about, from its SQL.
func NewCutter(t testing.TB, address string, name func(sql string) string) (*Cutter, string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	dir := t.TempDir()
	c := &Cutter{server: filepath.Join(q.Get("host"), ".s.PGSQL.5432"), name: name, named: map[string]string{}}
	if c.ln, err = net.Listen("unix", filepath.Join(dir, ".s.PGSQL.5432")); err != nil {
		t.Fatal(err)
	}
	go c.accept()
	t.Cleanup(func() { c.ln.Close(); c.hangUp() })
	q.Set("host", dir)
	u.RawQuery = q.Encode()
	return c, u.String()
}

// Arm chooses the round trip to cut at, counted from here and from 1; 0 cuts
// none. With applied the server has done it, and nobody hears of that.
func (c *Cutter) Arm(at int, applied bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.steps, c.at, c.applied, c.wait = nil, at, applied, false
}

// Seen returns the names of the round trips since Arm.
func (c *Cutter) Seen() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.steps...)
}

func (c *Cutter) hangUp() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.conns {
		conn.Close()
	}
	c.conns, c.open, c.wait = nil, false, false
}

func (c *Cutter) accept() {
	for {
		client, err := c.ln.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("unix", c.server)
		if err != nil {
			client.Close()
			continue
		}
		c.mu.Lock()
		c.conns = append(c.conns, client, server)
		clear(c.named)
		c.open = true // the greeting is answered like a round trip
		c.mu.Unlock()
		go func() { c.carry(client, server, c.request); closeBoth(client, server) }()
		go func() { c.carry(server, client, c.answer); closeBoth(client, server) }()
	}
}

func closeBoth(a, b net.Conn) {
	a.Close()
	b.Close()
}

// carry takes messages one by one as long as pass lets them.
func (c *Cutter) carry(from, to net.Conn, pass func(kind byte, body []byte) (forward, goOn bool)) {
	greeted := false
	for {
		head := make([]byte, 5)
		lead := 1
		if !greeted && c.isClient(from) {
			head, lead = head[:4], 0 // the first message of a client has no kind
		}
		greeted = true
		if _, err := io.ReadFull(from, head); err != nil {
			return
		}
		body := make([]byte, int(binary.BigEndian.Uint32(head[lead:]))-4)
		if _, err := io.ReadFull(from, body); err != nil {
			return
		}
		kind := byte(0)
		if lead == 1 {
			kind = head[0]
		}
		forward, goOn := pass(kind, body)
		if forward {
			if _, err := to.Write(append(head, body...)); err != nil {
				return
			}
		}
		if !goOn {
			c.hangUp()
			return
		}
	}
}

// isClient: what we have accepted has our own address.
func (c *Cutter) isClient(conn net.Conn) bool {
	return conn.LocalAddr().String() == c.ln.Addr().String()
}

// request looks at a message of the client.
func (c *Cutter) request(kind byte, body []byte) (forward, goOn bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	sql := ""
	text := func(b []byte) string { s, _, _ := strings.Cut(string(b), "\x00"); return s }
	switch kind {
	case 'Q':
		sql = text(body)
	case 'P':
		name := text(body)
		sql = text(body[len(name)+1:])
		c.named[name] = sql
	case 'B':
		portal := text(body)
		sql = c.named[text(body[len(portal)+1:])]
	case 0, 'X':
		return true, true
	}
	if c.open {
		return true, true
	}
	c.open = true
	c.steps = append(c.steps, c.name(sql))
	if c.at == 0 || len(c.steps) != c.at {
		return true, true
	}
	c.wait = c.applied
	return c.applied, c.applied
}

// answer looks at a message of the server.
func (c *Cutter) answer(kind byte, _ []byte) (forward, goOn bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ready := kind == 'Z'
	if ready {
		c.open = false
	}
	if !c.wait || kind == 'G' { // without that one no rows are sent
		return true, true
	}
	return false, !ready
}
