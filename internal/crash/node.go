package crash

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"time"

	"puntuale/internal/devstack"
)

const (
	upTimeout = 60 * time.Second
	pollEvery = 5 * time.Millisecond
)

// errRefused says that a node ended by itself at its start.
var errRefused = errors.New("crash: the intake ended at its start")

// victim is a node that can be taken away: the real program, or one in this
// process that forgets to sync.
type victim interface {
	// Start returns when the node answers and its click day is open.
	Start(ctx context.Context) error
	// Kill ends the node without asking it. The node can be started again.
	Kill() error
	// Addr is where it listens, host:port.
	Addr() string
}

// Node is "intake serve" as a process.
type Node struct {
	site        *Site
	addr, admin string
	data        string
	program     *devstack.Program
}

// NewNode prepares a node with its data below a directory; extra flags come last.
func (s *Site) NewNode(data string, extra ...string) (*Node, error) {
	addr, err := freeAddress()
	if err != nil {
		return nil, err
	}
	admin, err := freeAddress()
	if err != nil {
		return nil, err
	}
	args := []string{"serve", "--plain", "--listen", addr, "--admin-listen", admin, "--node", fmt.Sprint(nodeID),
		"--data", data, "--keys", s.keys(), "--redis-url", s.redis.URL}
	return &Node{site: s, addr: addr, admin: admin, data: data, program: &devstack.Program{
		Name: "intake", Path: s.intake, Args: append(args, extra...), Log: filepath.Join(s.Dir, "intake.log"),
	}}, nil
}

// Addr is where the node listens.
func (n *Node) Addr() string { return n.addr }

// Journal is the directory of the node's journal.
func (n *Node) Journal() string { return filepath.Join(n.data, "journal") }

// Start starts the process, waits until it answers and gives it the calendar.
func (n *Node) Start(ctx context.Context) error {
	if err := n.program.Start(); err != nil {
		return err
	}
	err := n.await(ctx)
	if err == nil {
		err = n.pushCalendar(ctx)
	}
	if err != nil {
		return errors.Join(err, n.program.Stop())
	}
	return nil
}

// Kill ends the process with SIGKILL.
func (n *Node) Kill() error { return n.program.Kill() }

// Stop ends the process in order, or finds it ended.
func (n *Node) Stop() error { return n.program.Stop() }

func (n *Node) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, upTimeout)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		if status, err := n.ask(ctx, http.MethodGet, "/healthz", nil); err == nil && status == http.StatusOK {
			return nil
		}
		select {
		case <-n.program.Done():
			return fmt.Errorf("%w:\n%s", errRefused, n.program.Tail())
		case <-ctx.Done():
			return fmt.Errorf("crash: the intake does not answer: %w\n%s", ctx.Err(), n.program.Tail())
		case <-tick.C:
		}
	}
}

// pushCalendar does what the portal does; the same calendar again is no error.
func (n *Node) pushCalendar(ctx context.Context) error {
	status, err := n.ask(ctx, http.MethodPut, "/calendar", n.site.signed)
	if err == nil && status/100 != 2 {
		err = fmt.Errorf("status %d", status)
	}
	if err != nil {
		return fmt.Errorf("crash: push calendar: %w", err)
	}
	return nil
}

func (n *Node) ask(ctx context.Context, method, path string, body []byte) (int, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://"+n.admin+path, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Close = true // the node behind the address is another one after each crash
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return res.StatusCode, err
}
