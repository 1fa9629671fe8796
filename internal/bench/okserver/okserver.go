// Package okserver is the peer that does nothing: a fasthttp handler that reads
// the request and answers "ok". Nothing that is written on the same library and
// does something can be much faster.
package okserver

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/valyala/fasthttp"
)

// bodyMax is the largest body that it reads, in bytes.
const bodyMax = 64 << 10

// Serve answers on addr until ctx ends.
func Serve(ctx context.Context, addr string) error {
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("okserver: %w", err)
	}
	s := &fasthttp.Server{
		Handler:            func(c *fasthttp.RequestCtx) { c.SetBodyString("ok") },
		MaxRequestBodySize: bodyMax,
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(ln) }()
	select {
	case err := <-done:
		return fmt.Errorf("okserver: %w", err)
	case <-ctx.Done():
		return errors.Join(ln.Close(), <-done)
	}
}
