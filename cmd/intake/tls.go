package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"puntuale/internal/intake"
	"puntuale/internal/keys"
)

// tlsEvery is how often the files of TLS are looked at.
const tlsEvery = 5 * time.Second

// openTLS returns the settings of both listeners, nil with --plain.
func (n *node) openTLS(sec *secrets, m *intake.Metrics) *tls.Config {
	if n.tls = sec.tls; n.tls == nil {
		return nil
	}
	m.Watch("tls_certificate_expires_timestamp_seconds", "Until when the certificate in force is valid.", func() float64 {
		return float64(n.tls.Expires().Unix())
	})
	m.Watch("tls_reloads", "How often new TLS files were put in force.", func() float64 {
		taken, _ := n.tls.Reloads()
		return float64(taken)
	})
	m.Watch("tls_reloads_refused", "How often new TLS files were not sound.", func() float64 {
		_, refused := n.tls.Reloads()
		return float64(refused)
	})
	return n.tls.Config()
}

// watchTLS reloads certificate and session keys on SIGHUP and when the files
// change, until ctx ends.
func (n *node) watchTLS(ctx context.Context) {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	if n.tls == nil { // a SIGHUP still must not end the process
		<-ctx.Done()
		return
	}
	n.tls.Watch(ctx, hup, tlsEvery)
}

type sessionsCmd struct {
	Rotate rotateCmd `cmd:"" help:"Put a new session key before the others; nodes take it from the file without a restart."`
}

type rotateCmd struct {
	Keys string `required:"" help:"Directory of the key files." type:"existingdir"`
}

// Run rotates the session keys.
func (c *rotateCmd) Run() error {
	if err := keys.RotateSessions(c.Keys); err != nil {
		return err
	}
	fmt.Println("new session key in " + filepath.Join(c.Keys, keys.SessionsFile) + "; give the file to every node")
	return nil
}
