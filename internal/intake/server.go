// Package intake is the hot path: it receives envelopes, takes the time at which
// they arrived, checks framing, ticket and opening, makes them durable and
// answers with a signed acknowledgement. It speaks docs/protocol.md over HTTP/1.1
// and TLS 1.3:
//
//	POST /v1/s             an envelope; 200 and an acknowledgement, or a problem
//	GET  /v1/s/{id}        the acknowledgement again, after a lost answer
//	GET  /v1/time?nonce=…  the node's clock, signed
//	GET  /v1/calendar      the signed calendar that the node obeys
//	POST /v1/warm          a ticket; 204, and the connection may stay on the ticketed listener
//
// A second listener, if there is one, keeps room for clients with a ticket,
// whatever happens on the public one. Both serve the same.
//
// There is no database here, no look-up, no check of a signature and no
// decompression; what is wrong inside an envelope is the worker's to find.
package intake

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
	"golang.org/x/sync/errgroup"

	"puntuale/internal/arrival"
	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/journal"
	"puntuale/internal/wire"
)

const (
	headerMax  = 4 << 10
	closeEvery = 50 * time.Millisecond
	// slack is by how many connections fasthttp may lag behind the doors,
	// which are what bounds them.
	slack = 1024
)

// Journal is where submissions become durable. Safe for concurrent use.
type Journal interface {
	// Append returns once the submission is durable, or an error of package
	// journal. The same id again returns the same acknowledgement.
	Append(ctx context.Context, id clickday.SubmissionID, stamp clickday.Stamp, envelope []byte) (journal.Outcome, error)
	// Acknowledgement returns the answer of a durable submission.
	Acknowledgement(id clickday.SubmissionID) (ack []byte, ok bool, err error)
}

// Config is what a server needs.
type Config struct {
	Node     clickday.NodeID
	Key      ed25519.PrivateKey // signs time answers
	Tickets  wire.KeyRing
	Calendar *Calendar
	Journal  Journal
	Listener *arrival.Listener
	TLS      *tls.Config // nil speaks plain HTTP
	Clock    clock.Clock
	// ClockState tells how far the node's clock can be trusted, and its
	// greatest distance from UTC (0 is not measured). Nil means unknown.
	ClockState func() (clickday.ClockState, time.Duration)
	// ClockAccepts tells whether a click day that is open by the calendar is open
	// by the clock too. It is asked for each submission and must not wait. Nil
	// means always.
	ClockAccepts func(clickday.DayID) bool
	// MaxConns bounds the open connections, and with them memory. 0 means 65,536.
	MaxConns int
	// Warm, if not nil, is the listener for clients with a ticket; WarmConns
	// bounds its connections, which do not count in MaxConns. 0 means 16,384.
	Warm      *arrival.Listener
	WarmConns int
	// Handshakes is how many TLS handshakes a second the public listener may
	// begin around an opening. 0 means any number.
	Handshakes int
	Timeouts   Timeouts
	Log        *slog.Logger
	Metrics    *Metrics
}

// Server answers the clients of one or two listeners.
type Server struct {
	cfg      Config
	http     fasthttp.Server
	doors    []*door // the public one first
	patience *patience
	safe     safeAnswer
	lane     *lane // nil if the journal cannot
	draining atomic.Bool
	soft     context.Context // ends when the end begins
	drain    context.CancelFunc
	hard     context.Context // ends when waiting for the disk must end too
	cut      context.CancelFunc
}

// New returns a server that does not serve yet.
func New(cfg Config) (*Server, error) {
	if cfg.Calendar == nil || cfg.Journal == nil || cfg.Listener == nil || cfg.Tickets == nil || len(cfg.Key) != ed25519.PrivateKeySize {
		return nil, errors.New("intake: key, tickets, calendar, journal and listener must be given")
	}
	if cfg.ClockState == nil {
		cfg.ClockState = func() (clickday.ClockState, time.Duration) { return clickday.ClockUnknown, 0 }
	}
	if cfg.ClockAccepts == nil {
		cfg.ClockAccepts = func(clickday.DayID) bool { return true }
	}
	cfg.MaxConns, cfg.WarmConns = orElse(cfg.MaxConns, 65536), orElse(cfg.WarmConns, 16384)
	cfg.Timeouts.fill()
	s := &Server{cfg: cfg}
	s.soft, s.drain = context.WithCancel(context.Background())
	s.hard, s.cut = context.WithCancel(context.Background())
	s.patience = newPatience(s.hard)
	s.openLane()
	s.openDoors()
	s.http = fasthttp.Server{
		Handler: s.handle, ErrorHandler: s.handleError, ExpectHandler: s.handleExpect,
		Concurrency:    cfg.MaxConns + cfg.WarmConns + slack,
		ReadBufferSize: headerMax, MaxRequestBodySize: wire.EnvelopeMax,
		ReadTimeout: cfg.Timeouts.Read, WriteTimeout: cfg.Timeouts.Write, IdleTimeout: cfg.Timeouts.Idle,
		ReduceMemoryUsage: true, CloseOnShutdown: true,
		DisablePreParseMultipartForm: true, SecureErrorLogMessage: true,
		NoDefaultServerHeader: true, NoDefaultContentType: true,
		Logger: logger{cfg.Log},
	}
	return s, nil
}

// Serve answers until Shutdown. It returns nil then.
func (s *Server) Serve() error {
	go s.patience.run(s.hard, s.cfg.Timeouts.Append)
	go s.trim(s.soft)
	go s.expire(s.hard)
	var group errgroup.Group
	for _, d := range s.doors {
		group.Go(d.run)
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("intake: %w", err)
	}
	return nil
}

// Shutdown stops accepting, answers what is in flight and closes the rest. When
// ctx ends first, connections are cut: whoever got no answer repeats.
func (s *Server) Shutdown(ctx context.Context) error {
	s.draining.Store(true)
	s.drain()
	defer s.cut()
	for _, d := range s.doors {
		if err := d.Listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			s.cfg.Log.Error("a listener could not be closed", "error", err)
		}
	}
	tick := time.NewTicker(closeEvery)
	defer tick.Stop()
	for {
		s.closeConns(true)
		if s.standing() == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			s.closeConns(false)
			return fmt.Errorf("intake: shut down: %w", ctx.Err())
		case <-tick.C:
		}
	}
}

// logger hands the lines of fasthttp on; they are about single connections.
type logger struct{ log *slog.Logger }

// Printf implements fasthttp.Logger.
func (l logger) Printf(format string, args ...any) { l.log.Debug(fmt.Sprintf(format, args...)) }
