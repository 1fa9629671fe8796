package clienttest

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"puntuale/internal/clickday"
	"puntuale/internal/wire"
)

// visit is what was asked for, and at which address.
type visit struct {
	warm bool
	path string
}

// guest is one connection to the ticketed address.
type guest struct{ ticketed atomic.Bool }

type guestKey struct{}

// guestOf returns nil at the public address.
func guestOf(r *http.Request) *guest {
	g, _ := r.Context().Value(guestKey{}).(*guest)
	return g
}

// OpenWarm gives the intake a ticketed address, before the first request. The
// test may close it, or cut its connections.
func (s *Server) OpenWarm(t testing.TB) {
	t.Helper()
	s.Warm = httptest.NewUnstartedServer(ticketsFirst(s.intakeRoutes()))
	s.Warm.Config.ConnContext = func(ctx context.Context, _ net.Conn) context.Context {
		return context.WithValue(ctx, guestKey{}, &guest{})
	}
	s.Warm.StartTLS()
	t.Cleanup(s.Warm.Close)
}

// ticketsFirst turns away, and closes, connections that begin with anything but
// a ticket or a submission.
func ticketsFirst(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asks := r.Method == http.MethodPost && (r.URL.Path == wire.PathWarm || r.URL.Path == wire.PathSubmit)
		if !guestOf(r).ticketed.Load() && !asks {
			w.Header().Set("Connection", "close")
			refuse(w, wire.NewProblem(clickday.CodeTicketRequired))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// RefuseTickets makes the intake answer every ticket with a problem; "" ends that.
func (s *Server) RefuseTickets(code clickday.Code) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.warmCode = code
}

// Visits returns how many requests came for a path, submissions or tickets, at
// the ticketed address or at the public one.
func (s *Server) Visits(warm bool, path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.visits[visit{warm, path}]
}

func (s *Server) showTicket(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	g := guestOf(r)
	s.mu.Lock()
	s.visits[visit{g != nil, r.URL.Path}]++
	code := s.warmCode
	s.mu.Unlock()
	t, err := wire.ParseTicket(raw)
	if err == nil {
		err = wire.CheckTicket(raw, &t, ring(s.ticket), s.clk.Now())
	}
	switch {
	case r.Header.Get("Content-Type") != wire.TypeTicket:
		code = clickday.CodeMediaType
	case err != nil:
		code = clickday.CodeTicketInvalid
	}
	if code != "" {
		w.Header().Set("Connection", "close")
		refuse(w, wire.NewProblem(code))
		return
	}
	if g != nil {
		g.ticketed.Store(true)
	}
	w.WriteHeader(http.StatusNoContent)
}
