package devstack

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strconv"
	"strings"
)

// StartReplica starts a server that follows master, and returns when it has what
// master had. The two are joined over loopback until Promote or Stop.
func StartReplica(ctx context.Context, opts Options, master *Redis) (*Redis, error) {
	r, err := StartRedis(ctx, opts)
	if err != nil {
		return nil, err
	}
	if _, err = master.Do(ctx, "CONFIG SET repl-diskless-sync-delay 0"); err == nil { // there will be no other replica to wait for
		r.relay, err = newRelay(master.socket())
	}
	if err == nil {
		_, err = r.Do(ctx, "REPLICAOF 127.0.0.1 "+strconv.Itoa(r.relay.port()))
	}
	if err == nil {
		err = r.process.await(ctx, "redis-server", filepath.Join(r.dir, "redis.log"), func(ctx context.Context) bool {
			return r.follows(ctx)
		})
	}
	if err != nil {
		return nil, errors.Join(err, r.Stop())
	}
	return r, nil
}

// follows reports whether a replica has what the master had, on its disk too: until
// then a polite stop is refused.
func (r *Redis) follows(ctx context.Context) bool {
	info, err := r.Do(ctx, "INFO")
	return err == nil && strings.Contains(info, "master_link_status:up") &&
		strings.Contains(info, "aof_rewrite_in_progress:0") && strings.Contains(info, "aof_rewrite_scheduled:0")
}

// Promote makes a replica a master of its own.
func (r *Redis) Promote(ctx context.Context) error {
	_, err := r.Do(ctx, "REPLICAOF NO ONE")
	return err
}

// Shutdown ends the server in order and keeps its data for Restart.
func (r *Redis) Shutdown() error {
	if err := r.process.cmd.Process.Signal(r.process.stop); err != nil {
		return fmt.Errorf("devstack: %w", err)
	}
	<-r.process.done
	return nil
}

// Do sends one command, written as on redis-cli, and returns its answer as text.
// Answers that are lists are refused.
func (r *Redis) Do(ctx context.Context, command string) (string, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "unix", r.socket())
	if err != nil {
		return "", fmt.Errorf("devstack: %w", err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if _, err := io.WriteString(conn, command+"\r\n"); err != nil {
		return "", fmt.Errorf("devstack: %w", err)
	}
	in := bufio.NewReader(conn)
	line, err := in.ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("devstack: %w", err)
	}
	text := strings.TrimSuffix(line[1:], "\r\n")
	switch line[0] {
	case '+', ':':
		return text, nil
	case '$':
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return "", err
		}
		b := make([]byte, n)
		_, err = io.ReadFull(in, b)
		return string(b), err
	default:
		return "", fmt.Errorf("devstack: redis answers %q to %q", line, command)
	}
}
