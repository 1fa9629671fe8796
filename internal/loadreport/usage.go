package loadreport

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"puntuale/internal/loadrun"
)

const (
	// clockTick is what /proc counts processor time in: USER_HZ, 100 on every
	// Linux that Go runs on.
	clockTick = time.Second / 100
	pageSize  = 4096
)

// Usages looks at processes with all their descendants, by name to the id of the
// root. What has ended is left out.
func Usages(roots map[string]int) map[string]loadrun.Usage {
	children := make(map[int][]int)
	used := make(map[int]loadrun.Usage)
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil // the pattern is right
	}
	for _, path := range stats {
		pid, parent, u, ok := readStat(path)
		if ok {
			children[parent] = append(children[parent], pid)
			used[pid] = u
		}
	}
	out := make(map[string]loadrun.Usage, len(roots))
	for name, root := range roots {
		var sum loadrun.Usage
		own := name == "loadtest" // the others are descendants of this one
		addTree(root, own, children, used, &sum)
		if sum.RSS > 0 {
			out[name] = sum
		}
	}
	return out
}

func addTree(pid int, alone bool, children map[int][]int, used map[int]loadrun.Usage, sum *loadrun.Usage) {
	sum.CPU += used[pid].CPU
	sum.RSS += used[pid].RSS
	if alone {
		return
	}
	for _, c := range children[pid] {
		addTree(c, false, children, used, sum)
	}
}

// readStat reads /proc/<pid>/stat. Memory that processes share counts with each
// of them.
func readStat(path string) (pid, parent int, u loadrun.Usage, ok bool) {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, 0, u, false // it has ended
	}
	end := bytes.LastIndexByte(b, ')') // the name may hold anything
	fields := bytes.Fields(b[end+1:])
	if end < 0 || len(fields) < 22 {
		return 0, 0, u, false
	}
	number := func(b []byte) int64 {
		n, err := strconv.ParseInt(string(b), 10, 64)
		if err != nil {
			return 0 // the kernel writes digits
		}
		return n
	}
	pid = int(number(bytes.Fields(b)[0]))
	u.CPU = time.Duration(number(fields[11])+number(fields[12])) * clockTick
	u.RSS = number(fields[21]) * pageSize
	return pid, int(number(fields[1])), u, true
}
