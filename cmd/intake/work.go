package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"puntuale/internal/admission"
	"puntuale/internal/clock"
	"puntuale/internal/daemon"
	"puntuale/internal/forms"
	"puntuale/internal/issuer"
	"puntuale/internal/keys"
	"puntuale/internal/ledger"
	"puntuale/internal/pades"
	"puntuale/internal/postgres"
	"puntuale/internal/queue"
	"puntuale/internal/queue/redisqueue"
	"puntuale/internal/receipt"
	"puntuale/internal/sequencer"
)

var (
	_ queue.Consumer  = (*redisqueue.Queue)(nil)
	_ admission.Store = (*postgres.DB)(nil)
	_ issuer.Store    = (*postgres.DB)(nil)
	_ sequencer.Term  = (*postgres.Term)(nil)
)

// WorkCmd is the process that numbers and issues; docs/worker.md explains its
// settings.
type WorkCmd struct {
	DatabaseURL    string        `name:"database-url" env:"DATABASE_URL" required:"" help:"PostgreSQL, postgres://…"`
	RedisURL       string        `name:"redis-url" env:"REDIS_URL" required:"" help:"Queue from the intake nodes, redis://…"`
	Keys           string        `required:"" help:"Directory of the key files." type:"existingdir"`
	VerifyURL      string        `name:"verify-url" required:"" help:"Where the QR code of a receipt leads; the submission id is added to the path."`
	ReceiptWorkers int           `default:"2" help:"Receipts made at the same time, 1 to 256."`
	QueueRetention time.Duration `default:"1h" help:"How long Redis keeps what is recorded already, 0 to 720h."`
	DebugListen    string        `help:"Private address: health, metrics, profiles. No authentication. Empty: none."`
	AddrFile       string        `help:"File to write the real debug address to." type:"path"`
	LogLevel       string        `default:"info" help:"debug, info, warn or error."`
}

// Run works until SIGINT or SIGTERM.
func (c *WorkCmd) Run() error {
	log, err := daemon.NewLogger(os.Stderr, c.LogLevel)
	if err != nil {
		return err
	}
	ctx, stop := daemon.Context()
	defer stop()
	w, err := c.open(ctx, log)
	if err != nil {
		return err
	}
	return errors.Join(w.run(ctx), w.close())
}

func (c *WorkCmd) check() error {
	switch {
	case c.ReceiptWorkers < 1 || c.ReceiptWorkers > 256:
		return fmt.Errorf("receipt-workers: %d: want 1 to 256", c.ReceiptWorkers)
	case c.QueueRetention < 0 || c.QueueRetention > 720*time.Hour:
		return fmt.Errorf("queue-retention: %s: want 0 to 720h", c.QueueRetention)
	}
	return nil
}

// workKeys are the keys of a worker.
type workKeys struct {
	tickets  *keys.TicketKeys
	calendar ed25519.PublicKey
	seal     *pades.Seal
	ledger   *ledger.Signer
}

func (c *WorkCmd) secrets() (k workKeys, err error) {
	if k.tickets, err = keys.ReadTicketKeys(filepath.Join(c.Keys, keys.TicketFile)); err != nil {
		return k, fmt.Errorf("keys: %w", err)
	}
	if k.calendar, err = keys.ReadPublic(filepath.Join(c.Keys, keys.CalendarPubFile)); err != nil {
		return k, fmt.Errorf("keys: %w", err)
	}
	if k.ledger, err = keys.ReadLedgerSigner(filepath.Join(c.Keys, keys.LedgerKeyFile)); err != nil {
		return k, fmt.Errorf("keys: %w", err)
	}
	k.seal, err = pades.Load(filepath.Join(c.Keys, keys.SealKeyFile), filepath.Join(c.Keys, keys.SealCertFile))
	if err != nil {
		return k, fmt.Errorf("keys: %w", err)
	}
	return k, nil
}

// worker is everything that one work process holds open.
type worker struct {
	cmd       *WorkCmd
	log       *slog.Logger
	db        *postgres.DB
	queue     *redisqueue.Queue
	judge     *admission.Judge
	issuer    *issuer.Issuer
	sequencer *sequencer.Sequencer
	registry  *prometheus.Registry
	debug     net.Listener // nil without --debug-listen
}

