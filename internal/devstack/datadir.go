package devstack

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
)

// dataDir returns the directory for a server's data, owned by its user, and the
// directories that go with a temporary one.
func dataDir(opts Options, o owner) (dir string, remove []string, err error) {
	if opts.Dir == "" {
		if dir, err = os.MkdirTemp("", "puntuale-"); err != nil {
			return "", nil, fmt.Errorf("devstack: %w", err)
		}
		return dir, []string{dir}, o.give(dir)
	}
	if dir, err = filepath.Abs(opts.Dir); err != nil {
		return "", nil, fmt.Errorf("devstack: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", nil, fmt.Errorf("devstack: %w", err)
	}
	if o.change && !reachable(dir) {
		if dir, err = elsewhere(dir); err != nil {
			return "", nil, err
		}
	}
	return dir, nil, o.give(dir)
}

// reachable reports whether another user can walk down to dir.
func reachable(dir string) bool {
	for d := filepath.Dir(dir); ; d = filepath.Dir(d) {
		info, err := os.Stat(d)
		if err != nil || info.Mode().Perm()&0o001 == 0 {
			return false
		}
		if d == filepath.Dir(d) {
			return true
		}
	}
}

// elsewhere puts the data of a server that runs as another user below /var/tmp,
// where that user can get to, and leaves a note in the directory asked for.
func elsewhere(dir string) (string, error) {
	sum := sha256.Sum256([]byte(dir))
	other := fmt.Sprintf("/var/tmp/puntuale-%x", sum[:6])
	if err := os.MkdirAll(other, 0o755); err != nil {
		return "", fmt.Errorf("devstack: %w", err)
	}
	note := filepath.Join(dir, "DATA_IS_IN")
	if err := os.WriteFile(note, []byte(other+"\n"), 0o644); err != nil {
		return "", fmt.Errorf("devstack: %w", err)
	}
	return other, nil
}

// Remove deletes what servers have kept in dir. They must not be running.
func Remove(dir string) error {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("devstack: %w", err)
	}
	sum := sha256.Sum256([]byte(abs))
	for _, d := range []string{fmt.Sprintf("/var/tmp/puntuale-%x", sum[:6]), abs} {
		if err := os.RemoveAll(d); err != nil {
			return fmt.Errorf("devstack: %w", err)
		}
	}
	return nil
}
