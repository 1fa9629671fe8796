package client

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"sync"

	"puntuale/internal/clickday"
	"puntuale/internal/client/store"
	"puntuale/internal/wire"
)

// calendars is the newest signed calendar, in memory and on disk. It never
// goes back to an older version.
type calendars struct {
	store   *store.Store
	changed func()

	mu      sync.Mutex
	key     ed25519.PublicKey  // guarded by mu; pinned at the pairing
	current *clickday.Calendar // guarded by mu; never nil, never changed in place
}

func newCalendars(st *store.Store, changed func()) *calendars {
	return &calendars{store: st, changed: changed, current: &clickday.Calendar{}}
}

// pin sets the key that calendars are checked with and reads the stored one.
func (c *calendars) pin(key []byte) error {
	if len(key) != ed25519.PublicKeySize {
		return fmt.Errorf("calendar key of %d bytes: pair this computer again", len(key))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !bytes.Equal(c.key, key) {
		c.key, c.current = bytes.Clone(key), &clickday.Calendar{}
	}
	signed, err := c.store.Calendar()
	if err != nil || signed == nil {
		return err
	}
	cal, err := wire.OpenCalendar(signed, c.key)
	if err != nil {
		return nil //nolint:nilerr // of another pairing: the next sync brings the right one
	}
	c.current = &cal
	return nil
}

// forget goes back to knowing nothing.
func (c *calendars) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.key, c.current = nil, &clickday.Calendar{}
}

// Current returns the calendar in force; without any, one of version 0.
func (c *calendars) Current() *clickday.Calendar {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.current
}

// Offer takes signed bytes when they are genuine and newer.
func (c *calendars) Offer(signed []byte) (bool, error) {
	changed, err := c.offer(signed)
	if changed && c.changed != nil {
		c.changed()
	}
	return changed, err
}

func (c *calendars) offer(signed []byte) (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	cal, err := wire.OpenCalendar(signed, c.key)
	if err != nil {
		return false, fmt.Errorf("calendar: %w", err)
	}
	if cal.Version <= c.current.Version {
		return false, nil
	}
	if err := c.store.PutCalendar(signed); err != nil {
		return false, err
	}
	c.current = &cal
	return true, nil
}
