package arrival

import (
	"net"
	"sync/atomic"
	"time"
)

// lag is by how much a deadline may be early, so that it is not set anew for
// every request.
const lag = time.Second

// deadline is a bound on waiting that is set only when somebody really waits.
type deadline struct {
	within atomic.Int64 // nanoseconds; 0 when a caller sets deadlines itself
	set    atomic.Int64 // the bound in force
	at     atomic.Int64 // when it was set, nanoseconds since 1970
}

// ReadWithin bounds how long a Read may wait, from its beginning; a wait may end
// up to a second early. It costs nothing where nothing has to be waited for. A
// deadline that is set afterwards takes its place.
func (c *Conn) ReadWithin(d time.Duration) { c.limit.within.Store(int64(d)) }

// SetReadDeadline implements net.Conn.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.limit.within.Store(0)
	c.limit.set.Store(0)
	return c.Conn.SetReadDeadline(t)
}

// SetDeadline implements net.Conn.
func (c *Conn) SetDeadline(t time.Time) error {
	c.limit.within.Store(0)
	c.limit.set.Store(0)
	c.writeBy.Store(!t.IsZero())
	return c.Conn.SetDeadline(t)
}

// SetWriteDeadline implements net.Conn.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.writeBy.Store(!t.IsZero())
	return c.Conn.SetWriteDeadline(t)
}

// renew sets the bound for a wait that begins now, if the one in force is another
// or too old. A connection that cannot be given one is closed: a read that
// fails is better than one that never ends.
func (d *deadline) renew(c net.Conn, now time.Time) {
	within := d.within.Load()
	age := now.UnixNano() - d.at.Load()
	if within == 0 || within == d.set.Load() && age >= 0 && age < min(int64(lag), within/4) {
		return
	}
	if c.SetReadDeadline(now.Add(time.Duration(within))) != nil {
		c.Close() // it is broken
		return
	}
	d.set.Store(within)
	d.at.Store(now.UnixNano())
}
