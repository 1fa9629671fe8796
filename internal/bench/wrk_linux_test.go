package bench

import (
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"
)

func TestTheReportOfWrkIsRead(t *testing.T) {
	const good = `Running 3s test @ http://127.0.0.1:1/
  1 threads and 256 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     2.01ms    1.00ms  20.00ms   90.00%
  150003 requests in 3.01s, 20.00MB read
Requests/sec:  49834.88
Transfer/sec:      6.64MB
`
	if n, rate, err := parseWrk(good); err != nil || n != 150003 || rate != 49834.88 {
		t.Fatal(n, rate, err)
	}
	for _, bad := range []string{"", good + "  Non-2xx or 3xx responses: 3\n", good + "  Socket errors: connect 0, read 1, write 0, timeout 0\n"} {
		if _, _, err := parseWrk(bad); err == nil {
			t.Errorf("taken: %q", bad)
		}
	}
}

func TestAFamilyHasItsChildren(t *testing.T) {
	child := exec.Command("sh", "-c", "sleep 60 & wait")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var all []int
	defer func() {
		for _, pid := range all[1:] { // our own children, and theirs
			if p, err := os.FindProcess(pid); err == nil {
				p.Kill()
			}
		}
		child.Wait() // killed just now
	}()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for range 10_000 {
		all = family(os.Getpid())
		if at := slices.Index(all, child.Process.Pid); at >= 0 && len(family(child.Process.Pid)) == 2 {
			return
		}
		<-tick.C
	}
	t.Fatalf("family %v, the child is %d", all, child.Process.Pid)
}
