// Package queue is the contract between intake and worker: an ordered stream of
// batches per intake node. The queue is a means of transport, never the record:
// the journal is behind it and Postgres in front, so whatever it loses is sent
// again, and whatever it doubles is dropped. Order, completeness and origin are
// proved by the batches themselves (numbers, chain, signature), not by the queue.
package queue

import (
	"context"
	"errors"

	"puntuale/internal/clickday"
)

// Entry is one batch as it lies in the stream of a node.
type Entry struct {
	ID    string // position in the stream, opaque; grows
	Frame []byte // package batch
}

// Mark is a node's promise: every record stamped before Watermark that this
// node will ever accept lies in batches up to LastBatch, and these have been
// appended to the stream.
type Mark struct {
	Watermark int64 // nanoseconds since 1970, UTC
	Journal   uint64
	LastBatch uint64
}

// Replay asks a node to append again from a batch on.
type Replay struct {
	Journal uint64
	Batch   uint64
}

// ErrUnavailable wraps every failure of the queue itself. The call may have had
// its effect or not; the caller does the same thing again later.
var ErrUnavailable = errors.New("queue: unavailable")

// ErrFewCopies says that an Append had its whole effect on the server that
// answered, but that fewer further servers than asked for have it too. It comes
// wrapped together with ErrUnavailable.
var ErrFewCopies = errors.New("queue: too few copies")

// Appender is the intake's side. One forwarder per node uses it; not safe for
// concurrent use.
type Appender interface {
	// Append adds frames to the node's stream in order and then sets its
	// mark, all or nothing as far as the queue can. After an error any part
	// may be there, after ErrFewCopies all of it is, on one server at least.
	// No frames just moves the mark. Success covers whatever that server had
	// been sent before. Not idempotent: repeated frames lie in the stream
	// twice, which consumers must stand.
	Append(ctx context.Context, node clickday.NodeID, frames [][]byte, mark Mark) error
	// WantedReplay returns the worker's standing request, or ok false.
	// Reading does not clear it; the worker does when it is content.
	WantedReplay(ctx context.Context, node clickday.NodeID) (r Replay, ok bool, err error)
	// LastMark returns the mark last set, or ok false when the queue knows none.
	LastMark(ctx context.Context, node clickday.NodeID) (m Mark, ok bool, err error)
}

// Consumer is the worker's side. Safe for concurrent use across nodes.
type Consumer interface {
	// Read returns up to limit entries after the position (""  is the
	// start), waiting a moment when there are none; none is not an error.
	Read(ctx context.Context, node clickday.NodeID, after string, limit int) ([]Entry, error)
	// LastMark as in Appender. Read the mark before the entries it speaks of.
	LastMark(ctx context.Context, node clickday.NodeID) (m Mark, ok bool, err error)
	// RequestReplay leaves a request for the node's forwarder, in place of
	// any earlier one. Idempotent.
	RequestReplay(ctx context.Context, node clickday.NodeID, r Replay) error
	// ClearReplay withdraws the request. Idempotent.
	ClearReplay(ctx context.Context, node clickday.NodeID) error
	// Trim may drop entries up to and including the position. Idempotent.
	Trim(ctx context.Context, node clickday.NodeID, through string) error
}