func (c *WorkCmd) open(ctx context.Context, log *slog.Logger) (*worker, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	k, err := c.secrets()
	if err != nil {
		return nil, err
	}
	models, err := forms.Load()
	if err != nil {
		return nil, err
	}
	w := &worker{cmd: c, log: log, registry: daemon.NewRegistry()}
	err = w.openStores(ctx, k.ledger)
	if err == nil {
		err = w.openStages(&k, models)
	}
	if err == nil && c.DebugListen != "" {
		w.debug, err = daemon.Listen(ctx, "debug-listen", c.DebugListen)
	}
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func (w *worker) openStores(ctx context.Context, signer *ledger.Signer) error {
	var err error
	if w.queue, err = redisqueue.Open(w.cmd.RedisURL); err != nil {
		return fmt.Errorf("redis-url: %w", err)
	}
	if w.db, err = postgres.Open(ctx, w.cmd.DatabaseURL); err != nil {
		return fmt.Errorf("database-url: %w", err)
	}
	w.db.Ledger = signer
	return nil
}

func (w *worker) openStages(k *workKeys, models *forms.Catalogue) error {
	var err error
	w.judge, err = admission.New(admission.Config{
		Store: w.db, Models: models, Tickets: k.tickets, CalendarKey: k.calendar,
		Log: w.log, Metrics: admission.NewMetrics(w.registry),
	})
	if err != nil {
		return err
	}
	w.issuer, err = issuer.New(issuer.Config{
		Store: w.db, Models: models, CalendarKey: k.calendar, Render: receipt.Render, Seal: k.seal, Body: k.seal.Subject(),
		VerifyURL: w.cmd.VerifyURL, Clock: clock.System{}, Log: w.log, Metrics: issuer.NewMetrics(w.registry),
		Workers: w.cmd.ReceiptWorkers,
	})
	if err != nil {
		return err
	}
	w.sequencer, err = sequencer.New(sequencer.Config{
		Lead:  w.lead,
		Queue: w.queue, Judge: w.judge, Clock: clock.System{}, Log: w.log, Metrics: sequencer.NewMetrics(w.registry),
		Retention: w.cmd.QueueRetention, OnNumbered: w.issuer.Wake,
	})
	return err
}

func (w *worker) lead(ctx context.Context) (sequencer.Term, bool, error) {
	t, ok, err := w.db.Lead(ctx)
	if err != nil || !ok {
		return nil, false, err
	}
	return t, true, nil
}

// run works until ctx ends: both stages stop where they are, which is safe at
// any step, and the debug listener last.
func (w *worker) run(ctx context.Context) error {
	debugCtx, stopDebug := context.WithCancel(context.WithoutCancel(ctx))
	defer stopDebug()
	group, ctx := errgroup.WithContext(ctx)
	if w.debug != nil {
		mux := daemon.DebugMux(w.registry, w.ready)
		group.Go(func() error { return daemon.Serve(debugCtx, w.debug, mux, w.log) })
		w.log.Info("debug on " + w.debug.Addr().String())
		if err := daemon.WriteAddrFile(w.cmd.AddrFile, w.debug.Addr().String()); err != nil {
			group.Go(func() error { return err })
		}
	}
	group.Go(func() error {
		defer stopDebug()
		var stages errgroup.Group
		stages.Go(func() error { return w.sequencer.Run(ctx) })
		stages.Go(func() error { return w.issuer.Run(ctx) })
		return stages.Wait()
	})
	w.log.Info("working", "receipt_workers", w.cmd.ReceiptWorkers)
	return group.Wait()
}

// ready is nil while the database answers.
func (w *worker) ready() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if _, _, err := w.db.Backlog(ctx); err != nil {
		return err
	}
	return nil
}

// close closes what is open, also after half an open.
func (w *worker) close() error {
	if w.judge != nil {
		w.judge.Close()
	}
	if w.db != nil {
		w.db.Close()
	}
	if w.debug != nil {
		w.debug.Close() // closed already after an ordered end
	}
	if w.queue == nil {
		return nil
	}
	return w.queue.Close()
}
