package intake

import (
	"cmp"
	"net"
	"strconv"
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
		count: s.cfg.Metrics.door(name),
	}
}

// fullAnswer is a whole response for a connection that there is no room for.
func (s *Server) fullAnswer() []byte {
	p := wire.NewProblem(clickday.CodeOverloaded)
	p.ServerTime = s.cfg.Clock.Now().UnixNano()
	body := p.Bytes()
	head := "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nCache-Control: no-store\r\nContent-Type: " + wire.TypeProblem +
		"\r\nRetry-After: " + retryAfter() + "\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n"
	return append([]byte(head), body...)
}

// Safe returns the watermark of the node: the smallest of its listeners, as
// arrival.Listener.Safe says.
func (s *Server) Safe() int64 {
	low := s.doors[0].Safe()
	for _, d := range s.doors[1:] {
		low = min(low, d.Safe())
	}
	return low
}

func (s *Server) closeConns(onlyWaiting bool) {
	for _, d := range s.doors {
		d.CloseConns(onlyWaiting)
	}
}
