package crash

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"puntuale/internal/clock"
)

// program is the path of the intake, built once with the race detector.
var program string

func TestMain(m *testing.M) {
	code, err := buildAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func buildAndRun(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "puntuale-bin-")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	program = filepath.Join(dir, "intake")
	if out, err := exec.Command("go", "build", "-race", "-o", program, "puntuale/cmd/intake").CombinedOutput(); err != nil {
		return 1, fmt.Errorf("build: %w\n%s", err, out)
	}
	return m.Run(), nil
}

func site(t *testing.T) *Site {
	t.Helper()
	s, err := OpenSite(t.Context(), program, clock.System{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// met fails for every count that is short. Seconds and rates are for the
// benchmark, which has the machine for itself and no race detector.
func met(t *testing.T, figures []Figure, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range figures {
		if !f.OK && f.Unit != "s" && f.Name != "kill_rate" {
			t.Error(f)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
