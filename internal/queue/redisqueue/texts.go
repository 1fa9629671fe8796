package redisqueue

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"puntuale/internal/queue"
)

// parseMark reads the hash of a mark.
func parseMark(m map[string]string) (queue.Mark, error) {
	w, errW := strconv.ParseInt(m["watermark"], 10, 64)
	j, errJ := strconv.ParseUint(m["journal"], 10, 64)
	b, errB := strconv.ParseUint(m["batch"], 10, 64)
	if err := errors.Join(errW, errJ, errB); err != nil {
		return queue.Mark{}, err
	}
	return queue.Mark{Watermark: w, Journal: j, LastBatch: b}, nil
}

// parseReplay reads the hash of a replay request.
func parseReplay(m map[string]string) (queue.Replay, error) {
	j, errJ := strconv.ParseUint(m["journal"], 10, 64)
	b, errB := strconv.ParseUint(m["batch"], 10, 64)
	if err := errors.Join(errJ, errB); err != nil {
		return queue.Replay{}, err
	}
	return queue.Replay{Journal: j, Batch: b}, nil
}

// position is a stream id of Redis, milliseconds and a counter.
type position struct{ ms, seq uint64 }

func parsePosition(s string) (position, error) {
	ms, seq, ok := strings.Cut(s, "-")
	m, errM := strconv.ParseUint(ms, 10, 64)
	n, errN := strconv.ParseUint(seq, 10, 64)
	if !ok || errM != nil || errN != nil {
		return position{}, fmt.Errorf("position %q is not an id of a stream", s)
	}
	return position{m, n}, nil
}

func (p position) before(o position) bool { return p.ms < o.ms || p.ms == o.ms && p.seq < o.seq }

func (p position) next() position {
	if p.seq++; p.seq == 0 {
		p.ms++
	}
	return p
}

func (p position) String() string {
	return strconv.FormatUint(p.ms, 10) + "-" + strconv.FormatUint(p.seq, 10)
}
