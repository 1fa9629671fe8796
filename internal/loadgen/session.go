package loadgen

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	dialers     = 16 // connections being opened at a time
	sessionRead = 2 << 10
	// dialTimeout bounds opening and warming of all connections together.
	dialTimeout = 2 * time.Minute
)

// Session is warm connections to one server, each ready to send.
type Session struct {
	conns []*link
	idle  chan *link // those without a request in flight
	done  sync.WaitGroup
}

// link is one connection.
type link struct {
	conn net.Conn
	in   *bufio.Reader
	buf  []byte
}

// Dial opens connections and warms each with one request, which must be answered
// with status 200. A nil config means plain HTTP.
func Dial(ctx context.Context, addr string, conns int, config *tls.Config, warm []byte) (*Session, error) {
	if err := checkConns(conns); err != nil {
		return nil, err
	}
	if _, err := loopback(addr); err != nil {
		return nil, err
	}
	s := &Session{conns: make([]*link, conns), idle: make(chan *link, conns)}
	group, gctx := errgroup.WithContext(ctx)
	gctx, cancel := context.WithTimeout(gctx, dialTimeout)
	defer cancel()
	group.SetLimit(dialers)
	for i := range s.conns {
		group.Go(func() (err error) {
			s.conns[i], err = open(gctx, addr, config, warm)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	for _, l := range s.conns {
		s.idle <- l
	}
	return s, nil
}

func open(ctx context.Context, addr string, config *tls.Config, warm []byte) (*link, error) {
	var c net.Conn
	var err error
	if config == nil {
		c, err = new(net.Dialer).DialContext(ctx, "tcp", addr)
	} else {
		c, err = (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", addr)
	}
	if err != nil {
		return nil, fmt.Errorf("loadgen: %w", err)
	}
	l := &link{conn: c, in: bufio.NewReaderSize(c, sessionRead)}
	defer context.AfterFunc(ctx, func() { c.Close() })() // ends an exchange that nobody answers
	status, _, err := l.exchange(warm)
	if err == nil && status != 200 {
		err = fmt.Errorf("loadgen: warming is answered with status %d", status)
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return l, nil
}

// Len returns how many connections there are.
func (s *Session) Len() int { return len(s.conns) }

// Close closes all connections and waits for whoever reads from them.
func (s *Session) Close() error {
	for _, l := range s.conns {
		if l != nil {
			l.conn.Close() // a broken one has told its error before
		}
	}
	s.done.Wait()
	return nil
}

// exchange sends one request and waits for the answer.
func (l *link) exchange(request []byte) (int, []byte, error) {
	if _, err := l.conn.Write(request); err != nil {
		return 0, nil, fmt.Errorf("loadgen: %w", err)
	}
	return l.answer()
}

// answer reads one answer; body is valid until the next.
func (l *link) answer() (status int, body []byte, err error) {
	l.buf = l.buf[:0]
	for {
		if _, err := l.in.Peek(1); err != nil {
			return 0, nil, fmt.Errorf("loadgen: answer: %w", err)
		}
		b, err := l.in.Peek(l.in.Buffered())
		if err != nil {
			return 0, nil, fmt.Errorf("loadgen: answer: %w", err)
		}
		l.buf = append(l.buf, b...)
		l.in.Discard(len(b)) // they are there
		if len(l.buf) > answerMax {
			return 0, nil, fmt.Errorf("loadgen: answer of over %d bytes", answerMax)
		}
		status, body, whole, err := parseAnswer(l.buf)
		if err != nil || whole {
			return status, body, err
		}
	}
}
