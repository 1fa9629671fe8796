package bench

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"puntuale/internal/clock"
)

const (
	screenWidth, screenHeight = 1280, 800
	// bandBlue is the head of the window, light and dark; it is drawn with the first picture.
	bandLight, bandDark = 0x0066cc, 0x004080
	firstWindowMax      = 1500.0 // ms
	desktopMemoryMax    = 150.0  // MiB
	settleWindow        = 8 * time.Second
	scrolls             = 200
	pollScreen          = 2 * time.Millisecond
)

// screen is an X server whose picture lies in a file.
type screen struct {
	cmd     *exec.Cmd
	display string
	frame   string // file with the picture, XWD
}

// openScreen starts Xvfb below a directory.
func openScreen(ctx context.Context, dir string) (*screen, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	defer r.Close()
	s := &screen{frame: filepath.Join(dir, "Xvfb_screen0")}
	s.cmd = exec.CommandContext(ctx, "Xvfb", "-displayfd", "3", "-noreset", "-fbdir", dir, "-screen", "0", fmt.Sprintf("%dx%dx24", screenWidth, screenHeight), "-nolisten", "tcp")
	s.cmd.ExtraFiles = []*os.File{w}
	err = s.cmd.Start()
	w.Close()
	if err != nil {
		return nil, fmt.Errorf("bench: Xvfb: %w (scripts/deps.sh test installs it)", err)
	}
	number, err := bufio.NewReader(r).ReadString('\n') // the whole line: it comes in parts
	if err != nil {
		return nil, errors.Join(fmt.Errorf("bench: Xvfb does not say its display: %w", err), s.close())
	}
	s.display = ":" + strings.TrimSpace(number)
	return s, nil
}

func (s *screen) close() error {
	if err := s.cmd.Process.Kill(); err != nil {
		return fmt.Errorf("bench: Xvfb: %w", err)
	}
	s.cmd.Wait() // it was killed just now
	return nil
}

// picture returns the pixels, four bytes each, and the length of a line.
func (s *screen) picture() ([]byte, int, error) {
	b, err := os.ReadFile(s.frame)
	if err != nil {
		return nil, 0, fmt.Errorf("bench: %w", err)
	}
	const headerSize, bytesPerLine, colours = 0, 12 * 4, 19 * 4
	if len(b) < 100 {
		return nil, 0, errors.New("bench: no picture of the screen")
	}
	start := int(binary.BigEndian.Uint32(b[headerSize:])) + 12*int(binary.BigEndian.Uint32(b[colours:]))
	return b[start:], int(binary.BigEndian.Uint32(b[bytesPerLine:])), nil
}

// shows reports whether the head of the window is on the screen.
func (s *screen) shows() bool {
	b, line, err := s.picture()
	if err != nil {
		return false
	}
	at := 4*line + 4*300
	p := binary.LittleEndian.Uint32(b[at:]) & 0xffffff
	return p == bandLight || p == bandDark
}

// fingerprint is a hash of what the list looks like.
func (s *screen) fingerprint() uint64 {
	b, line, err := s.picture()
	if err != nil {
		return 0
	}
	h := fnv.New64a()
	for y := 320; y < 700; y += 4 {
		h.Write(b[y*line+4*20 : y*line+4*600]) //nolint:errcheck // a hash takes everything
	}
	return h.Sum64()
}

// tool gives the window input.
func (s *screen) tool(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "xdotool", args...)
	cmd.Env = append(os.Environ(), "DISPLAY="+s.display)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("bench: xdotool: %w: %s (scripts/deps.sh test installs it)", err, out)
	}
	return nil
}

// WindowFigures are what one start of the desktop program showed.
type WindowFigures struct {
	First    time.Duration   // from the start of the process to the first picture
	Resident int64           // bytes, with the list on the screen; private and shared
	Scrolled int64           // bytes, just after it was scrolled through: pictures of texts are kept for a minute
	Shared   int64           // of them files that other programs can share: libraries, the program itself
	Frames   []time.Duration // from each turn of the wheel to another picture
}

