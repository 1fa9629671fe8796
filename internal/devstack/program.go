package devstack

import (
	"fmt"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
)

// Program is one of our own programs as a child process, which ends with this
// one, however it ends. Start, Kill and Stop are not for concurrent use.
type Program struct {
	Name string // for messages
	Path string
	Args []string
	Env  []string // added to our own environment
	Log  string   // file that standard output and error are appended to

	process *process
	pid     atomic.Int64 // of it, for those who watch
}

// Start launches the program; it may be called again after Kill or Stop.
func (p *Program) Start() error {
	cmd := exec.Command(p.Path, p.Args...)
	cmd.Env = append(os.Environ(), p.Env...)
	var err error
	p.process, err = launch(cmd, p.Log, syscall.SIGTERM, "TERM", nil)
	if err != nil {
		return fmt.Errorf("%s: %w", p.Name, err)
	}
	p.pid.Store(int64(p.process.cmd.Process.Pid))
	return nil
}

// Done is closed when the program has ended.
func (p *Program) Done() <-chan struct{} { return p.process.done }

// Tail returns the end of the program's log, for error messages.
func (p *Program) Tail() string { return tail(p.Log) }

// PID returns the process number, also while somebody starts the program again.
func (p *Program) PID() int { return int(p.pid.Load()) }

// Kill ends the program with SIGKILL and waits for its end.
func (p *Program) Kill() error {
	if err := p.process.kill(); err != nil {
		return err
	}
	return p.process.close()
}

// Stop ends the program with SIGTERM, waits, and kills it when it does not end.
// It does nothing when the program was never started.
func (p *Program) Stop() error {
	if p.process == nil {
		return nil
	}
	return p.process.close()
}
