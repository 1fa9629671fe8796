package clickday

import "time"

// StampSource says who took an arrival time.
type StampSource uint8

const (
	// StampKernel: the kernel, when the packet with the last byte came in.
	StampKernel StampSource = 1
	// StampUserSpace: our program, because the kernel gave no time.
	StampUserSpace StampSource = 2
)

// String returns the word used in lists and receipts.
func (s StampSource) String() string {
	switch s {
	case StampKernel:
		return "kernel"
	case StampUserSpace:
		return "user-space"
	default:
		return "unknown"
	}
}

// ClockState says how far the node's clock could be trusted at that moment.
type ClockState uint8

const (
	// ClockOK: enough time servers agree and the error bound is within policy.
	ClockOK ClockState = 1
	// ClockDegraded: the bound is wider than policy or servers are missing.
	ClockDegraded ClockState = 2
	// ClockUnknown: the node was started without a clock watch.
	ClockUnknown ClockState = 3
	// ClockRefused: nothing vouches for the clock (too few servers agree, or the
	// bound is wide), so the node opens no click day. Stamps carry it only for
	// days that were open before: in mid-event nothing is refused.
	ClockRefused ClockState = 4
)

// String returns the word used in lists and receipts.
func (s ClockState) String() string {
	switch s {
	case ClockOK:
		return "ok"
	case ClockDegraded:
		return "degraded"
	case ClockUnknown:
		return "unknown"
	case ClockRefused:
		return "refused"
	default:
		return "invalid"
	}
}

// Stamp is the arrival of a submission: when the last byte of the request
// reached the intake host, where, and with what uncertainty.
type Stamp struct {
	// UnixNano is the arrival in nanoseconds since 1970-01-01T00:00:00 UTC.
	UnixNano int64
	Source   StampSource
	Clock    ClockState
	// Bound is the greatest distance from UTC that the node's clock could
	// have had, as measured at that time. Zero means not measured.
	Bound time.Duration
	Node  NodeID
	// Journal is the random identity of the node's journal, Sequence the
	// position of the record in it, from 1. Together with Node they name one
	// durable record for ever.
	Journal  uint64
	Sequence uint64
}

// Time returns the arrival in UTC.
func (s Stamp) Time() time.Time { return time.Unix(0, s.UnixNano).UTC() }

// Earlier reports whether s precedes other in time. Ties are broken by the
// sequencer with the day's committed seed, not here.
func (s Stamp) Earlier(other Stamp) bool { return s.UnixNano < other.UnixNano }
