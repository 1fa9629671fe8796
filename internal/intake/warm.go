package intake

import (
	"time"

	"github.com/valyala/fasthttp"

	"puntuale/internal/clickday"
	"puntuale/internal/wire"
)

// warm lets a connection stay that shows a good ticket: on the ticketed listener
// it has to, elsewhere it changes nothing. Nothing is stored.
func (s *Server) warm(ctx *fasthttp.RequestCtx, f *framing, c requestConn) {
	switch {
	case !ctx.IsPost():
		ctx.Response.Header.Set("Allow", "POST")
		s.refuse(ctx, clickday.CodeMethod, nil)
		return
	case !f.mediaIs(wire.TypeTicket):
		s.refuse(ctx, clickday.CodeMediaType, nil)
		return
	}
	raw := ctx.Request.Body()
	t, err := wire.ParseTicket(raw)
	if err == nil {
		err = wire.CheckTicket(raw, &t, s.cfg.Tickets, time.Unix(0, c.arrival().UnixNano))
	}
	if err != nil {
		s.refuse(ctx, codeOf(err), nil)
		return
	}
	day := s.cfg.Calendar.Current().Find(t.Day)
	switch {
	case day == nil:
		s.refuse(ctx, clickday.CodeUnknownDay, nil)
	case day.PhaseAt(c.arrival().UnixNano) == clickday.PhaseAfter:
		s.refuse(ctx, clickday.CodeTooLate, day)
	case !c.show(t.Application):
		s.refuseAndClose(ctx, clickday.CodeOverloaded)
	default:
		ctx.Response.Header.Set("Cache-Control", "no-store")
		ctx.SetStatusCode(fasthttp.StatusNoContent)
	}
}
