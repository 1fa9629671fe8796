package journal

import (
	"os"

	"golang.org/x/sys/unix"
)

// osFile syncs data without the times of the file, whose length never changes.
type osFile struct{ *os.File }

// Sync is fdatasync.
func (f osFile) Sync() error {
	for {
		err := unix.Fdatasync(int(f.Fd()))
		if err != unix.EINTR {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}
