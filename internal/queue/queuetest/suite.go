package queuetest

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"puntuale/internal/clickday"
	"puntuale/internal/queue"
)

// Both is a queue seen from either side.
type Both interface {
	queue.Appender
	queue.Consumer
}

// Harness is a queue under test.
type Harness struct {
	Queue Both
	// Beyond is a position after every entry that the test can add.
	Beyond string
	// Lose drops all that the queue holds.
	Lose func()
}

// Run checks a queue against the contract. open returns an empty queue.
func Run(t *testing.T, open func(t *testing.T) Harness) {
	for name, check := range map[string]func(*testing.T, Harness){
		"an empty queue knows nothing":                           checkEmpty,
		"entries come in order, whole, after any position":       checkOrder,
		"the mark goes with the frames":                          checkMark,
		"no frames move the mark alone":                          checkMarkAlone,
		"nodes are apart":                                        checkNodes,
		"repeated frames lie there twice":                        checkRepeat,
		"a replay request stands until it is withdrawn":          checkReplay,
		"trim drops what it may and nothing else":                checkTrim,
		"a position beyond the end means reading from the start": checkBeyond,
		"after a loss everything starts again":                   checkLoss,
	} {
		t.Run(name, func(t *testing.T) { check(t, open(t)) })
	}
}

const node = clickday.NodeID(1)

func frames(texts ...string) [][]byte {
	out := make([][]byte, len(texts))
	for i, s := range texts {
		out[i] = []byte(s)
	}
	return out
}

