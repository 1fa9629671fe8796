package demo

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"puntuale/internal/devstack"
)

// ErrOwnServers says that part of what a demo has kept lies in servers of the
// user's own, which no demo deletes from.
var ErrOwnServers = errors.New(`DATABASE_URL or REDIS_URL is set: the demo's records lie in your own servers, and this program deletes nothing there.
Empty them yourself (in PostgreSQL: DROP SCHEMA public CASCADE; CREATE SCHEMA public;  in Redis: FLUSHDB),
then run this again without DATABASE_URL and REDIS_URL to forget the keys and files that belong to them`)

// Reset forgets everything that demos have kept in dir. With servers of the
// user's own it changes nothing, because keys and records belong together.
func Reset(dir string, ownServers bool) error {
	if ownServers {
		return ErrOwnServers
	}
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
