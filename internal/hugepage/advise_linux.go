package hugepage

import "golang.org/x/sys/unix"

// advise asks for large pages; small ones do as well.
func advise(b []byte) { _ = unix.Madvise(b, unix.MADV_HUGEPAGE) }
