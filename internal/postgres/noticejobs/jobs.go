// Package noticejobs runs the jobs that send notices and letters, on river: it
// makes jobs of what waits, no more at a time than mails go out, and gives each
// to a courier. Letters have a queue of their own: somebody waits for the link
// in one, while notices of receipts may be many thousands. It uses connections of its own, so that sending takes nothing from
// whoever numbers and issues.
package noticejobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"puntuale/internal/clickday"
	"puntuale/internal/notices"
	"puntuale/internal/postgres"
)

const (
	queue       = "notices"
	letterQueue = "letters"
	maxAttempts = 10_000 // the courier decides when to give up
	connections = 6
	feedEvery   = time.Second
	retryStart  = 10 * time.Second
	stopWithin  = 15 * time.Second
	retention   = 10 * time.Minute // of finished jobs; what became of a notice stands in its own row
)

// Courier makes one attempt at a notice or letter and says when to come back, 0
// for never. One that is settled already is no error.
type Courier interface {
	Deliver(ctx context.Context, id clickday.SubmissionID) (again time.Duration, err error)
	DeliverLetter(ctx context.Context, id notices.LetterID) (again time.Duration, err error)
}

// Config is what a Runner needs.
type Config struct {
	DB      *postgres.DB // of its own: see Open
	Courier Courier
	Log     *slog.Logger
	Workers int // mails under way at a time, 1 to 100
	// Outstanding bounds jobs that are not finished; 0 is 2,000.
	Outstanding int
	// Rescue is how long a job may be under way before it is taken for lost
	// with its process; 0 is 5 minutes. A mail takes less, by its timeouts.
	Rescue time.Duration
}

// Open opens the small pool that notices use.
func Open(ctx context.Context, url string) (*postgres.DB, error) {
	return postgres.OpenSmall(ctx, url, connections)
}

// Args names the notice of a job.
type Args struct {
	Submission string `json:"submission"`
}

// Kind implements river.JobArgs.
func (Args) Kind() string { return "notice" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (Args) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queue, MaxAttempts: maxAttempts}
}

// LetterArgs names the letter of a job.
type LetterArgs struct {
	Letter notices.LetterID `json:"letter"`
}

// Kind implements river.JobArgs.
func (LetterArgs) Kind() string { return "letter" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (LetterArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: letterQueue, MaxAttempts: maxAttempts}
}

// Runner makes and works jobs. Use New and Run.
type Runner struct {
	Config
	client *river.Client[pgx.Tx]
}

// New checks the configuration.
func New(c Config) (*Runner, error) {
	if c.Workers < 1 || c.Workers > 100 {
		return nil, fmt.Errorf("smtp-workers: %d: want 1 to 100", c.Workers)
	}
	if c.Outstanding == 0 {
		c.Outstanding = 2000
	}
	if c.Rescue == 0 {
		c.Rescue = 5 * time.Minute
	}
	r := &Runner{Config: c}
	workers := river.NewWorkers()
	err := errors.Join(river.AddWorkerSafely(workers, &worker{courier: c.Courier}), river.AddWorkerSafely(workers, &letterWorker{courier: c.Courier}))
	if err != nil {
		return nil, fmt.Errorf("noticejobs: %w", err)
	}
	r.client, err = river.NewClient(riverpgxv5.New(c.DB.Pool), &river.Config{
		Queues:  map[string]river.QueueConfig{queue: {MaxWorkers: c.Workers}, letterQueue: {MaxWorkers: max(1, c.Workers/2)}},
		Workers: workers,
		Logger:  slog.New(atLeast{c.Log.Handler()}),
		// Jobs begin at most Workers per FetchCooldown: 20 workers and 50 ms
		// allow 400/s, well above the pace of the mails.
		FetchCooldown: 50 * time.Millisecond, FetchPollInterval: 500 * time.Millisecond,
		PollOnly:   true, // a listener would hold a connection, and poolers break it
		JobTimeout: c.Rescue * 4 / 5, RescueStuckJobsAfter: c.Rescue,
		CompletedJobRetentionPeriod: retention,
	})
	if err != nil {
		return nil, fmt.Errorf("noticejobs: %w", err)
	}
	return r, nil
}

// worker adapts a courier to river.
type worker struct {
	river.WorkerDefaults[Args]
	courier Courier
}

// Work implements river.Worker.
func (w *worker) Work(ctx context.Context, job *river.Job[Args]) error {
	id, err := clickday.ParseSubmissionID(job.Args.Submission)
	if err != nil {
		return river.JobCancel(err)
	}
	return ended(w.courier.Deliver(ctx, id))
}

