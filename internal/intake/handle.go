package intake

import (
	"bytes"
	"encoding/hex"
	"errors"
	"time"

	"github.com/valyala/fasthttp"

	"puntuale/internal/arrival"
	"puntuale/internal/clickday"
	"puntuale/internal/journal"
	"puntuale/internal/wire"
)

// handle answers one request.
func (s *Server) handle(ctx *fasthttp.RequestCtx) {
	defer s.rescue(ctx)
	c := ctx.Conn().(requestConn)
	f, code := checkFraming(&ctx.Request, c.take())
	if code != "" {
		s.refuseAndClose(ctx, code)
		return
	}
	path, query, _ := bytes.Cut(ctx.Request.Header.RequestURI(), []byte{'?'})
	switch {
	case string(path) == wire.PathSubmit:
		s.post(ctx, &f, c.arrival())
	case string(path) == wire.PathWarm:
		s.warm(ctx, &f, c)
	case c.mustShow():
		s.refuse(ctx, clickday.CodeTicketRequired, nil)
	case bytes.HasPrefix(path, []byte(wire.PathSubmit+"/")):
		s.get(ctx, func() { s.status(ctx, path[len(wire.PathSubmit)+1:]) })
	case string(path) == wire.PathTime:
		s.get(ctx, func() { s.time(ctx, query, c.arrival()) })
	case string(path) == wire.PathCalendar:
		s.get(ctx, func() { s.calendar(ctx) })
	default:
		s.refuse(ctx, clickday.CodeNotFound, nil)
	}
	if c.mustShow() {
		ctx.SetConnectionClose()
	}
}

// get runs an answer that only GET may have.
func (s *Server) get(ctx *fasthttp.RequestCtx, answer func()) {
	if !ctx.IsGet() {
		ctx.Response.Header.Set("Allow", "GET")
		s.refuse(ctx, clickday.CodeMethod, nil)
		return
	}
	answer()
}

// post checks what only a submission must fulfil.
func (s *Server) post(ctx *fasthttp.RequestCtx, f *framing, at arrival.Arrival) {
	switch {
	case !ctx.IsPost():
		ctx.Response.Header.Set("Allow", "POST")
		s.refuse(ctx, clickday.CodeMethod, nil)
	case !f.mediaIs(wire.TypeEnvelope):
		s.refuse(ctx, clickday.CodeMediaType, nil)
	case s.draining.Load():
		s.refuseAndClose(ctx, clickday.CodeShuttingDown)
	default:
		s.submit(ctx, ctx.Request.Body(), at)
	}
}

// submit is the way of an envelope to its acknowledgement.
func (s *Server) submit(ctx *fasthttp.RequestCtx, envelope []byte, at arrival.Arrival) {
	e, err := wire.ParseEnvelope(envelope)
	if err != nil {
		s.refuse(ctx, codeOf(err), nil)
		return
	}
	err = wire.CheckTicket(e.TicketBytes, &e.Ticket, s.cfg.Tickets, time.Unix(0, at.UnixNano))
	if err != nil && codeOf(err) != clickday.CodeTicketExpired {
		s.refuse(ctx, codeOf(err), nil)
		return
	}
	if err == nil {
		ctx.Conn().(requestConn).show(e.Ticket.Application) // an envelope is as good as its ticket
	}
	id := wire.IDOf(envelope)
	code, day := s.admit(&e.Ticket, at.UnixNano)
	if err != nil {
		code = clickday.CodeTicketExpired
	}
	if code != "" {
		s.repeatOrRefuse(ctx, id, code, day)
		return
	}
	s.append(ctx, id, envelope, at)
}

// admit asks the calendar, the clock watch and, if there is one, the bound of what
// one ticket may have stored; the code is "" if the click day is open for the model.
func (s *Server) admit(t *wire.Ticket, at int64) (clickday.Code, *clickday.Day) {
	code, day := s.opened(t, at)
	if j, ok := s.cfg.Journal.(limiting); code == "" && ok && !j.Allow(t) {
		return clickday.CodeTooMany, day
	}
	return code, day
}

// opened is admit without the allowance of the ticket.
func (s *Server) opened(t *wire.Ticket, at int64) (clickday.Code, *clickday.Day) {
	day := s.cfg.Calendar.Current().Find(t.Day)
	switch {
	case day == nil:
		return clickday.CodeUnknownDay, nil
	case !day.Accepts(t.Model):
		return clickday.CodeWrongModel, day
	}
	switch day.PhaseAt(at) {
	case clickday.PhaseBefore:
		return clickday.CodeTooEarly, day
	case clickday.PhaseAfter:
		return clickday.CodeTooLate, day
	case clickday.PhaseSuspended:
		return clickday.CodeSuspended, day
	}
	if !s.cfg.ClockAccepts(day.ID) {
		return clickday.CodeClockNotTrusted, day
	}
	return "", day
}

