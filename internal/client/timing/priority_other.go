//go:build !linux && !windows

package timing

// attention is the precedence of a waiting thread, which cannot be had without cgo here.
type attention struct{}

func (attention) raise() {}

func (attention) end() {}
