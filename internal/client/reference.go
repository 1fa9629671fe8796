package client

import (
	"context"
	"time"

	"puntuale/internal/client/timing"
)

// session is how long what the time servers said is good for. The servers of
// the national institute are asked once in a session, however often the
// program is started.
const session = 12 * time.Hour

// CheckTime asks the time servers of the settings, else those that the portal
// names, once in a session. What they say is shown; it decides nothing. A
// reference of this session that an earlier start has left on disk is as good.
func (c *Client) CheckTime(ctx context.Context) error {
	servers := c.timeServers()
	c.mu.Lock()
	known := c.reference
	c.mu.Unlock()
	if known == nil {
		known = c.keptReference()
	}
	if known != nil || len(servers) == 0 {
		return nil
	}
	r, err := timing.CheckNTP(ctx, servers, c.NTP, timing.Pause, c.base.Now())
	if ctx.Err() != nil {
		return err
	}
	c.mu.Lock()
	c.reference = &r
	c.mu.Unlock()
	c.touch()
	if kerr := c.store.PutReference(&r); kerr != nil {
		c.Log.Warn("what the time servers said is not kept", "err", kerr)
	}
	return err
}

func (c *Client) timeServers() []string {
	if len(c.TimeServers) > 0 {
		return c.TimeServers
	}
	p, _ := c.Profile()
	return p.NTPServers
}

// keptReference takes over what an earlier start has asked in this session.
func (c *Client) keptReference() *timing.Reference {
	var r timing.Reference
	found, err := c.store.Reference(&r)
	age := time.Duration(c.base.Now() - r.At)
	if err != nil || !found || age < 0 || age > session {
		return nil
	}
	c.mu.Lock()
	c.reference = &r
	c.mu.Unlock()
	c.touch()
	return &r
}
