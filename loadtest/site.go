//go:build linux

package main

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/installation"
	"puntuale/internal/keys"
	"puntuale/internal/loadgen"
	"puntuale/internal/loadrun"
	"puntuale/internal/postgres"
	"puntuale/internal/wire"
)

// siteFlags say what is loaded.
type siteFlags struct {
	faultFlags
	Own         bool     `help:"Start an installation for this run: private PostgreSQL and Redis, intake, worker, portal."`
	Bin         string   `default:"${bin}" help:"Directory of portal and intake, for --own." type:"path"`
	Target      []string `help:"Base address of an intake, https://host:port; several share the connections."`
	Portal      string   `help:"Base address of the portal, for the judge."`
	Day         string   `help:"Code of the click day; its opening is the calendar's."`
	DatabaseURL string   `env:"DATABASE_URL" help:"Database of the installation, where accounts and applications of the run are stored before."`
	Keys        string   `help:"Directory of the installation's key files, for tickets." type:"path"`
	CA          string   `name:"ca" help:"Certificate authority of the targets, PEM; ca.crt among the keys if empty." type:"path"`
	Allow       string   `help:"File with targets that may be loaded, one host:port a line." type:"path"`
	Consent     []string `help:"File with a consent of the operator, as loadtest consent writes it." type:"path"`
}

// site is an installation to be loaded.
type site struct {
	db          *postgres.DB
	tickets     *keys.TicketKeys
	calendarKey ed25519.PublicKey
	day         installation.Day
	targets     []loadgen.Target
	manifest    loadrun.Target
	own         *installation.Installation // nil if it is somebody's
	ownFacts    *loadrun.Own
	place       string  // directory of an installation of our own
	faults      *faults // nil for none
}

// ownOpens is far enough to be moved back when all is ready, and beyond the time
// around an opening in which an intake rations handshakes.
const ownOpens = time.Hour

// open finds the installation, or starts one whose day takes these models.
func (f *siteFlags) open(ctx context.Context, clk clock.Clock, dir string, models []clickday.ModelCode) (*site, error) {
	if f.Own {
		return f.openOwn(ctx, clk, dir, models)
	}
	for name, v := range map[string]string{"target": first(f.Target), "day": f.Day, "database-url": f.DatabaseURL, "keys": f.Keys} {
		if v == "" {
			return nil, fmt.Errorf("%s: missing; without --own it is needed", name)
		}
	}
	s := &site{manifest: loadrun.Target{Intake: f.Target, Portal: f.Portal}}
	permission, err := f.permission(clk)
	if err == nil {
		err = s.keys(f.Keys, f.CA)
	}
	if err == nil {
		err = prove(ctx, permission, s.targets)
	}
	if err == nil {
		s.db, err = postgres.Open(ctx, f.DatabaseURL)
	}
	if err == nil {
		err = s.published(ctx, f.Day)
	}
	if err == nil && !s.day.Opens.After(clk.Now()) {
		err = fmt.Errorf("day: %[1]s è già aperto: la prova comincia prima dell’apertura / %[1]s has opened already: a run begins before the opening", f.Day)
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// keys reads the keys of tickets and makes the targets' TLS configuration.
func (s *site) keys(dir, ca string) error {
	var err error
	if s.tickets, err = keys.ReadTicketKeys(filepath.Join(dir, keys.TicketFile)); err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	if s.calendarKey, err = keys.ReadPublic(filepath.Join(dir, keys.CalendarPubFile)); err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	if ca == "" {
		ca = filepath.Join(dir, "ca.crt")
	}
	pem, err := os.ReadFile(ca)
	if err != nil {
		return fmt.Errorf("ca: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return fmt.Errorf("ca: %s has no certificate", ca)
	}
	for _, t := range s.manifest.Intake {
		u, err := url.Parse(t)
		if err != nil {
			return fmt.Errorf("target: %w", err)
		}
		target := loadgen.Target{Addr: u.Host}
		if u.Scheme == "https" {
			target.TLS = &tls.Config{
				RootCAs: roots, ServerName: u.Hostname(), MinVersion: tls.VersionTLS13, NextProtos: []string{"http/1.1"},
				ClientSessionCache: tls.NewLRUClientSessionCache(64),
			}
		}
		s.targets = append(s.targets, target)
	}
	return nil
}

// published finds the click day in the calendar.
func (s *site) published(ctx context.Context, code string) error {
	signed, err := s.db.SignedCalendar(ctx)
	if err != nil {
		return err
	}
	c, err := wire.OpenCalendar(signed, s.calendarKey)
	if err != nil {
		return err
	}
	for i := range c.Days {
		if d := &c.Days[i]; d.Code == code {
			s.day = installation.Day{ID: uint32(d.ID), Code: d.Code, Opens: time.Unix(0, d.Opens), Closes: time.Unix(0, d.Closes), Models: codes(d.Models)}
			return nil
		}
	}
	return fmt.Errorf("day: the calendar has no click day %q", code)
}

func codes(models []clickday.ModelCode) []string {
	out := make([]string, len(models))
	for i, m := range models {
		out[i] = string(m)
	}
	return out
}

// openOwn starts an installation.
func (f *siteFlags) openOwn(ctx context.Context, clk clock.Clock, dir string, models []clickday.ModelCode) (*site, error) {
	s := &site{place: filepath.Join(dir, "installation")}
	var err error
	s.own, err = installation.Open(ctx, installation.Config{Bin: f.Bin, Dir: s.place, Output: os.Stderr})
	if err != nil {
		return nil, err
	}
	if s.faults, err = f.prepare(s.own, clk); err == nil {
		err = s.own.Start(ctx)
	}
	if err == nil {
		s.db, err = postgres.OpenSmall(ctx, s.own.DatabaseURL, 4)
	}
	s.manifest = loadrun.Target{Intake: []string{s.faults.intake(s.own)}, Portal: s.own.PortalURL}
	keyDir := filepath.Dir(s.own.KeyFile(keys.TicketFile))
	s.ownFacts = &loadrun.Own{
		Dir: s.place, Journal: s.own.JournalDir(), DatabaseURL: s.own.DatabaseURL, RedisURL: s.own.RedisURL, AdminURL: s.own.AdminURL, KeysDir: keyDir,
	}
	if err == nil {
		err = s.keys(keyDir, "")
	}
	now := clk.Now()
	s.day = installation.Day{
		ID: uint32(now.Unix()), Code: "LOAD-" + now.UTC().Format("20060102-150405"), TitleIT: "Prova di carico", TitleEN: "Load test",
		Opens: now.Add(ownOpens).Truncate(time.Second), Closes: now.Add(26 * time.Hour).Truncate(time.Second), Models: codes(models),
	}
	if err == nil {
		err = s.own.SetDay(ctx, s.day)
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// opening moves the opening of an own installation to the given time, and returns
// when the day opens.
func (s *site) opening(ctx context.Context, at time.Time) (time.Time, error) {
	if s.own == nil {
		return s.day.Opens, nil
	}
	s.day.Opens = at.Truncate(time.Millisecond)
	s.faults.published(s.day)
	return s.day.Opens, s.own.SetDay(ctx, s.day)
}

func (s *site) dayID() clickday.DayID { return clickday.DayID(s.day.ID) }

// close stops what was started here.
func (s *site) close() error {
	if s.db != nil {
		s.db.Close()
	}
	if s.own != nil {
		return s.faults.close(s.own.Close())
	}
	return nil
}
