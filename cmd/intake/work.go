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
	"runtime/debug"
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
	"puntuale/internal/protocolregister"
	"puntuale/internal/queue"
	"puntuale/internal/queue/redisqueue"
	"puntuale/internal/receipt"
	"puntuale/internal/sequencer"
	"puntuale/internal/timestamping"
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
	DatabaseURL    string            `name:"database-url" env:"DATABASE_URL" required:"" help:"PostgreSQL, postgres://…"`
	RedisURL       string            `name:"redis-url" env:"REDIS_URL" help:"Queue from the intake nodes, redis://…; not needed with --issuers-only."`
	Keys           string            `required:"" help:"Directory of the key files." type:"existingdir"`
	ModelsDir      string            `help:"Directory with models of your own, <code>-<version>.json, beside the built-in ones. The same for portal and worker." type:"existingdir"`
	VerifyURL      string            `name:"verify-url" required:"" help:"Where the QR code of a receipt leads; the submission id is added to the path."`
	IssuersOnly    bool              `help:"Only issue receipts: for further machines. Needs neither Redis nor the private ledger key."`
	Body           string            `help:"Public body at the head of receipts. Empty: as in the certificate of the seal."`
	ReceiptWorkers int               `default:"3" help:"Receipts made at the same time, 0 to 256; with 0 this process only numbers."`
	QueueRetention time.Duration     `default:"1h" help:"How long Redis keeps what is recorded already, 0 to 720h."`
	DebugListen    string            `help:"Private address: health, metrics, profiles. No authentication. Empty: none."`
	AddrFile       string            `help:"File to write the real debug address to." type:"path"`
	LogLevel       string            `default:"info" help:"debug, info, warn or error."`
	PortalURL      string            `help:"Address that people use, for links in mails. Empty: that of --verify-url, without its path."`
	SMTP           smtpSettings      `embed:"" prefix:"smtp-"`
	Protocol       bodySettings      `embed:"" prefix:"body-"`
	Timestamp      timestampSettings `embed:"" prefix:"timestamp-"`
}

// placesEvery is how often new comuni and states are looked for.
const placesEvery = time.Minute

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
	case c.RedisURL == "" && !c.IssuersOnly:
		return errors.New("redis-url: missing; only a worker with --issuers-only needs none")
	case c.IssuersOnly && c.ReceiptWorkers == 0:
		return errors.New("receipt-workers: 0 and --issuers-only leave nothing to do")
	case c.ReceiptWorkers < 0 || c.ReceiptWorkers > 256:
		return fmt.Errorf("receipt-workers: %d: want 0 to 256", c.ReceiptWorkers)
	case c.QueueRetention < 0 || c.QueueRetention > 720*time.Hour:
		return fmt.Errorf("queue-retention: %s: want 0 to 720h", c.QueueRetention)
	}
	return nil
}

// workKeys are the keys of a worker.
type workKeys struct {
	tickets  *keys.TicketKeys
	calendar ed25519.PublicKey
	seal     *pades.Watched
	ledger   *ledger.Signer // nil with --issuers-only
	verifier *ledger.Verifier
}

func (c *WorkCmd) secrets(log *slog.Logger) (k workKeys, err error) {
	k.seal, err = pades.Watch(filepath.Join(c.Keys, keys.SealKeyFile), filepath.Join(c.Keys, keys.SealCertFile), log)
	if err != nil {
		return k, fmt.Errorf("keys: %w", err)
	}
	if k.calendar, err = keys.ReadPublic(filepath.Join(c.Keys, keys.CalendarPubFile)); err != nil {
		return k, fmt.Errorf("keys: %w", err)
	}
	if k.verifier, err = keys.ReadLedgerVerifier(filepath.Join(c.Keys, keys.LedgerPubFile)); err != nil {
		return k, fmt.Errorf("keys: %w", err)
	}
	if c.IssuersOnly {
		return k, nil
	}
	if k.tickets, err = keys.ReadTicketKeys(filepath.Join(c.Keys, keys.TicketFile)); err != nil {
		return k, fmt.Errorf("keys: %w", err)
	}
	if k.ledger, err = keys.ReadLedgerSigner(filepath.Join(c.Keys, keys.LedgerKeyFile)); err != nil {
		return k, fmt.Errorf("keys: %w", err)
	}
	return k, nil
}

// worker is everything that one work process holds open.
type worker struct {
	cmd        *WorkCmd
	log        *slog.Logger
	db         *postgres.DB
	queue      *redisqueue.Queue // nil with --issuers-only, like the next
	judge      *admission.Judge
	issuer     *issuer.Issuer       // nil without --receipt-workers
	sequencer  *sequencer.Sequencer // nil with --issuers-only
	registry   *prometheus.Registry
	debug      net.Listener            // nil without --debug-listen
	mail       *mail                   // nil without --smtp-host
	clerk      *protocolregister.Clerk // nil without --body-ipa
	timestamps *timestamping.Job       // nil without --timestamp-url
}

