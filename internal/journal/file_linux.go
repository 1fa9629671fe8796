package journal

import (
	"errors"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// osFile syncs data without the times of the file, whose length never changes.
type osFile struct {
	*os.File
	direct *os.File // writes past the page cache, durable when they return; nil where there is no such thing
}

// newFile takes an open file, and opens it once more for direct writes.
func newFile(f *os.File) File {
	var st unix.Statx_t
	err := unix.Statx(int(f.Fd()), "", unix.AT_EMPTY_PATH, unix.STATX_DIOALIGN, &st)
	if err != nil || st.Mask&unix.STATX_DIOALIGN == 0 || st.Dio_offset_align == 0 || st.Dio_offset_align > sector || st.Dio_mem_align > sector {
		return osFile{File: f}
	}
	direct, err := os.OpenFile(f.Name(), os.O_WRONLY|unix.O_DIRECT|unix.O_DSYNC, 0)
	if err != nil {
		return osFile{File: f} // the ordinary way is there
	}
	return osFile{f, direct}
}

// WriteDurable writes whole sectors from a buffer that lies on one, past the page
// cache, and returns when they are on the disk. It reports false, and has done
// nothing, where that is not possible.
func (f osFile) WriteDurable(b []byte, at int64) (bool, error) {
	if f.direct == nil || len(b)%sector != 0 || at%sector != 0 || uintptr(unsafe.Pointer(&b[0]))%sector != 0 {
		return false, nil
	}
	n, err := f.direct.WriteAt(b, at)
	if n == 0 && errors.Is(err, unix.EINVAL) {
		return false, nil
	}
	return true, err
}

// Sync is fdatasync.
func (f osFile) Sync() error {
	for {
		err := unix.Fdatasync(int(f.Fd()))
		if err != unix.EINTR {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}

// Close closes both.
func (f osFile) Close() error {
	if f.direct == nil {
		return f.File.Close()
	}
	return errors.Join(f.direct.Close(), f.File.Close())
}
