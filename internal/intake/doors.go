package intake

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"puntuale/internal/arrival"
	"puntuale/internal/clickday"
	"puntuale/internal/wire"
)

// Timeouts bounds how long one connection may keep what it holds. A zero means
// the default.
type Timeouts struct {
	Read   time.Duration // of a handshake, and of one request from its first byte: 5 s
	Write  time.Duration // of one answer: 5 s
	Idle   time.Duration // between two requests: 3 min, for clients ask the time more often
	Append time.Duration // for the disk, then the answer is "overloaded": 5 s
	Turn   time.Duration // for a handshake around an opening: 3 s
}

func (t *Timeouts) fill() {
	t.Read = cmp.Or(t.Read, 5*time.Second)
	t.Write = cmp.Or(t.Write, 5*time.Second)
	t.Idle = cmp.Or(t.Idle, 3*time.Minute)
	t.Append = cmp.Or(t.Append, 5*time.Second)
	t.Turn = cmp.Or(t.Turn, 3*time.Second)
}

func orElse(n, standard int) int { return cmp.Or(n, standard) }

// openDoors makes the doors of the listeners.
func (s *Server) openDoors() {
	public := s.newDoor(s.cfg.Listener, s.cfg.MaxConns, "public")
	if s.cfg.TLS != nil && s.cfg.Handshakes > 0 {
		public.limit = newHandshakeLimit(s.cfg.Handshakes, s.cfg.Timeouts.Turn, s.cfg.Calendar, s.cfg.Clock, s.soft)
	}
	s.doors = []*door{public}
	if s.cfg.Warm == nil {
		return
	}
	warm := s.newDoor(s.cfg.Warm, s.cfg.WarmConns, "warm")
	warm.warm = true
	s.doors = append(s.doors, warm)
	m := s.cfg.Metrics
	m.Watch("intake_warm_connections", "Open connections of the ticketed listener.", func() float64 { return float64(warm.open.Load()) })
	m.Watch("intake_warm_ticketed", "Those of them that have shown a ticket.", func() float64 { return float64(warm.ticketed()) })
}

func (s *Server) newDoor(ln *arrival.Listener, room int, name string) *door {
	return &door{
		Listener: ln, tls: s.cfg.TLS, max: int64(room), told: make(chan struct{}, farewells),
		full:  func(c net.Conn) { sayFull(c, s.fullAnswer(), s.cfg.Clock.Now()) },
		count: s.cfg.Metrics.door(name), lane: s.lane, clock: s.cfg.Clock, log: s.cfg.Log,
		serve: s.serveOne, first: s.cfg.Timeouts.Read, idle: s.cfg.Timeouts.Idle,
	}
}

// fullAnswer is a whole response for a connection that there is no room for.
func (s *Server) fullAnswer() []byte {
	return s.problem(clickday.CodeOverloaded, true)
}

// problem is a whole response for whoever fasthttp does not answer, the last one
// on its connection or not.
func (s *Server) problem(code clickday.Code, last bool) []byte {
	p := wire.NewProblem(code)
	p.ServerTime = s.cfg.Clock.Now().UnixNano()
	if t := s.cfg.Calendar.Current(); t != nil {
		p.CalendarVersion = t.Version
	}
	body := p.Bytes()
	head := "HTTP/1.1 " + strconv.Itoa(p.Status) + " " + http.StatusText(p.Status) + "\r\nCache-Control: no-store\r\nContent-Type: " + wire.TypeProblem
	if last {
		head += "\r\nConnection: close"
	}
	if p.Status == http.StatusServiceUnavailable {
		head += "\r\nRetry-After: " + retryAfter()
	}
	return append([]byte(head+"\r\nContent-Length: "+strconv.Itoa(len(body))+"\r\n\r\n"), body...)
}

// Safe returns the watermark of the node: the smallest of its listeners, as
// arrival.Listener.Safe says.
//
// It looks at every connection, so it answers from memory when it is asked again
// soon: what was safe then is safe now.
func (s *Server) Safe() int64 {
	s.safe.mu.Lock()
	defer s.safe.mu.Unlock()
	now := s.cfg.Clock.Now()
	if age := now.Sub(s.safe.at); age >= 0 && age < safeEvery {
		return s.safe.instant
	}
	low := s.doors[0].Safe()
	for _, d := range s.doors[1:] {
		low = min(low, d.Safe())
	}
	s.safe.at, s.safe.instant = now, low
	return low
}

// safeEvery is how long an answer of Safe may be given again: not as long as the
// forwarder waits between two marks.
const safeEvery = 90 * time.Millisecond

// safeAnswer is the last answer of Safe.
type safeAnswer struct {
	mu      sync.Mutex
	at      time.Time // guarded by mu
	instant int64     // guarded by mu
}

// serveOne lets fasthttp serve a connection, until it closes it or the loop has
// it back.
func (s *Server) serveOne(c net.Conn) {
	go func() {
		if err := s.http.ServeConn(c); err != nil {
			s.cfg.Log.Debug("a connection ended", "error", err)
		}
	}()
}

// expire closes connections that the loops keep and that have kept silent, or not
// taken their answer, for too long.
func (s *Server) expire(ctx context.Context) {
	t := &s.cfg.Timeouts
	tick := time.NewTicker(min(time.Second, min(t.Read, t.Write, t.Idle)/4))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, d := range s.doors {
			d.Expire(s.cfg.Clock.Now(), t.Write)
		}
	}
}

// standing returns how many connections are open.
func (s *Server) standing() int {
	n := 0
	for _, d := range s.doors {
		n += d.Open()
	}
	return n
}

func (s *Server) closeConns(onlyWaiting bool) {
	for _, d := range s.doors {
		d.CloseConns(onlyWaiting)
	}
}
