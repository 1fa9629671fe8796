// Package hugepage gives memory for tables that are looked into in no order at all,
// for every submission: in large pages where the system has them, and present from
// the beginning, so that a look costs one line of the processor's cache and not a
// walk through the page tables as well.
package hugepage

import "unsafe"

// size of a large page of memory, in bytes.
const size = 2 << 20

// Words returns n zeros.
func Words(n int) []uint64 {
	t := make([]uint64, n)
	if n*8 >= 2*size {
		b := unsafe.Slice((*byte)(unsafe.Pointer(&t[0])), n*8)
		from := int(-uintptr(unsafe.Pointer(&t[0])) & (size - 1))
		advise(b[from : from+(len(b)-from)/size*size])
	}
	for i := 0; i < n; i += 512 {
		t[i] = 0 // so that the page is there
	}
	return t
}
