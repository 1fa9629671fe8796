//go:build desktop_window

package e2e

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestDesktopWindow starts the real desktop mini-client on a real X server and
// looks at its window. It has a tag of its own because building the window takes
// minutes; `make test` runs it last.
func TestDesktopWindow(t *testing.T) {
	program := filepath.Join(t.TempDir(), "miniclient")
	if out, err := exec.Command("go", "build", "-tags", "no_emoji", "-o", program, "puntuale/cmd/miniclient").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	display := startX(t)
	app := exec.Command(program, "--dir", t.TempDir())
	app.Env = append(os.Environ(), "DISPLAY="+display, "LANG=it_IT.UTF-8")
	var said strings.Builder
	app.Stdout, app.Stderr = &said, &said
	if err := app.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		app.Process.Kill()
		app.Wait() // killed just now
		if strings.Contains(said.String(), "Error in Fyne call thread") {
			t.Errorf("the window was touched from a wrong goroutine:\n%s", said.String())
		}
	}()
	eventually(t, time.Minute, "the window", func() bool {
		cmd := exec.Command("xdotool", "search", "--onlyvisible", "--name", "Puntuale")
		cmd.Env = app.Env
		out, err := cmd.Output()
		return err == nil && len(out) > 0
	})
	picture := filepath.Join(t.ArtifactDir(), "window.png")
	eventually(t, time.Minute, "a window with something in it", func() bool { return colours(t, display, picture) > 20 })
}

// startX starts an X server on a display that it chooses itself.
func startX(t *testing.T) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	x := exec.Command("Xvfb", "-displayfd", "3", "-screen", "0", "1280x800x24", "-nolisten", "tcp")
	x.ExtraFiles = []*os.File{w}
	if err := x.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		x.Process.Kill()
		x.Wait() // killed just now
	})
	w.Close()
	number, err := bufio.NewReader(r).ReadString('\n') // the whole line: it comes in parts
	if err != nil {
		t.Fatalf("Xvfb does not say its display: %v", err)
	}
	return ":" + strings.TrimSpace(number)
}

// colours takes a picture of the screen and counts its colours.
func colours(t *testing.T, display, path string) int {
	t.Helper()
	shot := exec.Command("import", "-window", "root", path)
	shot.Env = append(os.Environ(), "DISPLAY="+display)
	if out, err := shot.CombinedOutput(); err != nil {
		t.Logf("import: %v %s", err, out)
		return 0
	}
	out, err := exec.Command("identify", "-format", "%k", path).Output()
	if err != nil {
		t.Fatalf("identify: %v", err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(out)))
	if err != nil {
		t.Fatalf("identify says %q", out)
	}
	return n
}
