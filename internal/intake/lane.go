package intake

import (
	"bytes"
	"context"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/journal"
	"puntuale/internal/wire"
)

// The fast lane takes the one kind of request that comes by the thousand: a
// whole, plain, new envelope for an open click day. It lies on the loop, below
// fasthttp, which never sees such a request, and nothing waits for the disk: the
// loop goes on to the next connection, and whoever committed the batch writes the
// answers. Everything else (any other request, any doubt, any refusal) is handed
// up untouched, as if the lane were not there. So the lane decides nothing that is
// not decided by the same rules above, and only ever says yes.

// Submitter is a Journal that tells a waiter instead of keeping a goroutine.
type Submitter interface {
	// Submit is as that of journal.Journal.
	Submit(ctx context.Context, id clickday.SubmissionID, stamp clickday.Stamp, envelope []byte, w journal.Waiter) bool
}

// requestLine is the beginning of every request in the lane.
var requestLine = []byte("POST " + wire.PathSubmit + " HTTP/1.1\r\n")

// openLane opens the lane if the journal can tell a waiter.
func (s *Server) openLane() {
	switch j := s.cfg.Journal.(type) {
	case Limited: // the lane has read the ticket and asks the allowance itself
		s.lane = &lane{server: s, journal: j.Journal, limit: j.Allowance}
	case Submitter:
		s.lane = &lane{server: s, journal: j}
	}
}

// lane is what connections share.
type lane struct {
	server  *Server
	journal Submitter
	limit   *Allowance // nil if there is none, or if the journal asks it
	head    atomic.Pointer[answerHead]
	known   [16]atomic.Pointer[knownHead]
}

// knownHead is the head of a request that fulfils every rule of framing. Clients of
// the same kind send the same heads, but for the length, over and over.
type knownHead struct {
	bytes  []byte
	length int // of the body that it announces
}

// answerHead is the beginning of an answer, which changes once a second.
type answerHead struct {
	second int64
	bytes  []byte
}

// whole is wholeRequest that recognises heads which it has seen.
func (l *lane) whole(b []byte) ([]byte, bool) {
	end := bytes.Index(b, []byte("\r\n\r\n")) + 4
	if end < 8 || len(b) > headerMax {
		return nil, false
	}
	place := &l.known[(len(b)^len(b)>>4)%len(l.known)] // of the same length, likely with the same head
	if k := place.Load(); k != nil && k.length == len(b)-end && bytes.Equal(k.bytes, b[:end]) {
		return b[end:], true
	}
	body, ok := wholeRequest(b)
	if ok {
		place.Store(&knownHead{bytes.Clone(b[:end]), len(body)})
	}
	return body, ok
}

// wholeRequest finds the body of a request that fulfils every rule of framing and
// is there as a whole, with nothing behind it.
func wholeRequest(b []byte) ([]byte, bool) {
	if len(b) > headerMax || !bytes.HasPrefix(b, requestLine) {
		return nil, false
	}
	end := bytes.Index(b, []byte("\r\n\r\n"))
	if end < 0 {
		return nil, false
	}
	end += 4
	headers := b[len(requestLine):end]
	f, ok := scanHeaders(headers)
	body := b[end:]
	if !ok || f.hosts != 1 || f.expected || f.chunked || f.lengths != 1 || f.length != len(body) || !f.mediaIs(wire.TypeEnvelope) || f.other {
		return nil, false
	}
	return body, true
}

// submit takes an envelope if there is nothing to say but yes.
func (l *lane) submit(c *counted, envelope []byte, now int64) bool {
	s := l.server
	if s.draining.Load() || c.mustShow() {
		return false
	}
	at := c.arrival()
	var e wire.Envelope
	if !s.welcome(&e, envelope, at.UnixNano) {
		return false
	}
	if l.limit != nil && !l.limit.Stored(&e.Ticket) {
		return false
	}
	state, bound := s.cfg.ClockState()
	stamp := clickday.Stamp{UnixNano: at.UnixNano, Source: at.Source, Clock: state, Bound: bound}
	c.source = at.Source
	c.owed.Store(true)
	c.base.Owe()
	if l.journal.Submit(s.patience.wait(), wire.IDOf(envelope), stamp, envelope, c) {
		c.base.ExpireAt(now + int64(s.cfg.Timeouts.Idle))
		return true
	}
	c.owed.Store(false)
	c.base.Paid()
	if l.limit != nil {
		l.limit.undo(&e.Ticket)
	}
	return false
}

// welcome reads an envelope and reports whether an envelope is to be stored at all.
func (s *Server) welcome(e *wire.Envelope, envelope []byte, at int64) (ok bool) {
	defer func() {
		if r := recover(); r != nil { // it will come again above, and be dealt with there
			ok = false
		}
	}()
	var err error
	if *e, err = wire.ParseEnvelope(envelope); err != nil || wire.CheckTicket(e.TicketBytes, &e.Ticket, s.cfg.Tickets, time.Unix(0, at)) != nil {
		return false
	}
	code, _ := s.opened(&e.Ticket, at)
	return code == ""
}

var answerBlocks = sync.Pool{New: func() any { b := make([]byte, 0, 2<<10); return &b }}

// Settled implements journal.Waiter.
func (c *counted) Settled(r journal.Receipt) {
	l := c.door.lane
	block := answerBlocks.Get().(*[]byte)
	err := r.Err()
	code, last := l.server.failure(err)
	if err != nil {
		l.server.cfg.Metrics.Refusals.WithLabelValues(string(code)).Inc()
		*block = l.server.problem(code, last)
	} else {
		l.server.cfg.Metrics.accepted(c.source)
		b := append((*block)[:0], l.answerHead()...)
		b = strconv.AppendInt(b, int64(r.Size()), 10)
		*block = r.Append(append(b, "\r\n\r\n"...))
	}
	if c.pay(*block) != nil || last {
		c.base.Close() // as was announced, or because the other end is gone
	}
	answerBlocks.Put(block)
}

// pay writes an answer, without waiting: what does not go at once is kept below.
func (c *counted) pay(b []byte) error {
	c.order.Lock()
	c.owed.Store(false) // what comes in now is answered after this
	again := c.wanted.Swap(false)
	err := c.post(b)
	c.order.Unlock()
	c.base.Paid()
	if again {
		c.base.Again()
	}
	return err
}

// answerHead returns an answer up to its length.
func (l *lane) answerHead() []byte {
	now := l.server.cfg.Clock.Now()
	h := l.head.Load()
	if h == nil || h.second != now.Unix() {
		h = &answerHead{now.Unix(), []byte("HTTP/1.1 200 OK\r\nDate: " + now.UTC().Format(http.TimeFormat) +
			"\r\nContent-Type: " + wire.TypeAcknowledgement + "\r\nCache-Control: no-store\r\nContent-Length: ")}
		l.head.Store(h)
	}
	return h.bytes
}
