//go:build windows

package store

import (
	"os"

	"golang.org/x/sys/windows"
)

// lockFile takes the exclusive lock, which the system drops when the process
// dies, however it dies.
func lockFile(f *os.File) error {
	return windows.LockFileEx(windows.Handle(f.Fd()),
		windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, new(windows.Overlapped))
}

// syncDir has nothing to do: NTFS journals the names, and a directory handle
// cannot be flushed.
func syncDir(string) error { return nil }
