//go:build desktop_window

package e2e

import (
	"bufio"
	"bytes"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestDesktopWindow starts the real desktop mini-client on a real X server, in
// both languages, light and dark, at the usual size and at 150 %, goes through
// its pages with the keyboard, and keeps a picture of each. It has a tag of its own
// because building the window takes minutes; `make test` runs it last. Without the
// tag migrated_fynedo the driver reports whatever touches the window from a wrong
// goroutine.
func TestDesktopWindow(t *testing.T) {
	program := filepath.Join(t.TempDir(), "miniclient")
	if out, err := exec.Command("go", "build", "-tags", "no_emoji", "-o", program, "puntuale/cmd/miniclient").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	for _, look := range []struct{ name, settings, scale string }{
		{"it-light", `{"lang":"it","theme":"light"}`, "1"},
		{"en-dark-150", `{"lang":"en","theme":"dark"}`, "1.5"},
	} {
		t.Run(look.name, func(t *testing.T) { showWindow(t, program, look.settings, look.scale) })
	}
}

func showWindow(t *testing.T, program, settings, scale string) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "settings.json"), []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	display := startX(t)
	app := exec.Command(program, "--dir", dir)
	app.Env = append(os.Environ(), "DISPLAY="+display, "LANG=it_IT.UTF-8", "FYNE_SCALE="+scale)
	var said strings.Builder
	app.Stdout, app.Stderr = &said, &said
	if err := app.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		app.Process.Kill()
		app.Wait() // killed just now
		if t.Failed() {
			t.Logf("the program said:\n%s", said.String())
		}
		if strings.Contains(said.String(), "Error in Fyne call thread") {
			t.Errorf("the window was touched from a wrong goroutine:\n%s", said.String())
		}
	}()
	tool := func(args ...string) bool {
		cmd := exec.Command("xdotool", args...)
		cmd.Env = app.Env
		return cmd.Run() == nil // search fails when it finds nothing
	}
	eventually(t, time.Minute, "the window", func() bool { return tool("search", "--onlyvisible", "--name", "Puntuale") })
	picture := filepath.Join(t.ArtifactDir(), "1.png")
	eventually(t, time.Minute, "a window with something in it", func() bool { return colours(t, display, picture) > 20 })
	for page := 4; page <= 5; page++ { // settings and help: the others lead to the guide before the pairing
		before, next := picture, filepath.Join(t.ArtifactDir(), strconv.Itoa(page)+".png")
		eventually(t, time.Minute, "another page", func() bool {
			// Nobody manages windows here: the focus has to be set.
			return tool("search", "--onlyvisible", "--name", "Puntuale", "windowfocus") && tool("key", "ctrl+"+strconv.Itoa(page)) && colours(t, display, next) > 20 && !alike(t, before, next)
		})
		picture = next
	}
}

// alike reports whether two pictures are the same.
func alike(t *testing.T, a, b string) bool {
	t.Helper()
	x, err := os.ReadFile(a)
	if err != nil {
		t.Fatal(err)
	}
	y, err := os.ReadFile(b)
	if err != nil {
		t.Fatal(err)
	}
	px, err := png.Decode(bytes.NewReader(x))
	if err != nil {
		t.Fatal(err)
	}
	py, err := png.Decode(bytes.NewReader(y))
	if err != nil {
		t.Fatal(err)
	}
	for at := image.Pt(0, 0); at.Y < px.Bounds().Dy(); at.Y++ {
		for at.X = 0; at.X < px.Bounds().Dx(); at.X++ {
			if px.At(at.X, at.Y) != py.At(at.X, at.Y) {
				return false
			}
		}
	}
	return true
}

// startX starts an X server on a display that it chooses itself.
func startX(t *testing.T) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	// Without -noreset the server begins anew when its last client leaves, which each call
	// of xdotool does, and who connects in that moment is turned away.
	x := exec.Command("Xvfb", "-displayfd", "3", "-noreset", "-screen", "0", "1280x800x24", "-nolisten", "tcp")
	x.ExtraFiles = []*os.File{w}
	if err := x.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		x.Process.Signal(syscall.SIGTERM) // so that it removes its lock and its socket
		x.Wait()                          // ended just now
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
