//go:build !headless

package main

import (
	"fmt"
	"os"
	"runtime/debug"
	"strings"

	"golang.org/x/sys/unix"
)

// lighten gives back what starting and drawing for the first time needed: the heap,
// and the code of libraries. Without a graphics card Mesa compiles what draws, once,
// with tens of megabytes of a compiler that afterwards nobody needs. Code that is
// needed again comes back from the file, most of it without the disk.
func lighten() {
	debug.FreeOSMemory()
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return // it stays as large as it is
	}
	for line := range strings.Lines(string(maps)) {
		var from, to uintptr
		var may, file string
		var offset, device, inode string
		// Code only: it is never written to, whereas pages of constants may have been.
		if n, _ := fmt.Sscanf(line, "%x-%x %s %s %s %s %s", &from, &to, &may, &offset, &device, &inode, &file); n == 7 && may == "r-xp" && strings.HasPrefix(file, "/") {
			unix.Syscall(unix.SYS_MADVISE, from, to-from, unix.MADV_DONTNEED)
		}
	}
}
