package journal

import (
	"bytes"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"puntuale/internal/wire"
)

const waitForCopy = 3 * time.Second

// appended is what one call of Append has returned.
type appended struct {
	Outcome
	err error
}

func appendLater(t *testing.T, j *Journal, ns int64, env []byte) <-chan appended {
	t.Helper()
	out := make(chan appended, 1)
	go func() {
		o, err := j.Append(t.Context(), wire.IDOf(env), stampAt(ns), env)
		out <- appended{o, err}
	}()
	return out
}

func withCopy(t *testing.T) (*Journal, Options) {
	t.Helper()
	o := options(t.TempDir())
	o.CopyWait = waitForCopy
	return open(t, o), o
}

// Durable and yet unanswered until the copy is there; then everybody is answered,
// those too who have sent the same meanwhile.
func TestNobodyIsAcknowledgedBeforeTheSecondCopy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, _ := withCopy(t)
		env := envelope(1, 500)
		first := appendLater(t, j, 100, env)
		<-j.Changed(0) // durable
		again := appendLater(t, j, 200, env)
		synctest.Wait()
		if len(first) != 0 || len(again) != 0 || j.Uncopied() != 1 {
			t.Fatalf("answered without a copy; %d batches lack one", j.Uncopied())
		}
		if _, ok, err := j.Acknowledgement(wire.IDOf(env)); ok || !errors.Is(err, ErrNoCopy) {
			t.Fatalf("asked: %v, %v", ok, err)
		}
		j.Copied(1)
		for _, got := range []appended{<-first, <-again} {
			if got.err != nil {
				t.Fatal(got.err)
			}
			if a := verify(t, got.Acknowledgement, env); a.Leaf.Stamp.UnixNano != 100 {
				t.Fatalf("stamp %d", a.Leaf.Stamp.UnixNano)
			}
		}
		if j.Uncopied() != 0 {
			t.Fatal("a copied batch counts as uncopied")
		}
		shut(t, j)
	})
}

func TestWaitingForTheCopyIsBoundedAndKeepsThePlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, o := withCopy(t)
		env := envelope(1, 500)
		began := time.Now()
		got := <-appendLater(t, j, 100, env)
		if waited := time.Since(began); !errors.Is(got.err, ErrNoCopy) || waited != waitForCopy {
			t.Fatalf("%v after %s", got.err, waited)
		}
		if got := <-appendLater(t, j, 200, env); !errors.Is(got.err, ErrNoCopy) {
			t.Fatalf("a repeat: %v", got.err)
		}
		shut(t, j)
		j = open(t, o) // what had a copy before is to be proved again
		if _, _, err := j.Acknowledgement(wire.IDOf(env)); !errors.Is(err, ErrNoCopy) {
			t.Fatalf("after a restart: %v", err)
		}
		j.Copied(99) // more than there is means all there is, and no more
		ack, ok, err := j.Acknowledgement(wire.IDOf(env))
		if !ok || err != nil {
			t.Fatal(ok, err)
		}
		repeat := <-appendLater(t, j, 300, env)
		if repeat.err != nil || !repeat.Repeated || !bytes.Equal(repeat.Acknowledgement, ack) {
			t.Fatalf("%+v", repeat)
		}
		if a := verify(t, ack, env); a.Leaf.Stamp.UnixNano != 100 {
			t.Fatalf("stamp %d", a.Leaf.Stamp.UnixNano)
		}
		other := appendLater(t, j, 400, envelope(2, 500))
		<-j.Changed(1)
		synctest.Wait()
		if len(other) != 0 {
			t.Fatal("a copy of batch 1 let batch 2 through")
		}
		j.Copied(1) // says nothing new
		shut(t, j)
		if got := <-other; !errors.Is(got.err, ErrClosed) {
			t.Fatalf("at the end: %v", got.err)
		}
	})
}

func TestWithoutASecondCopyNothingIsWaitedFor(t *testing.T) {
	j := open(t, options(t.TempDir()))
	put(t, j, 1, envelope(1, 100))
	if j.Uncopied() != 0 {
		t.Fatal("counts copies that nobody wants")
	}
}
