package intake

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"puntuale/internal/clickday"
	"puntuale/internal/wire"
)

// ErrOlder says that a calendar is not newer than the one in force.
var ErrOlder = errors.New("calendar is not newer than the one in force")

// Timetable is a calendar in force. It never changes; a newer one replaces it.
type Timetable struct {
	clickday.Calendar
	Signed []byte // as it was received
}

// Find returns a click day, or nil; also of no timetable.
func (t *Timetable) Find(id clickday.DayID) *clickday.Day {
	if t == nil {
		return nil
	}
	return t.Day(id)
}

// Calendar holds the calendar in force and keeps it on the disk, so that a node
// that restarts without anybody to ask knows when to open. Versions never go
// back. Safe for concurrent use.
type Calendar struct {
	path string
	key  ed25519.PublicKey
	mu   sync.Mutex // held by Put
	cur  atomic.Pointer[Timetable]
}

// OpenCalendar reads the calendar kept at path, if there is one.
func OpenCalendar(path string, key ed25519.PublicKey) (*Calendar, error) {
	c := &Calendar{path: path, key: key}
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return nil, fmt.Errorf("intake: calendar: %w", err)
	}
	t, err := c.read(b)
	if err != nil {
		return nil, fmt.Errorf("intake: calendar %s: %w; remove the file to wait for a new one", path, err)
	}
	c.cur.Store(t)
	return c, nil
}

// Current returns the calendar in force, nil before the first one.
func (c *Calendar) Current() *Timetable { return c.cur.Load() }

// Put puts a signed calendar in force, once it is durable. The one in force
// again changes nothing and is no error. Errors carry the codes of
// wire.OpenCalendar, or are ErrOlder, or come from the disk.
func (c *Calendar) Put(signed []byte) (changed bool, err error) {
	t, err := c.read(signed)
	if err != nil {
		return false, fmt.Errorf("intake: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if cur := c.cur.Load(); cur != nil {
		if bytes.Equal(cur.Signed, signed) {
			return false, nil
		}
		if t.Version <= cur.Version {
			return false, fmt.Errorf("intake: version %d, in force is %d: %w", t.Version, cur.Version, ErrOlder)
		}
	}
	if err := keep(c.path, signed); err != nil {
		return false, fmt.Errorf("intake: keep calendar: %w", err)
	}
	c.cur.Store(t)
	return true, nil
}

func (c *Calendar) read(signed []byte) (*Timetable, error) {
	cal, err := wire.OpenCalendar(signed, c.key)
	if err != nil {
		return nil, err
	}
	return &Timetable{cal, bytes.Clone(signed)}, nil
}

// keep writes the file whole or not at all, and returns when it is durable.
func keep(path string, b []byte) error {
	dir := filepath.Dir(path)
	tmp, err := os.CreateTemp(dir, ".calendar-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // after the rename there is nothing to remove
	_, werr := tmp.Write(b)
	if err := errors.Join(werr, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
