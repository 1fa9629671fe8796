// Package timing keeps the time for the moment of sending: how far the intake's
// clock is from this machine's, how sure that is, when to let go, how to wait
// for that instant precisely, and how long to wait before a repeat.
//
// Nothing here sets the machine's clock, and nothing trusts it: local instants
// are measured on the monotonic clock from one anchor, so that a step of the
// wall clock while waiting moves nothing.
package timing

import (
	"time"

	"puntuale/internal/clock"
)

// Base turns the machine's monotonic clock into nanoseconds since 1970 as the
// wall clock had them at one anchor. It is safe for concurrent use.
type Base struct {
	clk    clock.Clock
	anchor time.Time
}

// NewBase anchors the local time at now.
func NewBase(clk clock.Clock) *Base { return &Base{clk: clk, anchor: clk.Now()} }

// Now returns the local instant in nanoseconds since 1970.
func (b *Base) Now() int64 { return b.anchor.UnixNano() + int64(b.clk.Now().Sub(b.anchor)) }

// At returns the clock reading that belongs to a local instant.
func (b *Base) At(local int64) time.Time {
	return b.anchor.Add(time.Duration(local - b.anchor.UnixNano()))
}

// Slept returns by how much the wall clock has gone ahead of the monotonic one
// since the anchor (negative: behind). After a suspend, or when somebody sets
// the clock, it is large, and everything measured before is worth nothing.
func (b *Base) Slept() time.Duration {
	now := b.clk.Now()
	return now.Round(0).Sub(b.anchor.Round(0)) - now.Sub(b.anchor)
}
