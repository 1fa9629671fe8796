package crash

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// ext4Shutdown is EXT4_IOC_SHUTDOWN, _IOR('X', 125, __u32).
	ext4Shutdown = 0x8004587d
	// noLogFlush drops what the file system's own log has not written yet.
	noLogFlush = 2
)

// janitorScript clears up when this program ends in whatever way: the end of its
// standard input is the end of the program. A lazy unmount works also while a
// node that is about to be stopped still has files open; the loop device goes
// with the mount.
const janitorScript = `read -r word || word=gone
[ "$word" = done ] && exit 0
while mountpoint -q "$1/mnt"; do umount -l "$1/mnt" || exit 1; done
rm -rf "$1"`

// Disk is an ext4 file system in a file, mounted over a loop device.
type Disk struct {
	dir     string
	janitor *exec.Cmd
	leash   io.WriteCloser
}

// NewDisk makes and mounts a file system of so many MiB below dir. The error is
// ErrImpossible where that cannot be done. Remove it.
func NewDisk(ctx context.Context, dir string, mib int64) (*Disk, error) {
	if os.Geteuid() != 0 {
		return nil, fmt.Errorf("%w: it needs root", ErrImpossible)
	}
	if _, err := os.Stat("/dev/loop-control"); err != nil {
		return nil, fmt.Errorf("%w: no loop devices: %w", ErrImpossible, err)
	}
	for _, tool := range []string{"mkfs.ext4", "mount", "umount", "mountpoint"} {
		if _, err := exec.LookPath(tool); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrImpossible, err)
		}
	}
	own, err := os.MkdirTemp(dir, "disk-")
	if err != nil {
		return nil, fmt.Errorf("crash: %w", err)
	}
	d := &Disk{dir: own}
	if err := d.make(ctx, mib); err != nil {
		return nil, errors.Join(err, d.Remove())
	}
	return d, nil
}

func (d *Disk) make(ctx context.Context, mib int64) error {
	if err := d.hireJanitor(); err != nil {
		return err
	}
	if err := os.Mkdir(d.Path(), 0o700); err != nil {
		return fmt.Errorf("crash: %w", err)
	}
	f, err := os.Create(d.image())
	if err != nil {
		return fmt.Errorf("crash: %w", err)
	}
	if err := errors.Join(f.Truncate(mib<<20), f.Close()); err != nil {
		return fmt.Errorf("crash: %w", err)
	}
	if err := run(ctx, "mkfs.ext4", "-q", "-m", "0", "-E", "lazy_itable_init=0,lazy_journal_init=0", d.image()); err != nil {
		return err
	}
	if err := d.mount(ctx); err != nil {
		return fmt.Errorf("%w: %w", ErrImpossible, err)
	}
	return nil
}

func (d *Disk) hireJanitor() error {
	d.janitor = exec.Command("/bin/sh", "-c", janitorScript, "janitor", d.dir)
	d.janitor.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is not for it
	var err error
	if d.leash, err = d.janitor.StdinPipe(); err != nil {
		return fmt.Errorf("crash: janitor: %w", err)
	}
	if err := d.janitor.Start(); err != nil {
		return fmt.Errorf("crash: janitor: %w", err)
	}
	return nil
}

// Path is where the file system is mounted.
func (d *Disk) Path() string { return filepath.Join(d.dir, "mnt") }

func (d *Disk) image() string { return filepath.Join(d.dir, "disk.img") }

func (d *Disk) mount(ctx context.Context) error {
	return run(ctx, "mount", "-t", "ext4", "-o", "loop,noatime", d.image(), d.Path())
}

// Cut takes the power away: whatever was not synced is gone, and every later
// call on the file system fails. Processes live on and see I/O errors.
func (d *Disk) Cut() error {
	f, err := os.Open(d.Path())
	if err != nil {
		return fmt.Errorf("crash: %w", err)
	}
	err = unix.IoctlSetPointerInt(int(f.Fd()), ext4Shutdown, noLogFlush)
	if err != nil {
		err = fmt.Errorf("crash: shut the file system down: %w", err)
	}
	return errors.Join(err, f.Close())
}

// Restore gives the power back: the file system is mounted again, and recovers
// from its log. No process may have files of it open.
func (d *Disk) Restore(ctx context.Context) error {
	if err := d.unmount(ctx); err != nil {
		return err
	}
	return d.mount(ctx)
}

// unmount tries for a while: a sync that was under way when its file was closed
// keeps the disk busy until it has failed.
func (d *Disk) unmount(ctx context.Context) error {
	var err error
	for range 50 {
		if err = run(ctx, "umount", d.Path()); err == nil {
			return nil
		}
		t := time.NewTimer(100 * time.Millisecond)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return errors.Join(err, ctx.Err())
		}
	}
	return err
}

// Remove unmounts and deletes the disk; it may be called after half a start.
func (d *Disk) Remove() error {
	var err error
	if mounted(d.Path()) {
		err = d.unmount(context.Background())
	}
	if d.leash != nil {
		word := "done\n"
		if err != nil {
			word = "gone\n" // somebody still holds files: the janitor unmounts lazily
		}
		_, werr := io.WriteString(d.leash, word)
		err = errors.Join(err, werr, d.leash.Close(), d.janitor.Wait())
	}
	if mounted(d.Path()) {
		return err // never delete into a file system that is not gone
	}
	return errors.Join(err, os.RemoveAll(d.dir))
}

func mounted(path string) bool {
	b, err := os.ReadFile("/proc/self/mounts")
	return err == nil && strings.Contains(string(b), " "+path+" ")
}

// run runs a tool; its output is part of the error.
func run(ctx context.Context, name string, args ...string) error {
	if out, err := exec.CommandContext(ctx, name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("crash: %s: %w: %s", name, err, strings.TrimSpace(string(out)))
	}
	return nil
}