func (c *WorkCmd) open(ctx context.Context, log *slog.Logger) (*worker, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	k, err := c.secrets(log)
	if err != nil {
		return nil, err
	}
	models, err := forms.LoadWith(c.ModelsDir)
	if err != nil {
		return nil, fmt.Errorf("--models-dir: %w", err)
	}
	tuneMemory(c.ReceiptWorkers)
	w := &worker{cmd: c, log: log, registry: daemon.NewRegistry()}
	err = w.openStores(ctx, k.ledger)
	if err == nil {
		err = w.openStages(&k, models)
	}
	if err == nil {
		err = errors.Join(w.openMail(ctx, &k), w.openClerk(&k))
	}
	if err == nil {
		err = w.openTimestamps()
	}
	if err == nil && c.DebugListen != "" {
		w.debug, err = daemon.Listen(ctx, "debug-listen", c.DebugListen)
	}
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

// tuneMemory lets garbage grow to several times what lives while receipts are
// made, which are nothing but garbage once stored, and bounds it: less work for
// the collector, for a known price. GOGC and GOMEMLIMIT in the environment win.
func tuneMemory(receiptWorkers int) {
	const percent, base, perWorker = 400, 192 << 20, 16 << 20
	if receiptWorkers > 0 && os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(int64(base + receiptWorkers*perWorker))
	}
}

// otherConnections is what everything but the issuing may need at once.
const otherConnections = 6

func (w *worker) openStores(ctx context.Context, signer *ledger.Signer) error {
	var err error
	if !w.cmd.IssuersOnly {
		if w.queue, err = redisqueue.Open(w.cmd.RedisURL); err != nil {
			return fmt.Errorf("redis-url: %w", err)
		}
	}
	if w.db, err = postgres.OpenSmall(ctx, w.cmd.DatabaseURL, int32(w.cmd.ReceiptWorkers+otherConnections)); err != nil {
		return fmt.Errorf("database-url: %w", err)
	}
	if _, err := w.db.LoadPlaces(ctx); err != nil { // before anything is judged by them
		return err
	}
	w.db.Ledger = signer
	return nil
}

func (w *worker) openStages(k *workKeys, models *forms.Catalogue) error {
	body := w.cmd.Body
	if body == "" {
		body = k.seal.Subject()
	}
	var err error
	if w.cmd.ReceiptWorkers > 0 {
		issuer.RegisterProgress(w.registry, w.db.ReceiptProgress, w.log)
		w.issuer, err = issuer.New(issuer.Config{
			Store: w.db, Models: models, CalendarKey: k.calendar, Render: receipt.Render, Seal: k.seal, Body: body,
			Ledger: k.verifier, VerifyURL: w.cmd.VerifyURL, Clock: clock.System{}, Log: w.log, Metrics: issuer.NewMetrics(w.registry),
			Workers: w.cmd.ReceiptWorkers,
		})
	}
	if err != nil || w.cmd.IssuersOnly {
		return err
	}
	w.judge, err = admission.New(admission.Config{
		Store: w.db, Models: models, Tickets: k.tickets, CalendarKey: k.calendar,
		Log: w.log, Metrics: admission.NewMetrics(w.registry),
	})
	if err != nil {
		return err
	}
	w.sequencer, err = sequencer.New(sequencer.Config{
		Lead:  w.lead,
		Queue: w.queue, Judge: w.judge, Clock: clock.System{}, Log: w.log, Metrics: sequencer.NewMetrics(w.registry),
		Retention: w.cmd.QueueRetention, OnNumbered: w.numbered,
	})
	return err
}

// numbered is told of fresh numbers.
func (w *worker) numbered() {
	if w.issuer != nil {
		w.issuer.Wake()
	}
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
		if w.sequencer != nil {
			stages.Go(func() error { return w.sequencer.Run(ctx) })
		}
		if w.issuer != nil {
			stages.Go(func() error { return w.issuer.Run(ctx) })
		}
		if w.timestamps != nil {
			stages.Go(func() error { return w.timestamps.Run(ctx) })
		}
		if w.clerk != nil {
			stages.Go(func() error { return w.clerk.Run(ctx) })
		}
		stages.Go(func() error { w.db.FollowPlaces(ctx, placesEvery, w.log); return nil })
		if w.mail != nil {
			stages.Go(func() error { return w.mail.runner.Run(ctx) })
		}
		return stages.Wait()
	})
	w.log.Info("working", "issuers_only", w.cmd.IssuersOnly, "receipt_workers", w.cmd.ReceiptWorkers)
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
	if w.mail != nil {
		w.mail.close()
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
