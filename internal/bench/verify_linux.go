package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"puntuale/internal/clock"
	"puntuale/internal/ranking/rankingtest"
)

const (
	verifyRows    = 1_000_000
	verifySeconds = 30
	verifyMemory  = 1 << 30 // bytes, the greatest resident size
)

// registerVerify lets the real program recompute an exported list of a million
// rows, with ties, repeats, refusals, late arrivals, quotas and a real signature,
// from its start to its end. With one changed byte the same program must fail.
func registerVerify(ctx context.Context, plan RegisterPlan, w io.Writer) error {
	dir, err := os.MkdirTemp(plan.Dir, "verify-")
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	return errors.Join(verifyIn(ctx, dir, plan, w), os.RemoveAll(dir))
}

func verifyIn(ctx context.Context, dir string, plan RegisterPlan, w io.Writer) error {
	fmt.Fprintln(plan.Log, "writing a list of", verifyRows, "rows")
	list, keys := filepath.Join(dir, "list.csv"), filepath.Join(dir, "keys.json")
	if err := writeList(list, keys); err != nil {
		return err
	}
	m, err := runVerify(ctx, plan.Program, keys, list)
	if err != nil {
		return err
	}
	if err := changedByteIsFound(ctx, plan.Program, keys, list); err != nil {
		return err
	}
	for _, f := range []Figure{
		atMost("verify.seconds", m.seconds, "s", verifySeconds),
		plain("verify.processor", m.processor, "s"),
		plain("verify.rows", verifyRows, "rows"),
		atMost("verify.memory", m.memory, "B", verifyMemory),
	} {
		if err := f.Write(w); err != nil {
			return err
		}
	}
	return nil
}

func writeList(list, keys string) error {
	l, err := rankingtest.Make(verifyRows, 1)
	if err != nil {
		return err
	}
	signer, err := rankingtest.Signer()
	if err != nil {
		return err
	}
	out, err := os.Create(list)
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	if err := errors.Join(l.Publish(out, signer), out.Close()); err != nil {
		return err
	}
	trusted, err := rankingtest.Keys()
	if err != nil {
		return err
	}
	b, err := trusted.Marshal()
	if err != nil {
		return err
	}
	return os.WriteFile(keys, b, 0o600)
}

// runVerify runs the program below a small process of this one's kind and
// returns what that has measured.
func runVerify(ctx context.Context, program, keys, list string) (m measured, err error) {
	self, err := os.Executable()
	if err != nil {
		return m, fmt.Errorf("bench: %w", err)
	}
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, self, "measured", program, "verify", "list", "--trust", keys, "--lang", "en", list)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return m, fmt.Errorf("intake verify: %w\n%.2000s", err, out.String())
	}
	_, last, _ := bytes.Cut(out.Bytes(), []byte(measuredPrefix))
	if _, err := fmt.Sscan(string(last), &m.seconds, &m.processor, &m.memory); err != nil {
		return m, fmt.Errorf("bench: measured: %w", err)
	}
	return m, nil
}

// measured is a program's seconds by the clock on the wall and of processors, and
// its greatest resident size in bytes.
type measured struct{ seconds, processor, memory float64 }

const measuredPrefix = "MEASURED "

// Measured runs a program and prints, behind what it prints itself, its seconds
// by the clock on the wall, its seconds of processor time, and its greatest
// resident size in bytes, as the kernel has counted them (wait4).
func Measured(ctx context.Context, command []string, w io.Writer) error {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stdout, cmd.Stderr = w, w
	began := clock.System{}.Now()
	if err := cmd.Run(); err != nil {
		return err
	}
	seconds := clock.System{}.Now().Sub(began).Seconds()
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return errors.New("bench: the system does not count memory")
	}
	_, err := fmt.Fprintf(w, "%s%f %f %d\n", measuredPrefix, seconds, (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds(), usage.Maxrss*1024)
	return err
}

// changedByteIsFound changes one byte in the middle of the list.
func changedByteIsFound(ctx context.Context, program, keys, list string) error {
	f, err := os.OpenFile(list, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	info, err := f.Stat()
	b := make([]byte, 1)
	if err == nil {
		_, err = f.ReadAt(b, info.Size()/2)
	}
	if err == nil {
		_, err = f.WriteAt([]byte{b[0] ^ 1}, info.Size()/2)
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	var exit *exec.ExitError
	if _, err := runVerify(ctx, program, keys, list); !errors.As(err, &exit) {
		return fmt.Errorf("bench: a changed byte was not found (%v)", err)
	}
	return nil
}
