package devstack

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestRedisKeepsItsDataOverKillAndRestart(t *testing.T) {
	ctx := context.Background()
	r, err := StartRedis(ctx, Options{})
	if err != nil {
		t.Fatal(err)
	}
	dir, sockets := r.dir, r.sockets
	cli := func(args ...string) string {
		out, err := exec.Command("redis-cli", append([]string{"-s", r.socket()}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return string(out)
	}
	cli("SET", "k", "v")
	if err := r.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := r.Restart(ctx); err != nil {
		t.Fatal(err)
	}
	if got := cli("GET", "k"); got != "v\n" {
		t.Fatalf("after kill -9 and restart: %q", got)
	}
	if err := r.Stop(); err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{dir, sockets} {
		if _, err := os.Stat(d); !os.IsNotExist(err) {
			t.Errorf("%s is still there: %v", d, err)
		}
	}
}

func TestPostgresStartsAgainOnTheSameDirectory(t *testing.T) {
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), "data")
	t.Cleanup(func() {
		if err := Remove(dir); err != nil {
			t.Error(err)
		}
	})
	for range 2 {
		p, err := StartPostgres(ctx, Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(filepath.Join(p.bin, "psql"), p.URL, "-c",
			"CREATE TABLE IF NOT EXISTS seen (n int)").CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if err := p.Stop(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestASecondStartEvictsWhatAKilledRunLeft(t *testing.T) {
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), "data")
	t.Cleanup(func() {
		if err := Remove(dir); err != nil {
			t.Error(err)
		}
	})
	first, err := StartPostgres(ctx, Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	second, err := StartPostgres(ctx, Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}
}

func TestPostgresKeepsWhatWasCommittedOverKillAndRestart(t *testing.T) {
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), "data")
	t.Cleanup(func() {
		if err := Remove(dir); err != nil {
			t.Error(err)
		}
	})
	p, err := StartPostgres(ctx, Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	query := func(sql string) string {
		t.Helper()
		out, err := exec.Command(filepath.Join(p.bin, "psql"), p.URL, "-Atqc", sql).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v: %s", sql, err, out)
		}
		return string(out)
	}
	query("CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)")
	busy := exec.Command(filepath.Join(p.bin, "psql"), p.URL, "-c", "SELECT pg_sleep(1000)")
	if err := busy.Start(); err != nil {
		t.Fatal(err)
	}
	if err := p.Restart(ctx); err == nil {
		t.Fatal("a server that runs was started again")
	}
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := busy.Wait(); err == nil {
		t.Error("a session outlived its server")
	}
	if err := p.Restart(ctx); err != nil {
		t.Fatal(err)
	}
	if got := query("SELECT n FROM kept"); got != "7\n" {
		t.Errorf("after kill -9 and restart: %q", got)
	}
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
}
