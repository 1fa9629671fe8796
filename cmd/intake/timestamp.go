package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"time"

	"puntuale/internal/clock"
	"puntuale/internal/postgres"
	"puntuale/internal/timestamping"
)

var _ timestamping.Store = (*postgres.DB)(nil)

// timestampSettings are those of the tokens on the heads of the ledger;
// docs/worker.md explains them.
type timestampSettings struct {
	URL   string        `name:"url" help:"RFC 3161 authority that puts the time on heads of the ledger, http(s)://… Empty: none is asked by this process."`
	CA    string        `name:"ca" help:"Roots that the authority's certificate must lead to, PEM. Empty: those of the system." type:"existingfile"`
	Every time.Duration `name:"every" default:"60s" help:"Pause between two questions, 1s to 24h."`
}

const (
	timestampTimeout = 20 * time.Second
	timestampMaxOff  = 10 * time.Minute
)

// openTimestamps makes the job that asks the authority, if one is set.
func (w *worker) openTimestamps() error {
	s := &w.cmd.Timestamp
	if s.URL == "" {
		return nil
	}
	u, err := url.Parse(s.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("timestamp-url: %q: want http(s)://host", s.URL)
	}
	roots, err := s.roots()
	if err != nil {
		return err
	}
	w.timestamps, err = timestamping.New(timestamping.Config{
		Store: w.db, Log: w.log, Metrics: timestamping.NewMetrics(w.registry), Every: s.Every, Timeout: timestampTimeout,
		Asker: &timestamping.Authority{URL: s.URL, HTTP: &http.Client{}, Roots: roots, Clock: clock.System{}, MaxOff: timestampMaxOff},
	})
	return err
}

func (s *timestampSettings) roots() (*x509.CertPool, error) {
	if s.CA == "" {
		return nil, nil
	}
	b, err := os.ReadFile(s.CA)
	if err != nil {
		return nil, fmt.Errorf("timestamp-ca: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(b) {
		return nil, fmt.Errorf("timestamp-ca: %w", errors.New("no PEM certificate in "+s.CA))
	}
	return pool, nil
}
