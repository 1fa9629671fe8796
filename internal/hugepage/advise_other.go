//go:build !linux

package hugepage

// advise does nothing: only Linux is known to have it.
func advise([]byte) {}
