package journal

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/windows"
)

// releaser ends the exclusive use of a journal.
type releaser struct{ f *os.File }

func (r releaser) release() error { return r.f.Close() }

// lock takes the journal for this process. The lock ends with the process,
// however it ends.
func lock(path string) (releaser, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return releaser{}, fmt.Errorf("journal: %w", err)
	}
	flags := uint32(windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY)
	if err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, new(windows.Overlapped)); err != nil {
		f.Close()
		if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
			return releaser{}, fmt.Errorf("%w: %s is locked; stop that process first", ErrLocked, path)
		}
		return releaser{}, fmt.Errorf("journal: lock %s: %w", path, err)
	}
	return releaser{f}, nil
}

// syncDirFile does nothing: Windows has no sync of a directory.
func syncDirFile(*os.File) error { return nil }

// freeBytes returns what this user may still write to the disk of dir.
func freeBytes(dir string) (int64, error) {
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, fmt.Errorf("journal: %w", err)
	}
	var free uint64
	if err := windows.GetDiskFreeSpaceEx(name, &free, nil, nil); err != nil {
		return 0, fmt.Errorf("journal: free space of %s: %w", dir, err)
	}
	return int64(free), nil
}
