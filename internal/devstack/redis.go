package devstack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
)

// Redis is a running private server. Every write is on disk before it is
// answered (appendonly, appendfsync always), unless it was started in memory.
type Redis struct {
	// URL is for redis.ParseURL; it stays the same over Restart.
	URL     string
	dir     string
	sockets string
	remove  []string
	process *process
	pid     atomic.Int64 // of it, for those who watch
	relay   *relay       // to the master, of a replica
	file    string       // appendonly: yes or no
}

// StartRedis starts a server on opts.Dir.
func StartRedis(ctx context.Context, opts Options) (*Redis, error) {
	dir, remove, err := dataDir(opts, owner{})
	if err != nil {
		return nil, err
	}
	sockets, err := socketDir()
	if err != nil {
		return nil, err
	}
	r := &Redis{dir: dir, sockets: sockets, remove: append(remove, sockets), file: "yes"}
	if opts.InMemory {
		r.file = "no"
	}
	r.URL = "unix://" + r.socket()
	if err := evict(filepath.Join(dir, "redis.pid"), "redis-server"); err != nil {
		return nil, err
	}
	return r, r.start(ctx)
}

func (r *Redis) socket() string { return filepath.Join(r.sockets, "redis") }

func (r *Redis) start(ctx context.Context) error {
	bin, err := find("redis-server")
	if err != nil {
		return err
	}
	logPath := filepath.Join(r.dir, "redis.log")
	cmd := exec.Command(bin, "--port", "0", "--unixsocket", r.socket(), "--unixsocketperm", "700",
		"--dir", r.dir, "--pidfile", filepath.Join(r.dir, "redis.pid"), "--daemonize", "no",
		"--appendonly", r.file, "--appendfsync", "always", "--no-appendfsync-on-rewrite", "no",
		"--save", "", "--maxmemory-policy", "noeviction")
	cmd.Dir = r.dir
	if r.process, err = launch(cmd, logPath, syscall.SIGTERM, "TERM", r.remove); err != nil {
		return err
	}
	r.pid.Store(int64(r.process.cmd.Process.Pid))
	err = r.process.await(ctx, "redis-server", logPath, func(ctx context.Context) bool {
		return r.answers(ctx)
	})
	if err != nil {
		return errors.Join(err, r.Stop())
	}
	return nil
}

// answers reports whether the server says PONG, which it does not while it is
// still loading its file.
func (r *Redis) answers(ctx context.Context) bool {
	conn, err := new(net.Dialer).DialContext(ctx, "unix", r.socket())
	if err != nil {
		return false
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return false
	}
	buf := make([]byte, 7)
	n, err := conn.Read(buf)
	return err == nil && string(buf[:n]) == "+PONG\r\n"
}

// PID returns the process number of the server, also while somebody starts it
// again.
func (r *Redis) PID() int { return int(r.pid.Load()) }

// Kill ends the server with SIGKILL and waits for its end.
func (r *Redis) Kill() error { return r.process.kill() }

// Restart starts the server again on the same data and socket, after Kill.
func (r *Redis) Restart(ctx context.Context) error {
	select {
	case <-r.process.done:
	default:
		return fmt.Errorf("devstack: redis still runs as process %d", r.PID())
	}
	old := r.process
	if err := r.start(ctx); err != nil {
		return err
	}
	return old.retire()
}

// Stop ends the server in order; a temporary one loses its data. It may be
// called more than once.
func (r *Redis) Stop() error {
	if r.relay != nil {
		r.relay.close()
	}
	return r.process.close()
}
