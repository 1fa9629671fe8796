package devstack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	startTimeout = 30 * time.Second
	stopTimeout  = 20 * time.Second
	pollEvery    = 10 * time.Millisecond
)

// process is one child with a janitor beside it. The janitor is a shell that
// waits for the end of its standard input, which comes when this program ends in
// whatever way, and then stops the child and clears up.
type process struct {
	cmd     *exec.Cmd
	janitor *exec.Cmd
	leash   io.WriteCloser
	stop    syscall.Signal // the child's polite way to stop
	done    chan struct{}  // closed when the child has ended
	once    sync.Once
}

// It is told "done" when the child has ended before, whose number may by then
// belong to a stranger.
const janitorScript = `read -r word || word=gone
if [ "$word" != done ] && kill -"$1" "$2" 2>/dev/null; then
  i=0
  while kill -0 "$2" 2>/dev/null && [ $i -lt 100 ]; do i=$((i+1)); sleep 0.1; done
fi
shift 2
[ $# -eq 0 ] || rm -rf "$@"`

// launch starts cmd with its output in logPath. The directories in remove go
// when the process is stopped for good.
func launch(cmd *exec.Cmd, logPath string, stop syscall.Signal, stopName string, remove []string) (*process, error) {
	log, err := os.OpenFile(logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("devstack: %w", err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true // Ctrl-C goes to us; we stop the child in order
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("devstack: %w", err)
	}
	p := &process{cmd: cmd, stop: stop, done: make(chan struct{})}
	go func() {
		cmd.Wait() // how it ended stands in its log
		close(p.done)
	}()
	args := append([]string{"-c", janitorScript, "janitor", stopName, strconv.Itoa(cmd.Process.Pid)}, remove...)
	p.janitor = exec.Command("/bin/sh", args...)
	p.janitor.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	leash, err := p.janitor.StdinPipe()
	if err == nil {
		err = p.janitor.Start()
	}
	if err != nil {
		cmd.Process.Kill()
		return nil, fmt.Errorf("devstack: janitor: %w", err)
	}
	p.leash = leash
	return p, nil
}

// await calls ready until it says yes, the child ends or time is up.
func (p *process) await(ctx context.Context, what, logPath string, ready func(context.Context) bool) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for !ready(ctx) {
		select {
		case <-p.done:
			return fmt.Errorf("devstack: %s ended at its start:\n%s", what, tail(logPath))
		case <-ctx.Done():
			return fmt.Errorf("devstack: %s does not answer: %w\n%s", what, ctx.Err(), tail(logPath))
		case <-tick.C:
		}
	}
	return nil
}

// kill ends the child at once, as a power cut of this one process would.
func (p *process) kill() error {
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("devstack: %w", err)
	}
	<-p.done
	return nil
}

// close stops the child politely, waits, and lets the janitor clear up.
func (p *process) close() error {
	var err error
	p.once.Do(func() {
		if serr := p.cmd.Process.Signal(p.stop); serr != nil && !errors.Is(serr, os.ErrProcessDone) {
			err = fmt.Errorf("devstack: %w", serr)
		}
		select {
		case <-p.done:
		case <-time.After(stopTimeout):
			err = errors.Join(err, p.kill())
		}
		_, werr := io.WriteString(p.leash, "done\n")
		if jerr := errors.Join(werr, p.leash.Close(), p.janitor.Wait()); jerr != nil {
			err = errors.Join(err, fmt.Errorf("devstack: janitor: %w", jerr))
		}
	})
	return err
}

func tail(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	if len(b) > 2000 {
		b = b[len(b)-2000:]
	}
	return string(b)
}

// evict stops whatever an earlier run, killed before it could clear up, has left
// running on dir, as its pid file tells.
func evict(pidFile, program string) error {
	b, err := os.ReadFile(pidFile)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("devstack: %w", err)
	}
	first, _, _ := strings.Cut(string(b), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil || pid <= 1 || !runs(pid, program) {
		return nil
	}
	if err := syscall.Kill(pid, syscall.SIGINT); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("devstack: stop the %s left from an earlier run (process %d): %w", program, pid, err)
	}
	deadline := time.After(stopTimeout)
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for syscall.Kill(pid, 0) == nil {
		select {
		case <-tick.C:
		case <-deadline:
			return fmt.Errorf("devstack: process %d (%s) left from an earlier run does not stop", pid, program)
		}
	}
	return nil
}

// runs reports whether pid is alive and is that program, so that a recycled
// process number never hits a stranger.
func runs(pid int, program string) bool {
	out, err := exec.Command("ps", "-o", "comm=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && strings.Contains(filepath.Base(strings.TrimSpace(string(out))), program)
}

// retire dismisses the janitor of a child that has ended and whose directories
// are still needed by its successor.
func (p *process) retire() error {
	if err := p.janitor.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("devstack: janitor: %w", err)
	}
	p.once.Do(func() {
		p.leash.Close()
		p.janitor.Wait() // killed just now
	})
	return nil
}

// childrenOf lists the children of a process.
func childrenOf(parent int) []int {
	out, err := exec.Command("ps", "-e", "-o", "pid=,ppid=").Output()
	if err != nil {
		return nil // there is no process table to be read
	}
	var children []int
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) != 2 || f[1] != strconv.Itoa(parent) {
			continue
		}
		if pid, err := strconv.Atoi(f[0]); err == nil {
			children = append(children, pid)
		}
	}
	return children
}

// awaitEnd waits until none of some killed processes is left.
func awaitEnd(pids []int) error {
	deadline := time.After(stopTimeout)
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for _, pid := range pids {
		for alive(pid) {
			select {
			case <-tick.C:
			case <-deadline:
				return fmt.Errorf("devstack: process %d does not end", pid)
			}
		}
	}
	return nil
}

// alive reports whether a process runs; one that only waits to be buried does
// not.
func alive(pid int) bool {
	out, err := exec.Command("ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && !strings.HasPrefix(strings.TrimSpace(string(out)), "Z")
}
