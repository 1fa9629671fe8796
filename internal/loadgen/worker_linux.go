package loadgen

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

const (
	eventsMax = 256
	// waitMillis is how long a thread waits before it looks at its context;
	// stalled is how many such waits without any answer are too many.
	waitMillis = 100
	stalled    = 150
)

// socket is one connection of a worker.
type socket struct {
	fd       int
	envelope int // in flight, -1 for none
	sent     time.Time
	have     int
	buf      [answerMax]byte
}

// worker drives connections from one thread, by epoll.
type worker struct {
	run     *closedRun
	epoll   int
	sockets []*socket
	request []byte // head and room for an envelope
	active  int

	answers, failed int
	latency         Histogram
	err             error
}

func newWorker(run *closedRun, to *unix.SockaddrInet4, conns int) (*worker, error) {
	w := &worker{run: run, epoll: -1, request: make([]byte, len(run.Head)+run.Pool.Size())}
	copy(w.request, run.Head)
	var err error
	if w.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return w, fmt.Errorf("loadgen: epoll: %w", err)
	}
	for i := range conns {
		fd, err := connect(to)
		if err != nil {
			return w, fmt.Errorf("loadgen: connection %d: %w", i, err)
		}
		w.sockets = append(w.sockets, &socket{fd: fd, envelope: -1})
		event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(i)}
		if err := unix.EpollCtl(w.epoll, unix.EPOLL_CTL_ADD, fd, &event); err != nil {
			return w, fmt.Errorf("loadgen: epoll: %w", err)
		}
	}
	return w, nil
}

// connect returns a connected socket that does not block.
func connect(to *unix.SockaddrInet4) (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	err = unix.Connect(fd, to)
	if err == nil {
		err = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	}
	if err == nil {
		err = unix.SetNonblock(fd, true)
	}
	if err != nil {
		return -1, errors.Join(err, unix.Close(fd))
	}
	return fd, nil
}

func (w *worker) close() {
	if w == nil {
		return
	}
	for _, s := range w.sockets {
		if s.fd >= 0 {
			unix.Close(s.fd) // nothing is left to be told
		}
	}
	if w.epoll >= 0 {
		unix.Close(w.epoll)
	}
}

// loop sends on every connection, then answers each answer with a request.
func (w *worker) loop(ctx context.Context) error {
	<-w.run.start
	for _, s := range w.sockets {
		w.send(s, w.run.Clock.Now())
	}
	events := make([]unix.EpollEvent, eventsMax)
	for quiet := 0; w.active > 0; {
		n, err := unix.EpollWait(w.epoll, events, waitMillis)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return fmt.Errorf("loadgen: epoll: %w", err)
		case ctx.Err() != nil:
			return ctx.Err()
		case n == 0:
			if quiet++; quiet > stalled {
				return fmt.Errorf("loadgen: %d answers are missing", w.active)
			}
			continue
		}
		quiet = 0
		for i := range events[:n] {
			w.receive(w.sockets[events[i].Fd])
		}
	}
	return nil
}

// send writes the next request, or lets the connection rest.
func (w *worker) send(s *socket, now time.Time) {
	n := w.run.take(now)
	if n < 0 {
		return
	}
	copy(w.request[len(w.run.Head):], w.run.Pool.Envelope(n))
	s.envelope, s.sent, s.have = n, now, 0
	w.active++
	if wrote, err := unix.Write(s.fd, w.request); err != nil || wrote != len(w.request) {
		w.drop(s, fmt.Errorf("loadgen: wrote %d of %d bytes: %w", wrote, len(w.request), err))
	}
}

// receive reads what has come in.
func (w *worker) receive(s *socket) {
	n, err := unix.Read(s.fd, s.buf[s.have:])
	switch {
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EINTR):
		return
	case err != nil || n <= 0:
		w.drop(s, fmt.Errorf("loadgen: connection ended: %w", err))
		return
	}
	s.have += n
	status, body, whole, err := parseAnswer(s.buf[:s.have])
	switch {
	case err != nil:
		w.drop(s, err)
		return
	case !whole && s.have < answerMax:
		return
	case !whole:
		w.drop(s, fmt.Errorf("loadgen: answer of over %d bytes", answerMax))
		return
	case s.envelope < 0:
		w.drop(s, errors.New("loadgen: an answer that nobody asked for"))
		return
	}
	now := w.run.Clock.Now()
	w.judge(s, status, body)
	w.latency.Add(now.Sub(s.sent))
	s.envelope = -1
	w.active--
	w.send(s, now)
}

func (w *worker) judge(s *socket, status int, body []byte) {
	if w.run.Check != nil {
		if err := w.run.Check(s.envelope, status, body); err != nil {
			w.fail(err)
			return
		}
	}
	w.answers++
}

// drop gives a connection up.
func (w *worker) drop(s *socket, err error) {
	if s.envelope >= 0 {
		w.active--
		s.envelope = -1
	}
	if s.fd >= 0 {
		unix.Close(s.fd) // it is broken already
		s.fd = -1
	}
	w.fail(err)
}

func (w *worker) fail(err error) {
	w.failed++
	if w.err == nil {
		w.err = err
	}
}
