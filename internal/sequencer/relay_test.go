package sequencer

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

// cutter stands between a program and PostgreSQL, knows the protocol well enough
// to tell one round trip from the next, and cuts the connection at a chosen one:
// before the server has seen it, or after the server has done it and before
// anybody has heard of that.
type cutter struct {
	ln     net.Listener
	server string // socket

	mu      sync.Mutex
	steps   []string          // guarded by mu: what every round trip was about
	at      int               // guarded by mu: the one to cut at, from 1; 0 for none
	applied bool              // guarded by mu
	wait    bool              // guarded by mu: the answer of this one is awaited
	open    bool              // guarded by mu: a round trip is on its way
	named   map[string]string // guarded by mu: SQL of prepared statements
	conns   []net.Conn        // guarded by mu
}

// newCutter returns a relay to the server of an address, and the address that
// leads through it.
func newCutter(t *testing.T, address string) (*cutter, string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	dir := t.TempDir()
	c := &cutter{server: filepath.Join(q.Get("host"), ".s.PGSQL.5432"), named: map[string]string{}}
	if c.ln, err = net.Listen("unix", filepath.Join(dir, ".s.PGSQL.5432")); err != nil {
		t.Fatal(err)
	}
	go c.accept()
	t.Cleanup(func() { c.ln.Close(); c.hangUp() })
	q.Set("host", dir)
	u.RawQuery = q.Encode()
	return c, u.String()
}

// arm chooses the round trip to cut at, counted from here.
func (c *cutter) arm(at int, applied bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.steps, c.at, c.applied, c.wait = nil, at, applied, false
}

func (c *cutter) seen() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.steps...)
}

func (c *cutter) hangUp() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.conns {
		conn.Close()
	}
	c.conns, c.open, c.wait = nil, false, false
}

func (c *cutter) accept() {
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
func (c *cutter) carry(from, to net.Conn, pass func(kind byte, body []byte) (forward, goOn bool)) {
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
func (c *cutter) isClient(conn net.Conn) bool {
	return conn.LocalAddr().String() == c.ln.Addr().String()
}

// request looks at a message of the client.
func (c *cutter) request(kind byte, body []byte) (forward, goOn bool) {
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
	c.steps = append(c.steps, stepOf(sql))
	if c.at == 0 || len(c.steps) != c.at {
		return true, true
	}
	c.wait = c.applied
	return c.applied, c.applied
}

// answer looks at a message of the server.
func (c *cutter) answer(kind byte, _ []byte) (forward, goOn bool) {
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

// steps of the worker's transactions, by what their SQL contains.
var stepNames = [][2]string{
	{"pg_try_advisory_lock", "take the lead"}, {"SET application_name", "settings of the lead"}, {"SELECT node, public_key", "read the nodes"},
	{"FROM journals", "read the progress"}, {"INSERT INTO journals", "progress"}, {"INSERT INTO batches", "batches"},
	{"SELECT watermark", "read the mark of the node"}, {"COPY arrivals", "arrivals"}, {"WITH ORDINALITY", "known submissions"},
	{"COPY submissions", "insert"}, {"UPDATE submissions s SET\n\t\t(arrived", "merge"}, {"UPDATE intake_nodes", "mark"},
	{"min(watermark)", "lowest mark"}, {"SELECT d.id FROM click_days", "days that are due"}, {"seed, granularity", "lock the day"},
	{"OFFSET", "end of the round"}, {"LEFT JOIN submissions n", "read what is due"}, {"account_limits", "limits"},
	{"INSERT INTO ledgers", "make the ledger"}, {"SELECT size FROM ledgers", "lock the ledger"}, {"JOIN ledger_tiles", "edge of the ledger"},
	{"INTO ledger_tiles", "tiles and head"}, {"INTO ledger_heads", "tiles and head"}, {"UPDATE ledgers", "tiles and head"},
	{"SET number = nullif", "numbers"}, {"UPDATE click_days", "last number"}, {"savepoint", "savepoint"},
}

func stepOf(sql string) string {
	for _, n := range stepNames {
		if strings.Contains(sql, n[0]) {
			return n[1]
		}
	}
	return strings.Join(strings.Fields(sql), " ")
}
