package timestamping

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"puntuale/internal/ledger"
)

// Store is where heads come from and tokens go.
type Store interface {
	// UnstampedHeads returns the newest head of each ledger, where it has no
	// token.
	UnstampedHeads(ctx context.Context) ([]ledger.Head, error)
	// SaveTimestamp stores a token with its time. The first one of a head
	// stays; it may be repeated, and several jobs may be at work.
	SaveTimestamp(ctx context.Context, h *ledger.Head, token []byte, at time.Time) error
}

// Asker gets a token about some bytes that has been checked; *Authority is one.
type Asker interface {
	Ask(ctx context.Context, about []byte) ([]byte, Token, error)
}

// Config is what New needs.
type Config struct {
	Store   Store
	Asker   Asker
	Log     *slog.Logger
	Metrics *Metrics
	// Every is the pause between two looks at the heads; a head that is the
	// newest for longer than that has its token.
	Every time.Duration
	// Timeout bounds one question.
	Timeout time.Duration
}

const (
	backOffFirst = 2 * time.Second
	backOffMax   = 5 * time.Minute
)

// Job asks for the newest head of each ledger until its context ends. It is on
// nobody's way: while the authority is away, numbering and receipts go on.
type Job struct {
	cfg Config
}

// Metrics of a job.
type Metrics struct {
	stored, failed prometheus.Counter
	missing        prometheus.Gauge
	newest         prometheus.Gauge
}

// NewMetrics registers the metrics.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		stored:  prometheus.NewCounter(prometheus.CounterOpts{Name: "puntuale_timestamps_total", Help: "RFC 3161 tokens stored with heads of the ledger."}),
		failed:  prometheus.NewCounter(prometheus.CounterOpts{Name: "puntuale_timestamp_failures_total", Help: "Questions to the time-stamping authority without a usable answer."}),
		missing: prometheus.NewGauge(prometheus.GaugeOpts{Name: "puntuale_ledgers_without_timestamp", Help: "Ledgers whose newest head has no RFC 3161 token yet."}),
		newest:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "puntuale_timestamp_newest_seconds", Help: "Time in the newest token stored by this process, seconds since 1970."}),
	}
	r.MustRegister(m.stored, m.failed, m.missing, m.newest)
	return m
}

// New checks the configuration. Errors name the setting.
func New(cfg Config) (*Job, error) {
	if cfg.Every < time.Second || cfg.Every > 24*time.Hour {
		return nil, fmt.Errorf("timestamp-every: %s: want 1s to 24h", cfg.Every)
	}
	return &Job{cfg: cfg}, nil
}

// Run asks until ctx ends, and returns nil then. After a failure it asks again
// sooner than at the next turn would be, at first, and then ever more rarely.
func (j *Job) Run(ctx context.Context) error {
	backOff := backOffFirst
	for {
		wait := j.cfg.Every
		if err := j.round(ctx); err != nil {
			wait = backOff
			backOff = min(2*backOff, max(backOffMax, j.cfg.Every))
			if ctx.Err() == nil {
				j.cfg.Log.Warn("no time-stamp for the ledger, will ask again", "err", err, "in", wait)
			}
		} else {
			backOff = backOffFirst
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
	}
}

// round asks once for every head that lacks a token. One failure does not keep
// the other days from theirs.
func (j *Job) round(ctx context.Context) error {
	heads, err := j.cfg.Store.UnstampedHeads(ctx)
	if err != nil {
		return err
	}
	missing := len(heads)
	j.cfg.Metrics.missing.Set(float64(missing))
	var failures error
	for i := range heads {
		if err := j.stamp(ctx, &heads[i]); err != nil {
			j.cfg.Metrics.failed.Inc()
			failures = errors.Join(failures, err)
			continue
		}
		missing--
		j.cfg.Metrics.missing.Set(float64(missing))
	}
	return failures
}

func (j *Job) stamp(ctx context.Context, h *ledger.Head) error {
	ctx, cancel := context.WithTimeout(ctx, j.cfg.Timeout)
	defer cancel()
	token, t, err := j.cfg.Asker.Ask(ctx, h.Note)
	if err == nil {
		err = j.cfg.Store.SaveTimestamp(ctx, h, token, t.Time)
	}
	if err != nil {
		return fmt.Errorf("%s, size %d: %w", h.Origin, h.Size, err)
	}
	j.cfg.Metrics.stored.Inc()
	j.cfg.Metrics.newest.Set(float64(t.Time.Unix()))
	j.cfg.Log.Info("head of the ledger time-stamped", "origin", h.Origin, "size", h.Size, "time", t.Time, "authority", t.Authority)
	return nil
}