// ended says to river how an attempt has ended.
func ended(again time.Duration, err error) error {
	if err == nil && again > 0 {
		return river.JobSnooze(again)
	}
	return err
}

// NextRetry implements river.Worker: after an error of the store, soon again.
func (w *worker) NextRetry(job *river.Job[Args]) time.Time {
	return retryAt(job.AttemptedAt, job.Attempt)
}

func retryAt(last *time.Time, attempt int) time.Time {
	return last.Add(min(time.Duration(attempt), 30) * 2 * time.Second)
}

// letterWorker is worker for letters.
type letterWorker struct {
	river.WorkerDefaults[LetterArgs]
	courier Courier
}

// Work implements river.Worker.
func (w *letterWorker) Work(ctx context.Context, job *river.Job[LetterArgs]) error {
	return ended(w.courier.DeliverLetter(ctx, job.Args.Letter))
}

// NextRetry implements river.Worker.
func (w *letterWorker) NextRetry(job *river.Job[LetterArgs]) time.Time {
	return retryAt(job.AttemptedAt, job.Attempt)
}

// Run works until ctx ends. What fails is logged and tried again: sending mails
// is never a reason to end a worker process.
func (r *Runner) Run(ctx context.Context) error {
	for !r.start(ctx) {
		if !wait(ctx, retryStart) {
			return nil
		}
	}
	for {
		if err := r.Feed(ctx); err != nil && ctx.Err() == nil {
			r.Log.Warn("notices: no jobs could be made; trying again", "error", err)
		}
		if !wait(ctx, feedEvery) {
			return r.stop(ctx)
		}
	}
}

// start starts the client. It gets a context that outlives ctx, so that a mail
// under way can be brought to its end by stop.
func (r *Runner) start(ctx context.Context) bool {
	err := r.client.Start(context.WithoutCancel(ctx))
	if err != nil {
		r.Log.Error("notices are not sent; trying again", "error", err)
	}
	return err == nil
}

func (r *Runner) stop(ctx context.Context) error {
	soft, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	if err := r.client.Stop(soft); err == nil {
		return nil
	}
	hard, cancel2 := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel2()
	if err := r.client.StopAndCancel(hard); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("noticejobs: %w", err)
	}
	return nil
}

// wait returns false when ctx has ended.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// Feed makes jobs of letters and notices that wait, as far as there is room.
// They and their jobs change in one transaction: there is one job for each.
func (r *Runner) Feed(ctx context.Context) error {
	err := r.feed(ctx, letterQueue, func(tx pgx.Tx, room int) ([]river.InsertManyParams, error) {
		ids, err := postgres.WaitingLetters(ctx, tx, room)
		jobs := make([]river.InsertManyParams, len(ids))
		for i, id := range ids {
			jobs[i] = river.InsertManyParams{Args: LetterArgs{id}}
		}
		return jobs, err
	})
	return errors.Join(err, r.feed(ctx, queue, func(tx pgx.Tx, room int) ([]river.InsertManyParams, error) {
		ids, err := postgres.WaitingNotices(ctx, tx, room)
		jobs := make([]river.InsertManyParams, len(ids))
		for i, id := range ids {
			jobs[i] = river.InsertManyParams{Args: Args{id.String()}}
		}
		return jobs, err
	}))
}

func (r *Runner) feed(ctx context.Context, queue string, take func(tx pgx.Tx, room int) ([]river.InsertManyParams, error)) error {
	return r.DB.InTx(ctx, func(tx pgx.Tx) error {
		var outstanding int
		err := tx.QueryRow(ctx, `SELECT count(*) FROM river_job
			WHERE queue = $1 AND state IN ('available', 'pending', 'retryable', 'running', 'scheduled')`, queue).Scan(&outstanding)
		if err != nil || outstanding >= r.Outstanding {
			return err
		}
		jobs, err := take(tx, r.Outstanding-outstanding)
		if err != nil || len(jobs) == 0 {
			return err
		}
		_, err = r.client.InsertManyFastTx(ctx, tx, jobs)
		return err
	})
}

// atLeast keeps the small talk of river out of the log.
type atLeast struct{ slog.Handler }

// WithAttrs implements slog.Handler.
func (h atLeast) WithAttrs(a []slog.Attr) slog.Handler { return atLeast{h.Handler.WithAttrs(a)} }

// WithGroup implements slog.Handler.
func (h atLeast) WithGroup(name string) slog.Handler { return atLeast{h.Handler.WithGroup(name)} }

// Enabled implements slog.Handler.
func (h atLeast) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && h.Handler.Enabled(ctx, l)
}
