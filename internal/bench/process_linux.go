package bench

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"puntuale/internal/devstack"
)

const (
	readyTimeout = 20 * time.Second
	pollEvery    = 10 * time.Millisecond
	clockTicks   = 100 // a second, of /proc/PID/stat: fixed for user space on Linux
)

// cpuTime is what a process has used so far, in user space and in the kernel,
// threads that have ended included.
func cpuTime(pid int) (time.Duration, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("bench: %w", err)
	}
	return parseStat(b)
}

// parseStat finds utime and stime, fields 14 and 15; the name in field 2 may
// hold spaces and brackets of its own.
func parseStat(b []byte) (time.Duration, error) {
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	const utime, stime = 14 - 3, 15 - 3
	if len(fields) <= stime {
		return 0, fmt.Errorf("bench: stat of a process: %q", b)
	}
	user, err := strconv.ParseInt(fields[utime], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("bench: stat of a process: %w", err)
	}
	system, err := strconv.ParseInt(fields[stime], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("bench: stat of a process: %w", err)
	}
	return time.Duration(user+system) * time.Second / clockTicks, nil
}

// cpuOf adds up several processes.
func cpuOf(pids []int) (time.Duration, error) {
	var sum time.Duration
	for _, pid := range pids {
		d, err := cpuTime(pid)
		if err != nil {
			return 0, err
		}
		sum += d
	}
	return sum, nil
}

// residentBytes is the memory of a process that is really there (VmRSS).
func residentBytes(pid int) (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("bench: %w", err)
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			if err != nil {
				return 0, fmt.Errorf("bench: VmRSS: %w", err)
			}
			return kib << 10, nil
		}
	}
	return 0, fmt.Errorf("bench: process %d has no VmRSS", pid)
}

// await polls until ready says yes, the program ends or time is up.
func await(ctx context.Context, p *devstack.Program, ready func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for !ready() {
		select {
		case <-p.Done():
			return fmt.Errorf("bench: %s ended at its start:\n%s", p.Name, p.Tail())
		case <-ctx.Done():
			return fmt.Errorf("bench: %s: %w:\n%s", p.Name, context.Cause(ctx), p.Tail())
		case <-tick.C:
		}
	}
	return nil
}

// listens reports whether somebody accepts connections at addr.
func listens(addr string) bool {
	c, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return false
	}
	c.Close() // only the question mattered
	return true
}

// freeAddress returns a loopback address that nobody listens on just now.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("bench: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}
