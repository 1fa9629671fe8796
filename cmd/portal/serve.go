package main

import (
	"context"
	"crypto/ed25519"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"puntuale/internal/clock"
	"puntuale/internal/daemon"
	"puntuale/internal/keys"
	"puntuale/internal/portal"
	"puntuale/internal/postgres"
)

// sweepEvery is how often ended sessions are removed.
const sweepEvery = 10 * time.Minute

// placesEvery is how often new comuni and states are looked for.
const placesEvery = time.Minute

type serveCommand struct {
	database
	modelFiles
	retentionFile
	helpFlags
	restFlags
	Listen        string   `help:"Address to serve on; port 0 takes a free one." default:"127.0.0.1:8080"`
	PublicURL     string   `help:"Address that people use, without a final stroke; https makes cookies secure." default:"http://127.0.0.1:8080"`
	Keys          string   `help:"Directory of ticket.json, calendar.pub, ledger.pub and account.key." required:"" type:"path"`
	Name          string   `help:"Name of the installation." default:"Puntuale"`
	NTPServers    []string `name:"ntp-servers" help:"Time servers told to mini-clients." default:"ntp1.inrim.it,ntp2.inrim.it,time.inrim.it"`
	Releases      string   `help:"Directory of releases of the mini-client (portal release add); empty for none." type:"path"`
	AddrFile      string   `help:"File that the real address is written to." type:"path"`
	TimestampCA   string   `name:"timestamp-ca" help:"Roots of the RFC 3161 authority, PEM, as intake work has them: published in keys.json." type:"existingfile"`
	WorkBits      int      `name:"registration-work" help:"Proof of work of the registration, in bits: each one more doubles it; 1 to 24." default:"18"`
	Timing        bool     `name:"server-timing" help:"Tell in a header of each answer how long it took."`
	Proxies       []string `name:"trusted-proxies" help:"Networks of our own proxies, as 10.0.0.0/8: limits per address count whom their X-Forwarded-For names." sep:","`
	DebugListen   string   `help:"Private address of health, metrics and profiles; empty for none."`
	DBConnections int32    `name:"db-connections" help:"Connections to the database at the same time; 0 leaves it to the URL." default:"16"`
	LogLevel      string   `help:"debug, info, warn or error." default:"info"`
	DevMail       string   `help:"Demo only: directory of kept mails, shown to everybody at /dev/mail." type:"path"`
}

// Run serves until the context ends.
func (c *serveCommand) Run(ctx context.Context, clk clock.Clock) error {
	log, err := daemon.NewLogger(os.Stderr, c.LogLevel)
	if err != nil {
		return fmt.Errorf("--log-level: %w", err)
	}
	return c.withPool(ctx, c.DBConnections, func(db *postgres.DB) error { return c.serve(ctx, clk, db, log) })
}

func (c *serveCommand) serve(ctx context.Context, clk clock.Clock, db *postgres.DB, log *slog.Logger) error {
	policy, err := c.policy()
	if err != nil {
		return err
	}
	p, err := c.portal(ctx, clk, db, log)
	if err != nil {
		return err
	}
	ln, err := daemon.Listen(ctx, "--listen", c.Listen)
	if err != nil {
		return err
	}
	addrs := []string{ln.Addr().String()}
	var debug net.Listener
	if c.DebugListen != "" {
		if debug, err = daemon.Listen(ctx, "--debug-listen", c.DebugListen); err != nil {
			return errors.Join(err, ln.Close())
		}
		addrs = append(addrs, debug.Addr().String())
	}
	if err := daemon.WriteAddrFile(c.AddrFile, addrs...); err != nil {
		return errors.Join(err, ln.Close())
	}
	log.Info("listening on " + ln.Addr().String())
	handler := p.Handler()
	if c.Timing {
		handler = daemon.ServerTiming(clk, handler)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return daemon.Serve(ctx, ln, handler, log) })
	g.Go(func() error { cleanRehearsals(ctx, db, clk, log); return nil })
	g.Go(func() error { sweep(ctx, postgres.NewSessions(db, clk), log); return nil })
	g.Go(func() error { retain(ctx, db, policy, clk, log); return nil })
	g.Go(func() error { db.FollowPlaces(ctx, placesEvery, log); return nil })
	if debug != nil {
		log.Info("debug on " + debug.Addr().String())
		ready := func() error { return db.Pool.Ping(ctx) }
		g.Go(func() error { return daemon.Serve(ctx, debug, daemon.DebugMux(daemon.NewRegistry(), ready), log) })
	}
	return g.Wait()
}

