//go:build !linux && !windows

package timing

// raise does nothing where a thread cannot be given precedence without cgo.
func raise() (restore func()) { return func() {} }
