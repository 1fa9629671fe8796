//go:build !linux

package crash

import (
	"context"
	"fmt"
)

// Disk exists on Linux only.
type Disk struct{}

// NewDisk returns ErrImpossible.
func NewDisk(context.Context, string, int64) (*Disk, error) {
	return nil, fmt.Errorf("%w: it is not Linux", ErrImpossible)
}

// Path is empty.
func (*Disk) Path() string { return "" }

// Cut returns ErrImpossible.
func (*Disk) Cut() error { return ErrImpossible }

// Restore returns ErrImpossible.
func (*Disk) Restore(context.Context) error { return ErrImpossible }

// Remove does nothing.
func (*Disk) Remove() error { return nil }
