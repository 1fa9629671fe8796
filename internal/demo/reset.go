package demo

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"puntuale/internal/devstack"
)

// Reset forgets everything that demos have kept in dir. Servers of the user's
// own are left as they are.
func Reset(dir string) error {
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	lock, err := lockDir(dir)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := devstack.Remove(filepath.Join(dir, "postgres")); err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	return nil
}
