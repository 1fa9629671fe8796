package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"puntuale/internal/arrival"
	"puntuale/internal/clock"
	"puntuale/internal/clockwatch"
	"puntuale/internal/daemon"
	"puntuale/internal/forwarder"
	"puntuale/internal/intake"
	"puntuale/internal/journal"
	"puntuale/internal/queue"
	"puntuale/internal/queue/redisqueue"
	"puntuale/internal/tlskeys"
)

var (
	_ queue.Appender    = (*redisqueue.Queue)(nil)
	_ intake.Journal    = (*journal.Journal)(nil)
	_ forwarder.Journal = (*journal.Journal)(nil)
)

const (
	drainTimeout = 10 * time.Second
	diskTimeout  = 5 * time.Second // how long a request waits for the disk, besides the second copy
	flushTimeout = 5 * time.Second
	// gatherFor is how long a few batches wait to go to Redis together. Numbers
	// come later than that anyway: by the grace of the watermark.
	gatherFor = 20 * time.Millisecond
)

// node is everything that one serve process holds open.
type node struct {
	cmd       *serveCmd
	log       *slog.Logger
	calendar  *intake.Calendar
	clock     *clockwatch.Watch
	journal   *journal.Journal
	queue     *redisqueue.Queue
	listener  *arrival.Listener
	warm      *arrival.Listener // nil without --warm-listen
	tls       *tlskeys.Store    // nil with --plain
	admin     net.Listener
	adminMux  *http.ServeMux
	server    *intake.Server
	forwarder *forwarder.Forwarder
}

// open opens everything, the public address last.
func (c *serveCmd) open(ctx context.Context, log *slog.Logger) (*node, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	sec, err := c.secrets(log)
	if err != nil {
		return nil, err
	}
	n := &node{cmd: c, log: log}
	if n.queue, err = redisqueue.Open(c.RedisURL); err != nil {
		return nil, fmt.Errorf("redis-url: %w", err)
	}
	n.queue.WithReplicas(c.AckReplicas)
	reg := daemon.NewRegistry()
	metrics := intake.NewMetrics(reg)
	err = n.openState(&sec, metrics)
	if err == nil {
		err = n.openListeners(ctx, &sec, metrics)
	}
	if err != nil {
		return nil, errors.Join(err, n.close())
	}
	n.watch(metrics)
	reg.MustRegister(n.clock.Collector())
	n.adminMux = daemon.DebugMux(reg, n.ready)
	n.adminMux.Handle("PUT /calendar", n.calendar.Pusher(log))
	var copied func(uint64)
	if c.secondCopy() {
		copied = n.journal.Copied
	}
	n.forwarder = forwarder.New(forwarder.Config{
		Node: c.Node, Journal: n.journal, Queue: n.queue, Safe: n.server.Safe, Copied: copied, Gather: gatherFor,
		Clock: clock.System{}, Log: log, Metrics: forwarder.NewMetrics(reg),
	})
	return n, nil
}

func (n *node) openState(sec *secrets, metrics *intake.Metrics) error {
	c := n.cmd
	dir := filepath.Join(c.Data, "journal")
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return fmt.Errorf("data: %w", err)
	}
	var err error
	n.journal, err = journal.Open(journal.Options{
		Dir: dir, Node: c.Node, Key: sec.node, Clock: clock.System{}, Log: n.log,
		SegmentSize: c.SegmentMB << 20, Prepare: c.PrepareMB << 20, Reserve: c.ReserveMB << 20, CopyWait: c.copyWait(), Committed: metrics.Committed,
	})
	if err != nil {
		return fmt.Errorf("data: %w", err)
	}
	n.log.Info("journal open", "journal", fmt.Sprintf("%016x", n.journal.ID()), "batches", n.journal.LastBatch(), "records", n.journal.Records())
	if n.calendar, err = intake.OpenCalendar(filepath.Join(c.Data, "calendar.bin"), sec.calendar); err != nil {
		return fmt.Errorf("data: %w", err)
	}
	return n.openClock()
}

func (n *node) openListeners(ctx context.Context, sec *secrets, metrics *intake.Metrics) error {
	c := n.cmd
	var err error
	if n.admin, err = daemon.Listen(ctx, "admin-listen", c.AdminListen); err != nil {
		return err
	}
	if n.listener, err = arrival.Listen(ctx, c.Listen, c.WatermarkGrace, clock.System{}); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	if c.WarmListen != "" {
		if n.warm, err = arrival.Listen(ctx, c.WarmListen, c.WatermarkGrace, clock.System{}); err != nil {
			return fmt.Errorf("warm-listen: %w", err)
		}
	}
	n.server, err = intake.New(intake.Config{
		Node: c.Node, Key: sec.node, Tickets: sec.tickets, Calendar: n.calendar, Journal: n.limited(),
		Listener: n.listener, Warm: n.warm, TLS: n.openTLS(sec, metrics), Clock: clock.System{},
		ClockState: n.clock.State, ClockAccepts: n.clock.Accepts,
		MaxConns: c.MaxConns, WarmConns: c.WarmConns, Handshakes: c.Handshakes, Log: n.log, Metrics: metrics,
		Timeouts: intake.Timeouts{Append: c.appendTimeout()},
	})
	return err
}

