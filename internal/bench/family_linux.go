package bench

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// familyTime is what a process and its children have used so far, those that
// have ended included: a PostgreSQL server with all its connections.
func familyTime(pid int) (time.Duration, error) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, fmt.Errorf("bench: %w", err)
	}
	var sum time.Duration
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // ended meanwhile: its parent has counted it
		}
		self, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil {
			return 0, fmt.Errorf("bench: %w", err)
		}
		fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
		const ppid, utime, cstime = 4 - 3, 14 - 3, 17 - 3
		if len(fields) <= cstime || self != pid && fields[ppid] != strconv.Itoa(pid) {
			continue
		}
		last := utime + 1
		if self == pid {
			last = cstime
		}
		for _, f := range fields[utime : last+1] {
			ticks, err := strconv.ParseInt(f, 10, 64)
			if err != nil {
				return 0, fmt.Errorf("bench: stat of a process: %w", err)
			}
			sum += time.Duration(ticks) * time.Second / clockTicks
		}
	}
	return sum, nil
}
