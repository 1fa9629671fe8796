package redisqueue

import (
	"errors"
	"syscall"
	"testing"

	"puntuale/internal/devstack"
	"puntuale/internal/queue"
)

var one, two = [][]byte{[]byte("one")}, [][]byte{[]byte("two"), []byte("three")}

// pair starts a master with a replica.
func pair(t *testing.T) (master, replica *devstack.Redis) {
	t.Helper()
	stop := func(r *devstack.Redis) {
		t.Cleanup(func() {
			if err := r.Stop(); err != nil {
				t.Error(err)
			}
		})
	}
	master, err := devstack.StartRedis(t.Context(), devstack.Options{})
	if err != nil {
		t.Fatal(err)
	}
	stop(master)
	if replica, err = devstack.StartReplica(t.Context(), devstack.Options{}, master); err != nil {
		t.Fatal(err)
	}
	stop(replica)
	return master, replica
}

func openAt(t *testing.T, url string) *Queue {
	t.Helper()
	q, err := Open(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { q.Close() })
	return q
}

func signal(t *testing.T, r *devstack.Redis, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(r.PID(), s); err != nil {
		t.Fatal(err)
	}
}

func TestAnAppendWithReplicasIsThereAtOnce(t *testing.T) {
	master, replica := pair(t)
	q, there := openAt(t, master.URL).WithReplicas(1), openAt(t, replica.URL)
	for i, frames := range [][][]byte{one, two, nil} {
		mark := queue.Mark{Watermark: int64(i + 1), Journal: 9, LastBatch: uint64(i)}
		if err := q.Append(t.Context(), 1, frames, mark); err != nil {
			t.Fatal(err)
		}
		if m, ok, err := there.LastMark(t.Context(), 1); m != mark || !ok || err != nil {
			t.Fatalf("mark on the replica: %+v, %v, %v", m, ok, err)
		}
	}
	got, err := there.Read(t.Context(), 1, "", 10)
	if err != nil || len(got) != 3 || string(got[2].Frame) != "three" {
		t.Fatalf("on the replica: %v, %v", got, err)
	}
}

// The four ways in which it goes wrong: no replica, no room, no server, no master.
func TestAnAppendWithReplicasThatFails(t *testing.T) {
	master, replica := pair(t)
	q, ctx := openAt(t, master.URL).WithReplicas(1), t.Context()
	signal(t, replica, syscall.SIGSTOP)
	err := q.Append(ctx, 1, one, queue.Mark{LastBatch: 1})
	signal(t, replica, syscall.SIGCONT)
	if !errors.Is(err, queue.ErrFewCopies) || !errors.Is(err, queue.ErrUnavailable) {
		t.Fatalf("without a replica: %v", err)
	}
	if got, rerr := q.Read(ctx, 1, "", 10); rerr != nil || len(got) != 1 {
		t.Fatalf("too few copies, but the one must be there: %v, %v", got, rerr)
	}
	for _, size := range []string{"1", "0"} {
		if size == "0" {
			if err := q.Append(ctx, 1, two, queue.Mark{LastBatch: 3}); !fails(err) {
				t.Fatalf("without room: %v", err)
			}
		}
		if _, err := master.Do(ctx, "CONFIG SET maxmemory "+size); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := q.Read(ctx, 1, "", 10); err != nil || len(got) != 1 {
		t.Fatalf("after the refusal: %v, %v", got, err)
	}
	if err := openAt(t, replica.URL).WithReplicas(1).Append(ctx, 1, one, queue.Mark{}); !fails(err) {
		t.Fatalf("to a replica: %v", err)
	}
	if _, err := master.Do(ctx, "SET puntuale:{node-2}:batches string"); err != nil {
		t.Fatal(err)
	}
	if err := q.Append(ctx, 2, one, queue.Mark{}); !fails(err) {
		t.Fatalf("to something that is no stream: %v", err)
	}
	if err := master.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := q.Append(ctx, 1, one, queue.Mark{}); !fails(err) {
		t.Fatalf("without a server: %v", err)
	}
}

func fails(err error) bool {
	return errors.Is(err, queue.ErrUnavailable) && !errors.Is(err, queue.ErrFewCopies)
}
