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

// Free returns how many bytes a user may still write below dir.
func Free(dir string) (uint64, error) {
	path, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, err
	}
	var free uint64
	err = windows.GetDiskFreeSpaceEx(path, &free, nil, nil)
	return free, err
}
