package redisqueue

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"puntuale/internal/devstack"
	"puntuale/internal/queue"
	"puntuale/internal/queue/queuetest"
)

var server *devstack.Redis

func TestMain(m *testing.M) {
	var err error
	if server, err = devstack.StartRedis(context.Background(), devstack.Options{}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if err := server.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func open(t *testing.T) *Queue {
	t.Helper()
	q, err := Open(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := q.Close(); err != nil {
			t.Error(err)
		}
	})
	return q
}

func flush(t *testing.T, q *Queue) {
	t.Helper()
	if err := q.rdb.FlushAll(context.Background()).Err(); err != nil {
		t.Fatal(err)
	}
}

func TestRedisKeepsTheContract(t *testing.T) {
	queuetest.Run(t, func(t *testing.T) queuetest.Harness {
		q := open(t)
		flush(t, q)
		return queuetest.Harness{Queue: q, Beyond: "99999999999999-7", Lose: func() { flush(t, q) }}
	})
}

func TestNothingIsThereWithoutRoom(t *testing.T) {
	q := open(t)
	flush(t, q)
	ctx := t.Context()
	if err := q.rdb.ConfigSet(ctx, "maxmemory", "1").Err(); err != nil {
		t.Fatal(err)
	}
	err := q.Append(ctx, 1, [][]byte{[]byte("one"), []byte("two")}, queue.Mark{LastBatch: 2})
	if cerr := q.rdb.ConfigSet(ctx, "maxmemory", "0").Err(); cerr != nil {
		t.Fatal(cerr)
	}
	if !errors.Is(err, queue.ErrUnavailable) {
		t.Fatalf("append without memory: %v", err)
	}
	got, rerr := q.Read(ctx, 1, "", 10)
	_, ok, merr := q.LastMark(ctx, 1)
	if rerr != nil || merr != nil || len(got) != 0 || ok {
		t.Fatalf("after the refusal: %d entries, mark %v, %v, %v", len(got), ok, rerr, merr)
	}
}

func TestAKilledServerKeepsWhatItAnswered(t *testing.T) {
	q := open(t)
	flush(t, q)
	ctx := t.Context()
	mark := queue.Mark{Watermark: 5, Journal: 3, LastBatch: 1}
	if err := q.Append(ctx, 1, [][]byte{[]byte("one")}, mark); err != nil {
		t.Fatal(err)
	}
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	for call, err := range map[string]error{
		"append": q.Append(ctx, 1, nil, mark),
		"read":   second(q.Read(ctx, 1, "", 1)),
		"mark":   third(q.LastMark(ctx, 1)),
		"wanted": third(q.WantedReplay(ctx, 1)),
		"ask":    q.RequestReplay(ctx, 1, queue.Replay{}),
		"clear":  q.ClearReplay(ctx, 1),
		"trim":   q.Trim(ctx, 1, "1-1"),
	} {
		if !errors.Is(err, queue.ErrUnavailable) {
			t.Errorf("%s without a server: %v", call, err)
		}
	}
	if err := server.Restart(ctx); err != nil {
		t.Fatal(err)
	}
	got, err := q.Read(ctx, 1, "", 10)
	if err != nil || len(got) != 1 || string(got[0].Frame) != "one" {
		t.Fatalf("after the restart: %v, %v", got, err)
	}
	if m, ok, err := q.LastMark(ctx, 1); m != mark || !ok || err != nil {
		t.Fatalf("after the restart: %+v, %v, %v", m, ok, err)
	}
}

func second[A any](_ A, err error) error        { return err }
func third[A, B any](_ A, _ B, err error) error { return err }

func TestACancelledCallSaysSo(t *testing.T) {
	q := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := q.Read(ctx, 1, "", 1)
	if !errors.Is(err, context.Canceled) || !errors.Is(err, queue.ErrUnavailable) {
		t.Fatalf("read with a cancelled context: %v", err)
	}
}

func TestAnEntryOfSomebodyElseIsShownWithoutFrame(t *testing.T) {
	q := open(t)
	flush(t, q)
	ctx := t.Context()
	if err := q.rdb.Do(ctx, "XADD", key(1, "batches"), "*", "x", "y").Err(); err != nil {
		t.Fatal(err)
	}
	got, err := q.Read(ctx, 1, "", 1)
	if err != nil || len(got) != 1 || len(got[0].Frame) != 0 {
		t.Fatalf("read %v, %v", got, err)
	}
	if err := q.rdb.HSet(ctx, key(1, "mark"), "watermark", "soon").Err(); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := q.LastMark(ctx, 1); ok || !errors.Is(err, queue.ErrUnavailable) {
		t.Fatalf("unreadable mark: %v, %v", ok, err)
	}
}

func TestABadAddressIsRefusedWithoutRepeatingIt(t *testing.T) {
	for _, url := range []string{"", "localhost:6379", "http://x", "redis://:secret@host:port"} {
		_, err := Open(url)
		if err == nil || err.Error() != "redisqueue: REDIS_URL is not of the form redis://[user:password@]host:port/database" {
			t.Errorf("%q: %v", url, err)
		}
	}
}
