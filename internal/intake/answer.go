package intake

import (
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"strconv"

	"github.com/valyala/fasthttp"

	"puntuale/internal/clickday"
	"puntuale/internal/wire"
)

// retryAfterMax is the longest wait asked for, in seconds; the wait is drawn, so
// that those who were refused together do not come back together.
const retryAfterMax = 4

// refuse answers with the problem of a code. Day, if not nil, is the click day
// that the request is about.
func (s *Server) refuse(ctx *fasthttp.RequestCtx, code clickday.Code, day *clickday.Day) {
	s.cfg.Metrics.Refusals.WithLabelValues(string(code)).Inc()
	p := wire.NewProblem(code)
	p.ServerTime = s.cfg.Clock.Now().UnixNano()
	if c, ok := ctx.Conn().(requestConn); ok {
		p.ReceivedAt = c.arrival().UnixNano
	}
	if t := s.cfg.Calendar.Current(); t != nil {
		p.CalendarVersion = t.Version
	}
	if day != nil {
		p.OpensAt = day.Opens
	}
	if p.Status == fasthttp.StatusServiceUnavailable {
		ctx.Response.Header.Set("Retry-After", retryAfter())
	}
	s.write(ctx, p.Status, wire.TypeProblem, p.Bytes())
}

func retryAfter() string { return strconv.Itoa(1 + rand.IntN(retryAfterMax)) }

// refuseAndClose is for requests after which the connection cannot be trusted to
// be at the beginning of another one.
func (s *Server) refuseAndClose(ctx *fasthttp.RequestCtx, code clickday.Code) {
	s.refuse(ctx, code, nil)
	ctx.SetConnectionClose()
}

func (s *Server) write(ctx *fasthttp.RequestCtx, status int, mediaType string, body []byte) {
	ctx.Response.Header.Set("Cache-Control", "no-store")
	ctx.Response.Header.SetContentType(mediaType)
	ctx.SetStatusCode(status)
	ctx.Response.SetBodyRaw(body)
}

// handleError answers requests that fasthttp could not read; the connection is
// closed after it.
func (s *Server) handleError(ctx *fasthttp.RequestCtx, err error) {
	code := clickday.CodeRequest
	switch {
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		code = clickday.CodeOversized
	case errors.Is(err, fasthttp.ErrDuplicateContentLength):
		code = clickday.CodeLength
	case errors.Is(err, os.ErrDeadlineExceeded):
		s.cfg.Metrics.Slow.Inc()
		code = clickday.CodeTruncated
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		code = clickday.CodeTruncated
	}
	s.refuse(ctx, code, nil)
}

// handleExpect answers what asks for permission to send its body.
func (s *Server) handleExpect(ctx *fasthttp.RequestCtx) int {
	s.refuse(ctx, clickday.CodeRequest, nil)
	return ctx.Response.StatusCode()
}

// rescue turns a panic into an answer; the process lives on for the others.
func (s *Server) rescue(ctx *fasthttp.RequestCtx) {
	if r := recover(); r != nil {
		s.cfg.Metrics.Panics.Inc()
		s.cfg.Log.Error("panic while answering", "panic", r, "stack", string(debug.Stack()))
		ctx.Response.Reset()
		s.refuseAndClose(ctx, clickday.CodeInternal)
	}
}
