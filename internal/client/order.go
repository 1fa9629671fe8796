package client

import (
	"puntuale/internal/client/store"
)

// SetOrder puts the person's own order on disk: the applications named are sent
// in that order, before all others. What has been sent keeps its place; names
// that are not known are left out.
func (c *Client) SetOrder(applications []string) error {
	if c.Reader {
		return ErrReader
	}
	if !c.work.TryLock() {
		return ErrBusy
	}
	defer c.work.Unlock()
	defer c.touch()
	place := make(map[string]int, len(applications))
	for i, a := range applications {
		place[a] = i + 1
	}
	var changed []store.Record
	for _, r := range c.store.All() {
		rank := place[r.Application] // 0 comes after all named
		if r.State.Unsent() && r.Rank != rank {
			r.Rank = rank
			changed = append(changed, r)
		}
	}
	return c.store.Put(changed...)
}
