// Package queuetest holds what tests of both sides of the queue need: an
// in-memory queue that fails on demand, and the suite that every queue passes.
package queuetest

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/queue"
)

// Call names a method of the contract.
type Call string

// The calls that Memory can be told to fail.
const (
	CallAppend        Call = "append"
	CallWantedReplay  Call = "wanted replay"
	CallLastMark      Call = "last mark"
	CallRead          Call = "read"
	CallRequestReplay Call = "request replay"
	CallClearReplay   Call = "clear replay"
	CallTrim          Call = "trim"
)

// Fault is what becomes of one call.
type Fault int

const (
	// None: it works.
	None Fault = iota
	// NotApplied: it fails and has done nothing.
	NotApplied
	// Applied: it fails, yet has had its effect.
	Applied
	// Half: an Append that fails after its first frame, without the mark;
	// NotApplied for every other call.
	Half
)

// Memory is a queue in this process. The zero value is empty and ready. It is
// safe for concurrent use.
type Memory struct {
	// Decide is asked before every call, under no lock; nil means None. Set
	// it before use.
	Decide func(Call, clickday.NodeID) Fault

	mu      sync.Mutex
	nodes   map[clickday.NodeID]*stream // guarded by mu
	counter uint64                      // of the last entry; guarded by mu
	added   chan struct{}               // closed at the next Append; guarded by mu
}

type stream struct {
	entries []queue.Entry
	mark    *queue.Mark
	replay  *queue.Replay
}

// do runs f under the lock as the fault says.
func (m *Memory) do(call Call, node clickday.NodeID, f func(*stream, Fault)) error {
	fault := None
	if m.Decide != nil {
		fault = m.Decide(call, node)
	}
	if fault != NotApplied && (fault != Half || call == CallAppend) {
		m.mu.Lock()
		f(m.stream(node), fault)
		m.mu.Unlock()
	}
	if fault == None {
		return nil
	}
	return fmt.Errorf("%w: %s of node %d: injected", queue.ErrUnavailable, call, node)
}

func (m *Memory) stream(node clickday.NodeID) *stream {
	if m.nodes == nil {
		m.nodes = make(map[clickday.NodeID]*stream)
	}
	s := m.nodes[node]
	if s == nil {
		s = &stream{}
		m.nodes[node] = s
	}
	return s
}

// Lose drops everything and starts positions again, like a queue whose disk is gone.
func (m *Memory) Lose() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.nodes, m.counter = nil, 0
}

// Entries returns a copy of what lies in the stream of a node.
func (m *Memory) Entries(node clickday.NodeID) []queue.Entry {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.stream(node).entries)
}

// Append implements queue.Appender.
func (m *Memory) Append(_ context.Context, node clickday.NodeID, frames [][]byte, mark queue.Mark) error {
	return m.do(CallAppend, node, func(s *stream, fault Fault) {
		for i, f := range frames {
			if fault == Half && i > 0 {
				break
			}
			m.counter++
			s.entries = append(s.entries, queue.Entry{ID: strconv.FormatUint(m.counter, 10), Frame: slices.Clone(f)})
		}
		if fault != Half {
			s.mark = &mark
		}
		if m.added != nil {
			close(m.added)
			m.added = nil
		}
	})
}

// WantedReplay implements queue.Appender.
func (m *Memory) WantedReplay(_ context.Context, node clickday.NodeID) (r queue.Replay, ok bool, err error) {
	err = m.do(CallWantedReplay, node, func(s *stream, _ Fault) {
		if s.replay != nil {
			r, ok = *s.replay, true
		}
	})
	if err != nil {
		return queue.Replay{}, false, err
	}
	return r, ok, nil
}

// LastMark implements queue.Appender and queue.Consumer.
func (m *Memory) LastMark(_ context.Context, node clickday.NodeID) (mark queue.Mark, ok bool, err error) {
	err = m.do(CallLastMark, node, func(s *stream, _ Fault) {
		if s.mark != nil {
			mark, ok = *s.mark, true
		}
	})
	if err != nil {
		return queue.Mark{}, false, err
	}
	return mark, ok, nil
}

// pause is how long Read waits for entries when there are none.
const pause = 2 * time.Millisecond

// Read implements queue.Consumer.
func (m *Memory) Read(ctx context.Context, node clickday.NodeID, after string, limit int) ([]queue.Entry, error) {
	out, added, err := m.read(node, after, limit)
	if err != nil || len(out) > 0 {
		return out, err
	}
	select {
	case <-added:
	case <-ctx.Done():
	case <-time.After(pause):
		return nil, nil
	}
	out, _, err = m.read(node, after, limit)
	return out, err
}

func (m *Memory) read(node clickday.NodeID, after string, limit int) ([]queue.Entry, <-chan struct{}, error) {
	var from uint64
	if after != "" {
		var err error
		if from, err = strconv.ParseUint(after, 10, 64); err != nil {
			return nil, nil, fmt.Errorf("%w: position %q", queue.ErrUnavailable, after)
		}
	}
	var out []queue.Entry
	var added chan struct{}
	err := m.do(CallRead, node, func(s *stream, _ Fault) {
		if n := len(s.entries); n > 0 && position(s.entries[n-1]) < from {
			from = 0 // the position is gone
		}
		for _, e := range s.entries {
			if position(e) > from && len(out) < limit {
				out = append(out, e)
			}
		}
		if m.added == nil {
			m.added = make(chan struct{})
		}
		added = m.added
	})
	if err != nil {
		return nil, nil, err
	}
	return out, added, nil
}

func position(e queue.Entry) uint64 {
	n, err := strconv.ParseUint(e.ID, 10, 64)
	if err != nil { // written by Append alone
		panic(err)
	}
	return n
}

// RequestReplay implements queue.Consumer.
func (m *Memory) RequestReplay(_ context.Context, node clickday.NodeID, r queue.Replay) error {
	return m.do(CallRequestReplay, node, func(s *stream, _ Fault) { s.replay = &r })
}

// ClearReplay implements queue.Consumer.
func (m *Memory) ClearReplay(_ context.Context, node clickday.NodeID) error {
	return m.do(CallClearReplay, node, func(s *stream, _ Fault) { s.replay = nil })
}

// Trim implements queue.Consumer.
func (m *Memory) Trim(_ context.Context, node clickday.NodeID, through string) error {
	if through == "" {
		return nil
	}
	upTo, err := strconv.ParseUint(through, 10, 64)
	if err != nil {
		return fmt.Errorf("%w: position %q", queue.ErrUnavailable, through)
	}
	return m.do(CallTrim, node, func(s *stream, _ Fault) {
		s.entries = slices.DeleteFunc(s.entries, func(e queue.Entry) bool { return position(e) <= upTo })
	})
}
