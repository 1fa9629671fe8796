//go:build unix

package journal

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
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
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return releaser{}, fmt.Errorf("%w: %s is locked; stop that process first", ErrLocked, path)
		}
		return releaser{}, fmt.Errorf("journal: lock %s: %w", path, err)
	}
	return releaser{f}, nil
}

func syncDirFile(d *os.File) error { return d.Sync() }

// freeBytes returns what an ordinary user may still write to the disk of dir.
func freeBytes(dir string) (int64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, fmt.Errorf("journal: free space of %s: %w", dir, err)
	}
	return int64(s.Bavail) * int64(s.Bsize), nil
}
