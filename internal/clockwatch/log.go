package clockwatch

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
)

const (
	logMax   = 8 << 20 // about a day
	logFiles = 31      // with the current one, about a month
)

// logHeader begins each file.
const logHeader = "# real_ns raw_ns offset_ns bound_ns level agreeing servers steps\n"

// clockLog writes a line a second: both clocks, offset and bound. It is evidence
// for later, of how the clock went when a stamp was taken; nothing waits for it,
// and what cannot be written is lost.
type clockLog struct {
	path   string // "" writes nothing
	max    int64  // size at which a new file begins
	log    *slog.Logger
	file   *os.File
	size   int64
	failed bool // it has been said that writing fails
}

func newClockLog(dir string, log *slog.Logger) *clockLog {
	l := &clockLog{log: log, max: logMax}
	if dir != "" {
		l.path = filepath.Join(dir, LogFile)
	}
	return l
}

func (l *clockLog) write(r Reading, v *View) {
	if l.path == "" {
		return
	}
	line := fmt.Sprintf("%d %d %d %d %s %d %d %d\n", r.Real, r.Raw, v.Offset, v.Bound, v.Level, v.Agreeing, len(v.Servers), v.Steps)
	err := l.append(line)
	if err != nil && !l.failed {
		l.log.Warn("the log of the clock cannot be written", "error", err)
	}
	l.failed = err != nil
}

func (l *clockLog) append(line string) error {
	if err := l.open(); err != nil {
		return err
	}
	if l.size+int64(len(line)) > l.max {
		if err := errors.Join(l.rotate(), l.open()); err != nil {
			return err
		}
	}
	n, err := l.file.WriteString(line)
	l.size += int64(n)
	if err != nil {
		return errors.Join(fmt.Errorf("clockwatch: %w", err), l.shut())
	}
	return nil
}

// open opens the file, if it is not.
func (l *clockLog) open() error {
	if l.file != nil {
		return nil
	}
	f, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("clockwatch: %w", err)
	}
	st, err := f.Stat()
	if err != nil {
		return errors.Join(fmt.Errorf("clockwatch: %w", err), f.Close())
	}
	l.file, l.size = f, st.Size()
	if l.size > 0 {
		return nil
	}
	n, err := f.WriteString(logHeader)
	l.size = int64(n)
	return err
}

// rotate gives clock.log the name clock.log.1, that one the next, and so on; the
// oldest is overwritten.
func (l *clockLog) rotate() error {
	if err := l.shut(); err != nil {
		return err
	}
	name := func(i int) string {
		if i == 0 {
			return l.path
		}
		return fmt.Sprintf("%s.%d", l.path, i)
	}
	for i := logFiles - 2; i >= 0; i-- {
		if err := os.Rename(name(i), name(i+1)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("clockwatch: %w", err)
		}
	}
	return nil
}

// shut closes the file; the next line opens it again.
func (l *clockLog) shut() error {
	if l.file == nil {
		return nil
	}
	err := l.file.Close()
	l.file = nil
	if err != nil {
		return fmt.Errorf("clockwatch: %w", err)
	}
	return nil
}

func (l *clockLog) close() {
	if err := l.shut(); err != nil {
		l.log.Warn("the log of the clock cannot be closed", "error", err)
	}
}
