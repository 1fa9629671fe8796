//go:build !linux

package journal

import "os"

type osFile struct{ *os.File }
