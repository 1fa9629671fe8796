package arrival

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// door is how connections come in: a second descriptor of the listening socket,
// for the net package would have every connection waited for by the scheduler.
type door struct {
	file  *os.File
	raw   syscall.RawConn
	loops []*Loop
	next  int // which loop takes the next connection; the accepting goroutine's own
}

// openDoor returns the door of a listening socket. There is a loop for every two
// processors: the others commit, and write answers.
func openDoor(l *Listener) (d door, err error) {
	fd := -1
	cerr := l.raw.Control(func(s uintptr) { fd, err = unix.FcntlInt(s, unix.F_DUPFD_CLOEXEC, 0) })
	if err = errors.Join(err, cerr); err != nil {
		return d, fmt.Errorf("arrival: %w", err)
	}
	d.file = os.NewFile(uintptr(fd), "listener")
	if d.raw, err = d.file.SyscallConn(); err != nil {
		return d, errors.Join(fmt.Errorf("arrival: %w", err), d.file.Close())
	}
	for range max(1, runtime.GOMAXPROCS(0)/2) {
		loop, err := newLoop(l.clock)
		if err != nil {
			d.close()
			return d, err
		}
		d.loops = append(d.loops, loop)
	}
	return d, nil
}

func (d *door) close() {
	d.file.Close()
	for _, l := range d.loops {
		l.close()
	}
}

// shut stops accepting; connections that stand go on.
func (d *door) shut() { d.file.Close() }

// accept waits for the next connection until the tick is over.
func (l *Listener) accept() (*Conn, error) {
	if err := l.door.file.SetReadDeadline(l.clock.Now().Add(acceptTick)); err != nil {
		return nil, net.ErrClosed
	}
	fd := -1
	var errno error
	err := l.door.raw.Read(func(s uintptr) bool {
		fd, _, errno = unix.Accept4(int(s), unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		return errno != unix.EAGAIN
	})
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, err
	case err != nil:
		return nil, net.ErrClosed
	case errno != nil:
		return nil, os.NewSyscallError("accept4", errno)
	}
	d := &l.door
	loop := d.loops[d.next%len(d.loops)]
	d.next++
	c := new(Conn)
	c.fd, c.loop = fd, loop
	c.waiter.Store(waiters.Get().(*waiter))
	c.adopt(l)
	if !l.enter(c) {
		unix.Close(fd)
		return nil, net.ErrClosed
	}
	if err := loop.add(c); err != nil {
		l.forget(c)
		c.users.Add(closedUsers + 1)
		c.release()
		return nil, err
	}
	return c, nil
}