// limited is the journal with the bound of each ticket, if there is one.
func (n *node) limited() intake.Journal {
	if n.cmd.PerTicket == 0 {
		return n.journal
	}
	return intake.Limited{Journal: n.journal, Allowance: intake.NewAllowance(n.cmd.PerTicket, int(n.cmd.PrepareMB<<20/journal.UsualRecord))}
}

func (n *node) watch(m *intake.Metrics) {
	m.Watch("intake_connections", "Open connections.", func() float64 { return float64(n.listener.Open()) })
	m.Watch("journal_records", "Submissions in the journal.", func() float64 { return float64(n.journal.Records()) })
	m.Watch("journal_batches", "Batches in the journal.", func() float64 { return float64(n.journal.LastBatch()) })
	m.Watch("journal_prepared_bytes", "Empty journal that is ready.", func() float64 { return float64(n.journal.Prepared()) })
	m.Watch("journal_uncopied_batches", "Durable batches that lack the second copy that acknowledgements wait for.", func() float64 {
		return float64(n.journal.Uncopied())
	})
	m.Watch("journal_low_space", "1 when the disk has no room for another segment.", func() float64 {
		if n.journal.LowSpace() {
			return 1
		}
		return 0
	})
	m.Watch("journal_damaged", "1 when a part of the journal that was not read at the start is damaged.", func() float64 {
		if n.journal.Damage() != nil {
			return 1
		}
		return 0
	})
	m.Watch("calendar_version", "Version of the calendar in force, 0 for none.", func() float64 {
		if t := n.calendar.Current(); t != nil {
			return float64(t.Version)
		}
		return 0
	})
}

// ready is nil when a submission could be taken.
func (n *node) ready() error {
	switch {
	case n.journal.Err() != nil:
		return n.journal.Err()
	case n.calendar.Current() == nil:
		return errors.New("no calendar yet")
	case n.journal.LowSpace():
		return errors.New("no disk space for another journal segment")
	}
	return n.clock.Ready()
}

// run serves until ctx ends or something breaks, then stops in order.
func (n *node) run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	rest, stopRest := context.WithCancel(context.WithoutCancel(ctx))
	defer stopRest()
	var forwarding errgroup.Group
	forwarding.Go(func() error { return n.forwarder.Run(rest) })
	group.Go(forwarding.Wait)
	group.Go(func() error { return daemon.Serve(rest, n.admin, n.adminMux, n.log) })
	group.Go(func() error { return n.clock.Run(rest) })
	group.Go(n.server.Serve)
	group.Go(func() error { return n.untilDead(ctx) })
	group.Go(func() error { n.watchTLS(ctx); return nil })
	if n.cmd.CalendarURL != "" {
		group.Go(func() error {
			n.calendar.Poll(ctx, n.cmd.CalendarURL, n.cmd.CalendarEvery, n.log)
			return nil
		})
	}
	group.Go(func() error {
		<-ctx.Done()
		return n.stop(stopRest, &forwarding)
	})
	err := n.announce()
	if err != nil {
		group.Go(func() error { return err })
	}
	return errors.Join(group.Wait(), n.close())
}

// announce tells where the node listens, for people and for programs.
func (n *node) announce() error {
	addrs := []string{n.listener.Addr().String(), n.admin.Addr().String()}
	n.log.Info("listening on "+addrs[0], "node", n.cmd.Node, "tls", !n.cmd.Plain, "kernel_stamps", arrival.Kernel)
	n.log.Info("admin on " + addrs[1])
	if n.warm != nil {
		addrs = append(addrs, n.warm.Addr().String())
		n.log.Info("for clients with a ticket on " + addrs[2])
	}
	return daemon.WriteAddrFile(n.cmd.AddrFile, addrs...)
}

// untilDead waits for the journal to die; then the process must end, for nothing
// can be acknowledged any more.
func (n *node) untilDead(ctx context.Context) error {
	select {
	case <-n.journal.Dead():
		return n.journal.Err()
	case <-ctx.Done():
		return nil
	}
}

// stop ends in order: no new connections, answers in flight, the rest of the
// journal to the queue, then admin and forwarder.
func (n *node) stop(stopRest context.CancelFunc, forwarding *errgroup.Group) error {
	n.log.Info("stopping")
	drain, cancel := context.WithTimeout(context.Background(), drainTimeout)
	defer cancel()
	err := n.server.Shutdown(drain)
	stopRest()
	if ferr := forwarding.Wait(); ferr != nil {
		return err // it has reported its error already
	}
	flush, cancel := context.WithTimeout(context.Background(), flushTimeout)
	defer cancel()
	if ferr := n.forwarder.Flush(flush); ferr != nil {
		n.log.Warn("the queue was not sent everything; the journal keeps it for the next start", "error", ferr)
	}
	return err
}

// close closes what is open, also after half an open.
func (n *node) close() error {
	if n.listener != nil {
		n.listener.Close() // closed already after an ordered end
	}
	if n.warm != nil {
		n.warm.Close() // likewise
	}
	if n.admin != nil {
		n.admin.Close() // likewise
	}
	err := n.queue.Close()
	if n.journal == nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
	defer cancel()
	jerr := n.journal.Close(ctx)
	if n.journal.Err() != nil {
		return err // what it died of has been reported
	}
	return errors.Join(err, jerr)
}
