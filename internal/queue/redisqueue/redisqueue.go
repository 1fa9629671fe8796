// Package redisqueue is the queue between intake and worker on Redis Streams:
// one stream, one mark and one replay request per node, all with the node's hash
// tag, so that they share a slot of a Redis Cluster.
//
//	puntuale:{node-1}:batches  stream, field f = frame (package batch)
//	puntuale:{node-1}:mark     hash watermark, journal, batch (decimal)
//	puntuale:{node-1}:replay   hash journal, batch (decimal)
//
// Redis gives the stream its own ids ("*"): they are positions and never order.
// Nothing here is retried; a repeated call would add entries twice without
// anybody having decided so.
package redisqueue

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"puntuale/internal/clickday"
	"puntuale/internal/queue"
)

const (
	frameField = "f"
	// pause is how long Read waits for entries when there are none.
	pause = 100 * time.Millisecond
	// patience is how long a call waits for Redis before it fails.
	patience = 2 * time.Second
)

// Queue is one connection pool to one Redis. It implements queue.Appender and
// queue.Consumer and is safe for concurrent use across nodes.
type Queue struct {
	rdb      *redis.Client
	replicas int // that must have an Append before it succeeds
}

// Open checks the address ("redis://…", "rediss://…" or "unix://…") and connects
// at the first use, so that a program starts while Redis is down.
func Open(url string) (*Queue, error) {
	silence()
	opts, err := redis.ParseURL(url)
	if err != nil { // the text of err may hold the password
		return nil, errors.New("redisqueue: REDIS_URL is not of the form redis://[user:password@]host:port/database")
	}
	opts.MaxRetries = -1
	opts.ContextTimeoutEnabled = true
	opts.DialTimeout, opts.ReadTimeout, opts.WriteTimeout = patience, patience, patience
	opts.DialerRetries = 1
	opts.DisableIdentity = true
	opts.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return &Queue{rdb: redis.NewClient(opts)}, nil
}

// WithReplicas makes Append succeed only when so many replicas have received it
// too (WAIT). Call it before use.
func (q *Queue) WithReplicas(n int) *Queue {
	q.replicas = n
	return q
}

// silence stops go-redis from writing to standard error past our log: whatever
// it has to say comes back as an error too.
var silence = sync.OnceFunc(func() { redis.SetLogger(quiet{}) })

type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}

// Close closes the connections.
func (q *Queue) Close() error { return q.rdb.Close() }

// Append implements queue.Appender: frames and mark go in one MULTI.
func (q *Queue) Append(ctx context.Context, node clickday.NodeID, frames [][]byte, mark queue.Mark) error {
	if q.replicas > 0 {
		return wrap("append", node, q.appendReplicated(ctx, node, frames, mark))
	}
	_, err := q.rdb.TxPipelined(ctx, func(p redis.Pipeliner) error {
		for _, f := range frames {
			p.XAdd(ctx, &redis.XAddArgs{Stream: key(node, "batches"), Values: []any{frameField, f}})
		}
		p.HSet(ctx, key(node, "mark"), "watermark", mark.Watermark, "journal", mark.Journal, "batch", mark.LastBatch)
		return nil
	})
	return wrap("append", node, err)
}

// LastMark implements queue.Appender and queue.Consumer.
func (q *Queue) LastMark(ctx context.Context, node clickday.NodeID) (queue.Mark, bool, error) {
	m, err := q.rdb.HGetAll(ctx, key(node, "mark")).Result()
	if err != nil || len(m) == 0 {
		return queue.Mark{}, false, wrap("mark", node, err)
	}
	mark, err := parseMark(m)
	return mark, err == nil, wrap("mark", node, err)
}

// WantedReplay implements queue.Appender.
func (q *Queue) WantedReplay(ctx context.Context, node clickday.NodeID) (queue.Replay, bool, error) {
	m, err := q.rdb.HGetAll(ctx, key(node, "replay")).Result()
	if err != nil || len(m) == 0 {
		return queue.Replay{}, false, wrap("wanted replay", node, err)
	}
	r, err := parseReplay(m)
	return r, err == nil, wrap("wanted replay", node, err)
}

// RequestReplay implements queue.Consumer.
func (q *Queue) RequestReplay(ctx context.Context, node clickday.NodeID, r queue.Replay) error {
	return wrap("request replay", node,
		q.rdb.HSet(ctx, key(node, "replay"), "journal", r.Journal, "batch", r.Batch).Err())
}

// ClearReplay implements queue.Consumer.
func (q *Queue) ClearReplay(ctx context.Context, node clickday.NodeID) error {
	return wrap("clear replay", node, q.rdb.Del(ctx, key(node, "replay")).Err())
}

// Trim implements queue.Consumer.
func (q *Queue) Trim(ctx context.Context, node clickday.NodeID, through string) error {
	if through == "" {
		return nil
	}
	p, err := parsePosition(through)
	if err == nil {
		err = q.rdb.XTrimMinID(ctx, key(node, "batches"), p.next().String()).Err()
	}
	return wrap("trim", node, err)
}

// Read implements queue.Consumer. A stream that ends before the position has
// lost it (flushed, restored from an older file): it is read from its start.
func (q *Queue) Read(ctx context.Context, node clickday.NodeID, after string, limit int) ([]queue.Entry, error) {
	from := after
	if from == "" {
		from = "0-0"
	}
	pos, err := parsePosition(from)
	if err != nil {
		return nil, wrap("read", node, err)
	}
	streams, err := q.rdb.XRead(ctx, &redis.XReadArgs{
		Streams: []string{key(node, "batches"), from}, Count: int64(limit), Block: pause,
	}).Result()
	switch {
	case err == nil && len(streams) == 1:
		return entries(streams[0].Messages), nil
	case err != nil && !errors.Is(err, redis.Nil):
		return nil, wrap("read", node, err)
	case after == "":
		return nil, nil
	}
	return q.rereadIfLost(ctx, node, pos, limit)
}

func (q *Queue) rereadIfLost(ctx context.Context, node clickday.NodeID, pos position, limit int) ([]queue.Entry, error) {
	last, err := q.rdb.XRevRangeN(ctx, key(node, "batches"), "+", "-", 1).Result()
	if err != nil || len(last) == 0 {
		return nil, wrap("read", node, err)
	}
	end, err := parsePosition(last[0].ID)
	if err != nil || !end.before(pos) {
		return nil, wrap("read", node, err)
	}
	all, err := q.rdb.XRangeN(ctx, key(node, "batches"), "-", "+", int64(limit)).Result()
	return entries(all), wrap("read", node, err)
}

// entries keeps those without a frame too: the worker reports them.
func entries(messages []redis.XMessage) []queue.Entry {
	out := make([]queue.Entry, 0, len(messages))
	for _, m := range messages {
		frame, _ := m.Values[frameField].(string)
		out = append(out, queue.Entry{ID: m.ID, Frame: []byte(frame)})
	}
	return out
}

func key(node clickday.NodeID, what string) string {
	return fmt.Sprintf("puntuale:{node-%d}:%s", node, what)
}

func wrap(call string, node clickday.NodeID, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: redis: %s of node %d: %w", queue.ErrUnavailable, call, node, err)
}
