//go:build !linux

package crash

func dropCaches() error { return errNotAllowed }
