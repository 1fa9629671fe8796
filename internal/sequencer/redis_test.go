package sequencer

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"puntuale/internal/devstack"
	"puntuale/internal/postgres/pgtest"
	"puntuale/internal/queue/redisqueue"
)

// flushAll empties a server by hand, as somebody might by mistake.
func flushAll(t *testing.T, url string) {
	t.Helper()
	conn, err := net.Dial("unix", strings.TrimPrefix(url, "unix://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	buf := make([]byte, 5)
	if _, err := conn.Write([]byte("FLUSHALL\r\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(buf); err != nil || string(buf) != "+OK\r\n" {
		t.Fatalf("FLUSHALL: %q, %v", buf, err)
	}
}

// realRedis starts a server of its own and a queue on it.
func realRedis(t *testing.T) (*devstack.Redis, *redisqueue.Queue) {
	t.Helper()
	server, err := devstack.StartRedis(t.Context(), devstack.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	q, err := redisqueue.Open(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { q.Close() })
	return server, q
}

// TestRealRedisMayBeEmptiedAndKilled runs a sequencer on real servers; Redis is
// emptied and killed in the middle, the sequencer stopped and started.
func TestRealRedisMayBeEmptiedAndKilled(t *testing.T) {
	server, q := realRedis(t)
	w := newWorld(t, pgtest.New(t), 8, 2)
	w.populate(500)

	var running sync.WaitGroup
	stop := func() {}
	start := func() {
		ctx, cancel := context.WithCancel(t.Context())
		s := w.newSequencer(prometheus.NewRegistry())
		s.Queue = q
		running.Go(func() {
			if err := s.Run(ctx); err != nil {
				t.Error(err)
			}
		})
		stop = func() { cancel(); running.Wait() }
	}
	start()
	for round := 0; !w.done(); round++ {
		switch {
		case round > 3000:
			t.Fatal("no end after more than a minute")
		case round == 10 || round == 25:
			flushAll(t, server.URL)
		case round == 15:
			if err := server.Kill(); err != nil {
				t.Fatal(err)
			}
		case round == 20:
			if err := server.Restart(t.Context()); err != nil {
				t.Fatal(err)
			}
		case round == 30:
			stop()
		case round == 35:
			start()
		}
		for _, n := range w.nodes {
			n.commit(w.rnd, 5)
			if err := n.forward(t.Context(), q, 3); err != nil && !isQueue(err) {
				t.Fatal(err)
			}
		}
		w.clock.Advance(100 * time.Millisecond)
		pause(t.Context(), 20*time.Millisecond)
	}
	stop()
	w.check(w.rows())
}