func (c *serveCommand) portal(ctx context.Context, clk clock.Clock, db *postgres.DB, log *slog.Logger) (*portal.Portal, error) {
	models, err := c.load()
	if err != nil {
		return nil, err
	}
	if err := db.LearnModels(ctx, models.All()); err != nil {
		return nil, err
	}
	calendarKey, err := keys.ReadPublic(filepath.Join(c.Keys, keys.CalendarPubFile))
	if err != nil {
		return nil, fmt.Errorf("--keys: %w", err)
	}
	tickets, err := keys.ReadTicketKeys(filepath.Join(c.Keys, keys.TicketFile))
	if err != nil {
		return nil, fmt.Errorf("--keys: %w", err)
	}
	ledgerKey, err := keys.ReadLedgerVerifier(filepath.Join(c.Keys, keys.LedgerPubFile))
	if err != nil {
		return nil, fmt.Errorf("--keys: %w", err)
	}
	releaseKey, err := c.releaseKey()
	if err != nil {
		return nil, err
	}
	seals, authorities, err := c.published()
	if err != nil {
		return nil, err
	}
	proxies, err := networks(c.Proxies)
	if err != nil {
		return nil, err
	}
	accountKey, err := keys.Account(c.Keys)
	if err != nil {
		return nil, fmt.Errorf("--keys: %w", err)
	}
	rest, err := c.rest()
	if err != nil {
		return nil, err
	}
	p, err := portal.New(portal.Config{
		Rest:  rest,
		Store: db, Sessions: postgres.NewSessions(db, clk), Clock: clk, Models: models, PublicURL: c.PublicURL, Name: c.Name,
		Releases: c.Releases, ReleaseKey: releaseKey, AccountKey: accountKey, WorkBits: c.WorkBits, Proxies: proxies,
		CalendarKey: calendarKey, Tickets: tickets, NTPServers: c.NTPServers, Help: c.help(c.PublicURL), DevMail: c.DevMail, Ledger: ledgerKey, Seals: seals, Authorities: authorities, ParallelHashes: 2 * runtime.NumCPU(), Log: log,
	})
	if err != nil {
		return nil, fmt.Errorf("--public-url: %w", err)
	}
	return p, nil
}

// networks parses the addresses of proxies.
func networks(list []string) ([]netip.Prefix, error) {
	out := make([]netip.Prefix, len(list))
	for i, s := range list {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return nil, fmt.Errorf("--trusted-proxies: %q: want a network such as 10.0.0.0/8", s)
		}
		out[i] = p
	}
	return out, nil
}

// releaseKey reads the key that mini-clients pin; none where there is no
// release.pub, as in a directory of keys made before there were releases.
func (c *serveCommand) releaseKey() (ed25519.PublicKey, error) {
	k, err := keys.ReadPublic(filepath.Join(c.Keys, keys.ReleasePubFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("--keys: %w", err)
	}
	return k, nil
}

// published reads the certificates that the public is told of. Where there is no
// seal.crt, none is published.
func (c *serveCommand) published() (seals, authorities [][]byte, err error) {
	seals, err = readPEM(filepath.Join(c.Keys, keys.SealCertFile))
	if errors.Is(err, os.ErrNotExist) {
		seals, err = nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("--keys: %w", err)
	}
	if c.TimestampCA != "" {
		if authorities, err = readPEM(c.TimestampCA); err != nil {
			return nil, nil, fmt.Errorf("--timestamp-ca: %w", err)
		}
	}
	return seals, authorities, nil
}

// readPEM returns the certificates of a file, in DER.
func readPEM(path string) ([][]byte, error) {
	rest, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var out [][]byte
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type == "CERTIFICATE" {
			out = append(out, block.Bytes)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s: no certificate (PEM)", path)
	}
	return out, nil
}

// sweep removes ended sessions until the context ends. A failure is logged and
// tried again at the next turn.
func sweep(ctx context.Context, s *postgres.Sessions, log *slog.Logger) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if _, err := s.DeleteExpired(ctx); err != nil {
				log.Warn("sessions not swept", "err", err)
			}
		}
	}
}