// repeatOrRefuse answers a submission that would not be taken now: if it had been
// taken before, with its acknowledgement, for that never lapses.
func (s *Server) repeatOrRefuse(ctx *fasthttp.RequestCtx, id clickday.SubmissionID, code clickday.Code, day *clickday.Day) {
	ack, ok, err := s.cfg.Journal.Acknowledgement(id)
	switch {
	case err != nil:
		s.failed(ctx, err)
	case ok:
		s.cfg.Metrics.Repeated.Inc()
		s.write(ctx, fasthttp.StatusOK, wire.TypeAcknowledgement, ack)
	default:
		s.refuse(ctx, code, day)
	}
}

// append makes the submission durable and answers.
func (s *Server) append(ctx *fasthttp.RequestCtx, id clickday.SubmissionID, envelope []byte, at arrival.Arrival) {
	state, bound := s.cfg.ClockState()
	stamp := clickday.Stamp{UnixNano: at.UnixNano, Source: at.Source, Clock: state, Bound: bound}
	out, err := s.cfg.Journal.Append(s.patience.wait(), id, stamp, envelope)
	if err != nil {
		s.failed(ctx, err)
		return
	}
	if out.Repeated {
		s.cfg.Metrics.Repeated.Inc()
	} else {
		s.cfg.Metrics.accepted(at.Source)
	}
	s.write(ctx, fasthttp.StatusOK, wire.TypeAcknowledgement, out.Acknowledgement)
}

// failed answers for a journal that did not do what it was asked.
func (s *Server) failed(ctx *fasthttp.RequestCtx, err error) {
	code, last := s.failure(err)
	if last {
		s.refuseAndClose(ctx, code)
		return
	}
	s.refuse(ctx, code, nil)
}

// failure is what to say of an error of the journal, and whether it is the last
// word on the connection.
func (s *Server) failure(err error) (code clickday.Code, last bool) {
	switch {
	case err == nil:
		return "", false
	case errors.Is(err, journal.ErrFull), errors.Is(err, journal.ErrNoCopy):
		return clickday.CodeOverloaded, false
	case errors.Is(err, errStalled):
		s.cfg.Metrics.Stalled.Inc()
		return clickday.CodeOverloaded, false
	case errors.Is(err, journal.ErrClosed), s.hard.Err() != nil:
		return clickday.CodeShuttingDown, true
	default:
		s.cfg.Log.Error("journal fails", "error", err)
		return clickday.CodeInternal, true
	}
}

// status answers what became of a submission that had no answer.
func (s *Server) status(ctx *fasthttp.RequestCtx, hexID []byte) {
	id, err := clickday.ParseSubmissionID(string(hexID))
	if err != nil {
		s.refuse(ctx, clickday.CodeNotFound, nil)
		return
	}
	s.repeatOrRefuse(ctx, id, clickday.CodeNotFound, nil)
}

// time answers with the node's clock.
func (s *Server) time(ctx *fasthttp.RequestCtx, query []byte, at arrival.Arrival) {
	t := wire.TimeAnswer{ReceivedAt: at.UnixNano, Source: at.Source, Node: s.cfg.Node}
	nonce, ok := bytes.CutPrefix(query, []byte("nonce="))
	if !ok || len(nonce) != 2*wire.NonceSize {
		s.refuse(ctx, clickday.CodeRequest, nil)
		return
	}
	if _, err := hex.Decode(t.Nonce[:], nonce); err != nil {
		s.refuse(ctx, clickday.CodeRequest, nil)
		return
	}
	t.Clock, t.Bound = s.cfg.ClockState()
	if c := s.cfg.Calendar.Current(); c != nil {
		t.CalendarVersion = c.Version
	}
	t.SentAt = s.cfg.Clock.Now().UnixNano()
	s.write(ctx, fasthttp.StatusOK, wire.TypeTime, wire.SealTime(&t, s.cfg.Key))
}

// calendar answers with the calendar that the node obeys.
func (s *Server) calendar(ctx *fasthttp.RequestCtx) {
	t := s.cfg.Calendar.Current()
	if t == nil {
		s.refuse(ctx, clickday.CodeNotFound, nil)
		return
	}
	s.write(ctx, fasthttp.StatusOK, wire.TypeCalendar, t.Signed)
}

func codeOf(err error) clickday.Code {
	var e *wire.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return clickday.CodeInternal
}
