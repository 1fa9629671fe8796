package journal

import (
	"context"
	"errors"
	"testing"

	"puntuale/internal/wire"
)

// told is a waiter that passes on what it hears.
type told chan Receipt

func (c told) Settled(r Receipt) { c <- r }

func TestWaitersAreToldOnceWithTheirAcknowledgement(t *testing.T) {
	j := open(t, options(t.TempDir()))
	const count = 130 // several shares, for several of those who tell
	waiters := make([]told, count)
	for i := range waiters {
		waiters[i] = make(told, 2)
		env := envelope(uint64(i), 300)
		if !j.Submit(t.Context(), wire.IDOf(env), stampAt(int64(i+1)), env, waiters[i]) {
			t.Fatalf("submission %d is refused", i)
		}
	}
	for i, w := range waiters {
		r := <-w
		if r.Err() != nil {
			t.Fatal(r.Err())
		}
		env := envelope(uint64(i), 300)
		ack := r.Append([]byte("before"))[len("before"):]
		if a := verify(t, ack, env); a.Leaf.Stamp.UnixNano != int64(i+1) || r.Size() != len(ack) {
			t.Fatalf("submission %d: %+v, size %d of %d", i, a.Leaf.Stamp, r.Size(), len(ack))
		}
		again, ok, err := j.Acknowledgement(wire.IDOf(env))
		if err != nil || !ok || string(again) != string(ack) {
			t.Fatalf("submission %d is acknowledged in two ways: %v", i, err)
		}
		if j.Submit(t.Context(), wire.IDOf(env), stampAt(1), env, w) {
			t.Fatal("a repeat is taken for new")
		}
	}
	shut(t, j)
	for i, w := range waiters {
		if len(w) != 0 {
			t.Fatalf("waiter %d was told twice", i)
		}
	}
}

func TestAWaiterIsToldWhenItsPatienceEnds(t *testing.T) {
	j, g := gated(t, t.TempDir())
	enough := errors.New("enough")
	ctx, end := context.WithCancelCause(t.Context())
	first, second := envelope(1, 300), envelope(2, 300)
	w := make(told, 2)
	if !j.Submit(ctx, wire.IDOf(first), stampAt(1), first, w) {
		t.Fatal("refused")
	}
	<-g.entered
	end(enough)
	if r := <-w; !errors.Is(r.Err(), enough) {
		t.Fatal(r.Err())
	}
	if j.Submit(ctx, wire.IDOf(first), stampAt(1), first, w) {
		t.Fatal("what is being written is taken for new")
	}
	next := make(told, 2)
	if !j.Submit(t.Context(), wire.IDOf(second), stampAt(2), second, next) {
		t.Fatal("refused")
	}
	g.pass <- struct{}{}
	<-g.entered
	g.pass <- struct{}{}
	if r := <-next; r.Err() != nil {
		t.Fatal(r.Err())
	}
	if out, err := j.Append(t.Context(), wire.IDOf(first), stampAt(9), first); err != nil || !out.Repeated {
		t.Fatal("what was written late is not there", err)
	}
	if len(w) != 0 {
		t.Fatal("told twice")
	}
}

func TestWaitersHearOfTheDeathOfTheJournal(t *testing.T) {
	j, g := gated(t, t.TempDir())
	env := envelope(1, 300)
	w := make(told, 1)
	if !j.Submit(t.Context(), wire.IDOf(env), stampAt(1), env, w) {
		t.Fatal("refused")
	}
	<-g.entered
	j.die(errors.New("pulled out"))
	if r := <-w; !errors.Is(r.Err(), ErrDead) {
		t.Fatal(r.Err())
	}
	g.pass <- struct{}{}
	if j.Submit(t.Context(), wire.IDOf(env), stampAt(1), env, w) {
		t.Fatal("a dead journal takes submissions")
	}
}
