package devstack

import (
	"context"
	"testing"
)

func TestAReplicaFollowsAndIsPromoted(t *testing.T) {
	ctx := context.Background()
	start := func(r *Redis, err error) *Redis {
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := r.Stop(); err != nil {
				t.Error(err)
			}
		})
		return r
	}
	do := func(r *Redis, command, want string) {
		t.Helper()
		if got, err := r.Do(ctx, command); err != nil || got != want {
			t.Fatalf("%s: %q, %v, want %q", command, got, err, want)
		}
	}
	master := start(StartRedis(ctx, Options{}))
	do(master, "SET k v", "OK")
	replica := start(StartReplica(ctx, Options{}, master))
	do(replica, "GET k", "v")
	if _, err := replica.Do(ctx, "SET k w"); err == nil {
		t.Fatal("a replica takes writes")
	}
	if err := master.Shutdown(); err != nil {
		t.Fatal(err)
	}
	if err := replica.Promote(ctx); err != nil {
		t.Fatal(err)
	}
	do(replica, "SET k w", "OK")
	if err := master.Restart(ctx); err != nil {
		t.Fatal(err)
	}
	do(master, "GET k", "v")
}
