package intake

import (
	"bytes"
	"context"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"puntuale/internal/arrival"
	"puntuale/internal/clickday"
	"puntuale/internal/journal"
	"puntuale/internal/wire"
)

// The fast lane takes the one kind of request that comes by the thousand: a
// whole, plain, new envelope for an open click day. It lies below fasthttp, which
// never sees such a request, and nothing waits for the disk: the reader goes on
// to the next request, and whoever committed the batch writes the answers.
// Everything else (any other request, any doubt, any refusal) is handed up
// untouched, as if the lane were not there. So the lane decides nothing that is
// not decided by the same rules above, and only ever says yes.

// Submitter is a Journal that tells a waiter instead of keeping a goroutine.
type Submitter interface {
	// Submit is as that of journal.Journal.
	Submit(ctx context.Context, id clickday.SubmissionID, stamp clickday.Stamp, envelope []byte, w journal.Waiter) bool
}

// laneBlock is a whole request of ordinary size; larger ones go the other way.
type laneBlock [headerMax]byte

var laneBlocks = sync.Pool{New: func() any { return new(laneBlock) }}

// requestLine is the beginning of every request in the lane.
var requestLine = []byte("POST " + wire.PathSubmit + " HTTP/1.1\r\n")

// openLane opens the lane if the journal can tell a waiter.
func (s *Server) openLane() {
	if j, ok := s.cfg.Journal.(Submitter); ok {
		s.lane = &lane{server: s, journal: j}
	}
}

// lane is what connections share.
type lane struct {
	server  *Server
	journal Submitter
	head    atomic.Pointer[answerHead]
}

// answerHead is the beginning of an answer, which changes once a second.
type answerHead struct {
	second int64
	bytes  []byte
}

// ride is the part of a connection that is in the lane.
type ride struct {
	base  *arrival.Conn
	first [1]byte
	// ahead is what was read and then handed up; the reader's own.
	ahead []byte
	block *laneBlock
	fault error // that comes after ahead
	// busy is held while an answer is owed: from the reader's Submit until the
	// answer has been written.
	busy   sync.Mutex
	source clickday.StampSource // of the answer that is owed
	secure bool
}

// read is Read of a connection in the lane. Between two requests it serves what
// it can; what it hands up is byte for byte what came in.
func (c *counted) rideRead(b []byte) (int, error) {
	if len(c.ahead) > 0 {
		return c.handUp(b), nil
	}
	if c.fault != nil {
		return 0, c.fault
	}
	if c.read > 0 { // in the middle of a request that went up
		return c.Conn.Read(b)
	}
	limits := &c.door.lane.server.cfg.Timeouts
	for again := false; ; again = true {
		if again { // the first time the deadline of whoever calls is in force
			c.base.ReadWithin(limits.Idle)
		}
		n, err := c.Conn.Read(c.first[:])
		c.settled() // the answer to the request before comes first
		if n == 0 {
			return 0, err
		}
		c.block = laneBlocks.Get().(*laneBlock)
		c.block[0] = c.first[0]
		c.base.ReadWithin(limits.Read)
		have := 1
		if c.first[0] == requestLine[0] {
			n, c.fault = c.Conn.Read(c.block[1:])
			have += n
		}
		if envelope, ok := wholeRequest(c.block[:have]); ok && c.fault == nil && c.door.lane.submit(c, envelope) {
			laneBlocks.Put(c.block)
			c.block = nil
			continue
		}
		c.ahead = c.block[:have]
		return c.handUp(b), nil
	}
}

// handUp gives out what was read for the lane and did not belong there.
func (c *counted) handUp(b []byte) int {
	n := copy(b, c.ahead)
	if c.ahead = c.ahead[n:]; len(c.ahead) == 0 {
		laneBlocks.Put(c.block)
		c.ahead, c.block = nil, nil
	}
	return n
}

// wholeRequest finds the body of a request that fulfils every rule of framing and
// is there as a whole, with nothing behind it.
func wholeRequest(b []byte) ([]byte, bool) {
	if !bytes.HasPrefix(b, requestLine) {
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
func (l *lane) submit(c *counted, envelope []byte) bool {
	s := l.server
	if s.draining.Load() || c.mustShow() {
		return false
	}
	at := c.arrival()
	if !s.welcome(envelope, at.UnixNano) {
		return false
	}
	state, bound := s.cfg.ClockState()
	stamp := clickday.Stamp{UnixNano: at.UnixNano, Source: at.Source, Clock: state, Bound: bound}
	c.source = at.Source
	c.busy.Lock()
	c.base.Owe()
	if l.journal.Submit(s.patience.wait(), wire.IDOf(envelope), stamp, envelope, c) {
		return true
	}
	c.paid()
	return false
}

// welcome reports whether an envelope is to be stored at all.
func (s *Server) welcome(envelope []byte, at int64) (ok bool) {
	defer func() {
		if r := recover(); r != nil { // it will come again above, and be dealt with there
			ok = false
		}
	}()
	e, err := wire.ParseEnvelope(envelope)
	if err != nil || wire.CheckTicket(e.TicketBytes, &e.Ticket, s.cfg.Tickets, time.Unix(0, at)) != nil {
		return false
	}
	code, _ := s.admit(&e.Ticket, at)
	return code == ""
}

// settled waits until no answer is owed.
func (c *counted) settled() {
	c.busy.Lock()
	defer c.busy.Unlock()
}

func (c *counted) paid() {
	c.base.Paid()
	c.busy.Unlock()
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
	if !c.tryWrite(*block) {
		return // somebody else writes, and keeps the block
	}
	answerBlocks.Put(block)
	if last {
		c.base.Close() // as was announced
	}
	c.paid()
}

// tryWrite writes an answer if that needs no waiting. If it does, a goroutine
// finishes and pays, and tryWrite returns false.
func (c *counted) tryWrite(b []byte) bool {
	if c.secure {
		if c.base.Unsent() == 0 {
			if _, err := c.Conn.Write(b); err != nil {
				c.base.Close() // the reader finds out
			}
			return true
		}
		go c.finish(b)
		return false
	}
	n, err := c.base.TryWrite(b)
	switch {
	case err != nil:
		c.base.Close() // the reader finds out
	case n < len(b):
		go c.finish(b[n:])
		return false
	}
	return true
}

// finish writes the rest of an answer to a client that does not read fast enough.
func (c *counted) finish(b []byte) {
	defer c.paid()
	now := c.door.lane.server.cfg.Clock.Now()
	if c.base.SetWriteDeadline(now.Add(c.door.lane.server.cfg.Timeouts.Write)) != nil {
		return // it is closed
	}
	if _, err := c.Conn.Write(b); err != nil {
		c.base.Close() // half an answer is none
	}
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
