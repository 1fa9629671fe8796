// Package devstack runs private PostgreSQL and Redis servers from the binaries
// installed on this machine, for the demo and for tests: on Unix sockets only,
// in a directory of their own, stopped when the program that started them ends,
// however it ends. It is no part of an installation in production.
package devstack

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
)

// Options says where a server keeps its data.
type Options struct {
	// Dir is kept between runs. Empty means a temporary directory that goes
	// when the server stops.
	Dir string
	// InMemory lets Redis write no file: whatever it holds is gone when it stops. A
	// queue that is fed from a journal can live with that.
	InMemory bool
}

// find returns the path of a server program: $PATH first, then the places where
// Debian, Homebrew and MacPorts put PostgreSQL, highest version first.
func find(name string) (string, error) {
	if p, err := exec.LookPath(name); err == nil {
		return p, nil
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin/", "/opt/homebrew/opt/postgresql@*/bin/", "/usr/local/opt/postgresql@*/bin/",
		"/opt/local/lib/postgresql*/bin/",
	} {
		found, err := filepath.Glob(pattern + name)
		if err == nil && len(found) > 0 {
			sort.Slice(found, func(i, j int) bool { return version(found[i]) > version(found[j]) })
			return found[0], nil
		}
	}
	return "", fmt.Errorf("devstack: %s is not installed (run: make deps)", name)
}

// version picks the first number out of a path such as /usr/lib/postgresql/15/bin.
func version(path string) int {
	start := strings.IndexAny(path, "0123456789")
	if start < 0 {
		return 0
	}
	end := start
	for end < len(path) && path[end] >= '0' && path[end] <= '9' {
		end++
	}
	n, err := strconv.Atoi(path[start:end])
	if err != nil {
		return 0
	}
	return n
}

// socketDir makes a short-lived directory with a path short enough for a Unix
// socket (107 bytes on Linux, 103 on macOS).
func socketDir() (string, error) {
	dir, err := os.MkdirTemp("/tmp", "pnt-")
	if err != nil {
		return "", fmt.Errorf("devstack: %w", err)
	}
	return dir, nil
}
