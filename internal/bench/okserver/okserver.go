// Package okserver is the peer that does nothing: a fasthttp handler that reads
// the request and answers "ok". Nothing that is written on the same library and
// does something can be much faster.
package okserver

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"

	"github.com/valyala/fasthttp"
)

// bodyMax is the largest body that it reads, in bytes.
const bodyMax = 64 << 10

// Serve answers on addr until ctx ends.
func Serve(ctx context.Context, addr string) error { return ServeTLS(ctx, addr, nil) }

// ServeTLS is Serve over TLS, unless config is nil.
func ServeTLS(ctx context.Context, addr string, config *tls.Config) error {
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("okserver: %w", err)
	}
	if config != nil {
		ln = tls.NewListener(ln, config)
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
