package redisqueue

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"puntuale/internal/clickday"
	"puntuale/internal/queue"
)

// replicaPatience is how long an Append waits for the replicas; less than
// patience, so that the answer to WAIT comes before the connection gives up.
const replicaPatience = time.Second

// appendReplicated sends MULTI, frames, mark, EXEC and WAIT in one write. WAIT
// stands behind EXEC, because within a transaction it would not wait.
func (q *Queue) appendReplicated(ctx context.Context, node clickday.NodeID, frames [][]byte, mark queue.Mark) error {
	p := q.rdb.Pipeline()
	commands := []*redis.Cmd{p.Do(ctx, "MULTI")}
	for _, f := range frames {
		commands = append(commands, p.Do(ctx, "XADD", key(node, "batches"), "*", frameField, f))
	}
	commands = append(commands, p.Do(ctx, "HSET", key(node, "mark"),
		"watermark", mark.Watermark, "journal", mark.Journal, "batch", mark.LastBatch))
	exec := p.Do(ctx, "EXEC")
	wait := p.Do(ctx, "WAIT", q.replicas, replicaPatience.Milliseconds())
	p.Exec(ctx) // its error is that of the first command that has one
	for _, c := range append(commands, exec) {
		if c.Err() != nil {
			return c.Err()
		}
	}
	results, err := exec.Slice()
	if err != nil {
		return err
	}
	for _, r := range results {
		if failed, ok := r.(error); ok {
			return failed
		}
	}
	have, err := wait.Int()
	if err == nil && have < q.replicas {
		err = fmt.Errorf("%w: %d replicas of %d", queue.ErrFewCopies, have, q.replicas)
	}
	return err
}
