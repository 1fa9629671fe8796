// Package daemon is what every server program of the project does alike: ending
// on a signal, structured logs, the private debug listener (health, readiness,
// metrics, profiles), an ordered HTTP shutdown, and a file with the addresses
// that were really taken.
package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	shutdownTimeout = 10 * time.Second
	headerTimeout   = 5 * time.Second
	idleTimeout     = 2 * time.Minute
)

// Context returns a context that ends on SIGINT or SIGTERM. After the first
// signal a second one ends the program at once.
func Context() (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// NewLogger returns a text logger. Levels are debug, info, warn and error.
func NewLogger(w io.Writer, level string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("log level %q: want debug, info, warn or error", level)
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: l})), nil
}

// Listen opens a TCP listener; setting is the name that an error mentions.
func Listen(ctx context.Context, setting, addr string) (net.Listener, error) {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", setting, err)
	}
	return ln, nil
}

// Serve answers on ln until ctx ends, then lets requests in flight finish for
// at most ten seconds. It returns nil after an ordered end.
func Serve(ctx context.Context, ln net.Listener, h http.Handler, log *slog.Logger) error {
	srv := &http.Server{
		Handler: h, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(ln) }()
	select {
	case err := <-done:
		return fmt.Errorf("serve %s: %w", ln.Addr(), err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	if err := srv.Shutdown(grace); err != nil {
		return errors.Join(fmt.Errorf("shut down %s: %w", ln.Addr(), err), srv.Close())
	}
	return nil
}

// WriteAddrFile writes the addresses, one a line, whole or not at all; with an
// empty path it does nothing. Programs started with port 0 are found by it.
func WriteAddrFile(path string, addrs ...string) error {
	if path == "" {
		return nil
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".addr-*")
	if err != nil {
		return fmt.Errorf("addr-file: %w", err)
	}
	defer os.Remove(tmp.Name()) // after the rename there is nothing to remove
	_, werr := io.WriteString(tmp, strings.Join(addrs, "\n")+"\n")
	if err := errors.Join(werr, tmp.Chmod(0o644), tmp.Close()); err != nil {
		return fmt.Errorf("addr-file: %w", err)
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return fmt.Errorf("addr-file: %w", err)
	}
	return nil
}
