//go:build !linux

package journal

import "os"

// osFile is a file of the system.
type osFile struct{ *os.File }

// newFile takes an open file.
func newFile(f *os.File) File { return osFile{f} }