// OpenWindow starts the desktop program with n applications on a screen of its
// own, looks at the first picture, turns to the list and scrolls through it.
func OpenWindow(ctx context.Context, clk clock.Clock, program, dir string, n int) (WindowFigures, error) {
	var f WindowFigures
	data, err := os.MkdirTemp(dir, "desktop-*")
	if err != nil {
		return f, fmt.Errorf("bench: %w", err)
	}
	defer os.RemoveAll(data)
	if err := fillStore(filepath.Join(data, "profile"), clk, n); err != nil {
		return f, err
	}
	s, err := openScreen(ctx, data)
	if err != nil {
		return f, err
	}
	defer s.close()
	app := exec.CommandContext(ctx, program, "--dir", filepath.Join(data, "profile"))
	app.Env = append(os.Environ(), "DISPLAY="+s.display, "LANG=it_IT.UTF-8", "PUNTUALE_PASSPHRASE=bench", "LIBGL_ALWAYS_SOFTWARE=1")
	var said bytes.Buffer
	app.Stderr = &said
	began := clk.Now()
	if err := app.Start(); err != nil {
		return f, fmt.Errorf("bench: %w (make miniclient builds it)", err)
	}
	defer app.Wait() // after the kill
	defer app.Process.Kill()
	if err := until(ctx, time.Minute, s.shows); err != nil {
		return f, fmt.Errorf("bench: no window: %w\n%s", err, said.String())
	}
	f.First = clk.Now().Sub(began)
	if err := s.tool(ctx, "mousemove", "160", "67", "click", "1", "mousemove", "300", "500"); err != nil {
		return f, err
	}
	if err := rest(ctx, settleWindow); err != nil {
		return f, err
	}
	if f.Resident, f.Shared, err = resident(app.Process.Pid); err != nil {
		return f, err
	}
	if f.Frames, err = s.scroll(ctx, clk); err != nil {
		return f, err
	}
	f.Scrolled, _, err = resident(app.Process.Pid)
	return f, err
}

// scroll turns the wheel over the list of applications.
func (s *screen) scroll(ctx context.Context, clk clock.Clock) ([]time.Duration, error) {
	var out []time.Duration
	for range scrolls {
		before := s.fingerprint()
		if err := s.tool(ctx, "click", "5"); err != nil {
			return nil, err
		}
		began := clk.Now()
		if err := until(ctx, 5*time.Second, func() bool { return s.fingerprint() != before }); err != nil {
			return nil, fmt.Errorf("bench: the list does not scroll: %w", err)
		}
		out = append(out, clk.Now().Sub(began))
	}
	return out, nil
}

// until polls the screen.
func until(ctx context.Context, limit time.Duration, f func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for !f() {
		if err := rest(ctx, pollScreen); err != nil {
			return err
		}
	}
	return nil
}

func rest(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// resident is the memory of a process that is there, and how much of it is files.
func resident(pid int) (all, files int64, err error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, fmt.Errorf("bench: %w", err)
	}
	for line := range strings.Lines(string(b)) {
		var kib int64
		switch name, rest, _ := strings.Cut(line, ":"); name {
		case "VmRSS", "RssFile":
			if _, err := fmt.Sscanf(rest, "%d kB", &kib); err != nil {
				return 0, 0, fmt.Errorf("bench: %s: %w", name, err)
			}
			if name == "VmRSS" {
				all = kib << 10
			} else {
				files = kib << 10
			}
		}
	}
	return all, files, nil
}

func reportDesktop(ctx context.Context, clk clock.Clock, p ClientPlan, dir string, progress io.Writer) ([]Figure, error) {
	var first, memory, files, scrolled []float64
	var frames []time.Duration
	for i := range p.Windows {
		f, err := OpenWindow(ctx, clk, p.Desktop, dir, p.Listed)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(progress, "window %d: first picture %s, %d MiB resident\n", i+1, f.First.Round(time.Millisecond), f.Resident>>20)
		first, frames = append(first, ms(f.First)), append(frames, f.Frames...)
		scrolled = append(scrolled, float64(f.Scrolled)/(1<<20))
		memory, files = append(memory, float64(f.Resident)/(1<<20)), append(files, float64(f.Shared)/(1<<20))
	}
	slices.Sort(frames)
	return []Figure{
		plain("desktop_applications", float64(p.Listed), "applications"),
		atMost("desktop_first_window_median", median(first), "ms", firstWindowMax),
		plain("desktop_first_window_max", slices.Max(first), "ms"),
		atMost("desktop_memory", slices.Max(memory), "MiB", desktopMemoryMax),
		plain("desktop_memory_of_files", slices.Max(files), "MiB"),
		plain("desktop_memory_after_scrolling", slices.Max(scrolled), "MiB"),
		plain("desktop_scroll_p50", ms(quantile(frames, 0.5)), "ms"),
		plain("desktop_scroll_p99", ms(quantile(frames, 0.99)), "ms"),
	}, nil
}

// deviceOf makes a key that signs as a device.
func deviceOf() (ed25519.PublicKey, ed25519.PrivateKey, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("bench: %w", err)
	}
	return public, private, nil
}