func add(t *testing.T, h Harness, n clickday.NodeID, m queue.Mark, texts ...string) {
	t.Helper()
	if err := h.Queue.Append(t.Context(), n, frames(texts...), m); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, h Harness, n clickday.NodeID, after string, limit int) []queue.Entry {
	t.Helper()
	got, err := h.Queue.Read(t.Context(), n, after, limit)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func wantFrames(t *testing.T, got []queue.Entry, want ...string) {
	t.Helper()
	texts := make([]string, len(got))
	for i, e := range got {
		texts[i] = string(e.Frame)
	}
	if strings.Join(texts, "|") != strings.Join(want, "|") {
		t.Fatalf("read %q, want %q", texts, want)
	}
}

func wantMark(t *testing.T, h Harness, n clickday.NodeID, want queue.Mark, wantOK bool) {
	t.Helper()
	got, ok, err := h.Queue.LastMark(t.Context(), n)
	if err != nil || ok != wantOK || got != want {
		t.Fatalf("mark of node %d: %+v, %v, %v; want %+v, %v", n, got, ok, err, want, wantOK)
	}
}

func wantReplay(t *testing.T, h Harness, n clickday.NodeID, want queue.Replay, wantOK bool) {
	t.Helper()
	got, ok, err := h.Queue.WantedReplay(t.Context(), n)
	if err != nil || ok != wantOK || got != want {
		t.Fatalf("replay of node %d: %+v, %v, %v; want %+v, %v", n, got, ok, err, want, wantOK)
	}
}

func checkEmpty(t *testing.T, h Harness) {
	wantFrames(t, read(t, h, node, "", 10))
	wantMark(t, h, node, queue.Mark{}, false)
	wantReplay(t, h, node, queue.Replay{}, false)
	if err := h.Queue.ClearReplay(t.Context(), node); err != nil {
		t.Fatal(err)
	}
	if err := h.Queue.Trim(t.Context(), node, ""); err != nil {
		t.Fatal(err)
	}
}

func checkOrder(t *testing.T, h Harness) {
	binary := string(bytes.Repeat([]byte{0, 0xff, '\r', '\n'}, 100_000))
	want := []string{"one", binary, "three"}
	add(t, h, node, queue.Mark{}, "one", binary)
	add(t, h, node, queue.Mark{}, "three")
	for i := 4; i <= 50; i++ {
		want = append(want, fmt.Sprint(i))
		add(t, h, node, queue.Mark{}, fmt.Sprint(i))
	}
	all := read(t, h, node, "", 100)
	wantFrames(t, all, want...)
	for i := range all {
		wantFrames(t, read(t, h, node, all[i].ID, 7), want[i+1:min(len(want), i+8)]...)
	}
}

func checkMark(t *testing.T, h Harness) {
	m := queue.Mark{Watermark: 1_893_456_000_123_456_789, Journal: 1<<64 - 1, LastBatch: 2}
	add(t, h, node, m, "one", "two")
	wantMark(t, h, node, m, true)
}

func checkMarkAlone(t *testing.T, h Harness) {
	add(t, h, node, queue.Mark{Watermark: 1, Journal: 5, LastBatch: 1}, "one")
	m := queue.Mark{Watermark: -7, Journal: 6}
	add(t, h, node, m)
	wantMark(t, h, node, m, true)
	wantFrames(t, read(t, h, node, "", 10), "one")
}

func checkNodes(t *testing.T, h Harness) {
	add(t, h, 1, queue.Mark{Watermark: 1}, "one")
	add(t, h, 65535, queue.Mark{Watermark: 2}, "two")
	if err := h.Queue.RequestReplay(t.Context(), 1, queue.Replay{Journal: 1, Batch: 1}); err != nil {
		t.Fatal(err)
	}
	wantFrames(t, read(t, h, 1, "", 10), "one")
	wantFrames(t, read(t, h, 65535, "", 10), "two")
	wantMark(t, h, 65535, queue.Mark{Watermark: 2}, true)
	wantReplay(t, h, 65535, queue.Replay{}, false)
}

func checkRepeat(t *testing.T, h Harness) {
	add(t, h, node, queue.Mark{}, "one")
	add(t, h, node, queue.Mark{}, "one", "two")
	wantFrames(t, read(t, h, node, "", 10), "one", "one", "two")
}

func checkReplay(t *testing.T, h Harness) {
	ctx := t.Context()
	for _, r := range []queue.Replay{{Journal: 9, Batch: 4}, {Journal: 1<<64 - 1, Batch: 1<<64 - 1}} {
		for range 2 {
			if err := h.Queue.RequestReplay(ctx, node, r); err != nil {
				t.Fatal(err)
			}
		}
		wantReplay(t, h, node, r, true)
		wantReplay(t, h, node, r, true)
	}
	for range 2 {
		if err := h.Queue.ClearReplay(ctx, node); err != nil {
			t.Fatal(err)
		}
		wantReplay(t, h, node, queue.Replay{}, false)
	}
}

func checkTrim(t *testing.T, h Harness) {
	add(t, h, node, queue.Mark{LastBatch: 3}, "one", "two", "three")
	all := read(t, h, node, "", 10)
	for range 2 {
		if err := h.Queue.Trim(t.Context(), node, all[1].ID); err != nil {
			t.Fatal(err)
		}
		wantFrames(t, read(t, h, node, "", 10), "three")
	}
	if err := h.Queue.Trim(t.Context(), node, all[2].ID); err != nil {
		t.Fatal(err)
	}
	wantFrames(t, read(t, h, node, all[2].ID, 10))
	wantMark(t, h, node, queue.Mark{LastBatch: 3}, true)
	add(t, h, node, queue.Mark{LastBatch: 4}, "four")
	wantFrames(t, read(t, h, node, all[2].ID, 10), "four")
}

func checkBeyond(t *testing.T, h Harness) {
	wantFrames(t, read(t, h, node, h.Beyond, 10))
	add(t, h, node, queue.Mark{}, "one", "two", "three")
	wantFrames(t, read(t, h, node, h.Beyond, 2), "one", "two")
	if _, err := h.Queue.Read(t.Context(), node, "garbage", 1); err == nil {
		t.Fatal("a position of another kind was read")
	}
}

func checkLoss(t *testing.T, h Harness) {
	add(t, h, node, queue.Mark{Watermark: 1, LastBatch: 2}, "one", "two")
	last := read(t, h, node, "", 10)[1].ID
	if err := h.Queue.RequestReplay(t.Context(), node, queue.Replay{Batch: 1}); err != nil {
		t.Fatal(err)
	}
	h.Lose()
	checkEmpty(t, h)
	wantFrames(t, read(t, h, node, last, 10))
	add(t, h, node, queue.Mark{Watermark: 2, LastBatch: 1}, "again")
	wantFrames(t, read(t, h, node, last, 10), "again")
	if err := h.Queue.Append(context.Background(), node, nil, queue.Mark{Watermark: 3}); err != nil {
		t.Fatal(err)
	}
}
