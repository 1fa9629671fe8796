package journal

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"puntuale/internal/batch"
	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/wire"
)

var (
	testKey    = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	testPublic = testKey.Public().(ed25519.PublicKey)
)

func options(dir string) Options {
	return Options{Dir: dir, Node: 3, Key: testKey, Clock: clock.System{}, SegmentSize: SegmentMin, Reserve: 1}
}

func open(t testing.TB, o Options) *Journal {
	t.Helper()
	j, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close(context.Background()) })
	return j
}

func shut(t testing.TB, j *Journal) {
	t.Helper()
	if err := j.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// envelope returns random bytes, which hold no sector of zeros.
func envelope(seed uint64, size int) []byte {
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16)})
	b := make([]byte, size)
	r.Read(b)
	return b
}

func stampAt(ns int64) clickday.Stamp {
	return clickday.Stamp{UnixNano: ns, Source: clickday.StampKernel, Clock: clickday.ClockUnknown}
}

// put appends and checks the acknowledgement against the node's public key.
func put(t testing.TB, j *Journal, ns int64, env []byte) []byte {
	t.Helper()
	out, err := j.Append(t.Context(), wire.IDOf(env), stampAt(ns), env)
	// Segments of a test hold a few records; on a busy machine the next one can
	// be late, and ErrFull then says what the caller is to do.
	for patience := time.After(30 * time.Second); errors.Is(err, ErrFull); {
		select {
		case <-patience:
			t.Fatal(err)
		case <-time.After(time.Millisecond):
		}
		out, err = j.Append(t.Context(), wire.IDOf(env), stampAt(ns), env)
	}
	if err != nil {
		t.Fatal(err)
	}
	verify(t, out.Acknowledgement, env)
	return out.Acknowledgement
}

func verify(t testing.TB, ack, env []byte) wire.Acknowledgement {
	t.Helper()
	a, err := wire.ParseAcknowledgement(ack)
	if err == nil {
		err = a.Check(wire.IDOf(env), testPublic)
	}
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestWhatIsAcknowledgedIsThereAfterOpeningAgain(t *testing.T) {
	dir := t.TempDir()
	j := open(t, options(dir))
	acks := map[int][]byte{}
	for i := range 300 { // over several segments
		acks[i] = put(t, j, int64(1000+i), envelope(uint64(i), 1000+i))
	}
	id, last := j.ID(), j.LastBatch()
	shut(t, j)
	j = open(t, options(dir))
	if j.ID() != id || j.LastBatch() != last || j.Records() != 300 {
		t.Fatalf("id %x, batch %d, %d records", j.ID(), j.LastBatch(), j.Records())
	}
	for i, want := range acks {
		got, ok, err := j.Acknowledgement(wire.IDOf(envelope(uint64(i), 1000+i)))
		if err != nil || !ok || !bytes.Equal(got, want) {
			t.Fatalf("record %d: other bytes, ok %v, %v", i, ok, err)
		}
	}
	put(t, j, 5000, []byte("one more"))
	frames, err := j.Frames(0, 1<<30)
	if err != nil || len(frames) != int(last)+1 {
		t.Fatal(len(frames), err)
	}
	checkFrames(t, frames, 301)
}

// checkFrames verifies chain, sequences and signatures as the worker does.
func checkFrames(t *testing.T, frames [][]byte, records uint64) {
	t.Helper()
	var prev [32]byte
	next := uint64(1)
	for i, b := range frames {
		f, err := batch.Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		if f.Batch != uint64(i+1) || f.First != next || f.Prev != prev {
			t.Fatalf("frame %d: batch %d, first %d", i, f.Batch, f.First)
		}
		if err := f.CheckSignature(testPublic); err != nil {
			t.Fatal(err)
		}
		s := f.Statement()
		prev, next = s.Chain(), next+uint64(f.Count)
	}
	if next != records+1 {
		t.Fatalf("%d records in the frames, want %d", next-1, records)
	}
}

func TestConcurrentAppendsAllBecomeDurableOnce(t *testing.T) {
	dir := t.TempDir()
	o := options(dir)
	o.SegmentSize = 1 << 20
	j := open(t, o)
	var all sync.WaitGroup
	for w := range 32 {
		all.Go(func() {
			for i := range 20 {
				env := envelope(uint64(w*1000+i), 600)
				out, err := j.Append(t.Context(), wire.IDOf(env), stampAt(int64(w*1000+i)), env)
				if err != nil {
					t.Error(err)
					return
				}
				if a := verify(t, out.Acknowledgement, env); a.Leaf.Stamp.UnixNano != int64(w*1000+i) {
					t.Error("stamp of another record")
				}
			}
		})
	}
	all.Wait()
	batches := j.LastBatch()
	shut(t, j)
	frames := 0
	r, err := Scan(dir, testPublic, func(*batch.Frame) error { frames++; return nil })
	if err != nil || r.Records != 640 || r.Batches != batches || frames != int(batches) || r.Torn != nil {
		t.Fatalf("%+v, %d frames, %v", r, frames, err)
	}
}

// gate is a file whose syncs wait until they are let through.
type gate struct {
	File
	entered chan struct{}
	pass    chan struct{}
}

func (g *gate) Sync() error {
	g.entered <- struct{}{}
	<-g.pass
	return g.File.Sync()
}

// gated opens a journal that is held in the middle of a commit at each batch.
func gated(t *testing.T, dir string) (*Journal, *gate) {
	t.Helper()
	j := open(t, options(dir))
	g := &gate{File: j.segs[0].file, entered: make(chan struct{}), pass: make(chan struct{})}
	j.segs[0].file = g
	return j, g
}

func TestTheSameSubmissionAtOnceIsOneRecord(t *testing.T) {
	j, g := gated(t, t.TempDir())
	env := envelope(1, 500)
	acks := make([][]byte, 50)
	var all, started sync.WaitGroup
	for i := range acks {
		started.Add(1)
		all.Go(func() {
			started.Done()
			out, err := j.Append(t.Context(), wire.IDOf(env), stampAt(100), env)
			if err != nil {
				t.Error(err)
			}
			acks[i] = out.Acknowledgement
		})
	}
	<-g.entered // the first is being written while the others come in
	started.Wait()
	g.pass <- struct{}{}
	all.Wait()
	for _, a := range acks {
		if !bytes.Equal(a, acks[0]) {
			t.Fatal("two acknowledgements differ")
		}
	}
	if j.LastBatch() != 1 {
		t.Fatalf("%d batches", j.LastBatch())
	}
	out, err := j.Append(t.Context(), wire.IDOf(env), stampAt(200), env)
	if err != nil || !out.Repeated || !bytes.Equal(out.Acknowledgement, acks[0]) || j.next != 2 {
		t.Fatal("a later repeat is not the same", err)
	}
}

func TestTheEarliestStampOfARepeatWins(t *testing.T) {
	j, g := gated(t, t.TempDir())
	env, other := envelope(1, 500), envelope(2, 500)
	var all sync.WaitGroup
	appendAt := func(ns int64, e []byte) chan wire.Acknowledgement {
		out := make(chan wire.Acknowledgement, 1)
		all.Go(func() {
			o, err := j.Append(t.Context(), wire.IDOf(e), stampAt(ns), e)
			if err != nil {
				t.Error(err)
				return
			}
			out <- verify(t, o.Acknowledgement, e)
		})
		return out
	}
	appendAt(1, other)
	<-g.entered
	late := appendAt(300, env) // waits behind the batch that is being written
	eventually(t, func() bool { j.mu.Lock(); defer j.mu.Unlock(); return len(j.waiting) == 1 })
	early := appendAt(200, env)
	eventually(t, func() bool { settled, _ := j.Settled(1000); return settled == 1 })
	eventually(t, func() bool { j.mu.Lock(); defer j.mu.Unlock(); return j.waiting[0].earliest == 200 })
	g.pass <- struct{}{}
	<-g.entered
	earliest := appendAt(150, env) // too late to change the batch, not too late to count
	eventually(t, func() bool { j.mu.Lock(); defer j.mu.Unlock(); return len(j.waiting) == 1 })
	g.pass <- struct{}{}
	<-g.entered
	g.pass <- struct{}{}
	all.Wait()
	a, b, c := <-late, <-early, <-earliest
	if a.Leaf.Stamp.UnixNano != 200 || b.Leaf.Stamp.UnixNano != 200 || a.Leaf.Stamp.Sequence != b.Leaf.Stamp.Sequence {
		t.Fatalf("waiting record: %+v and %+v", a.Leaf.Stamp, b.Leaf.Stamp)
	}
	if c.Leaf.Stamp.UnixNano != 150 || c.Batch != 3 {
		t.Fatalf("earlier arrival: %+v in batch %d", c.Leaf.Stamp, c.Batch)
	}
	ack, ok, err := j.Acknowledgement(wire.IDOf(env))
	if err != nil || !ok || verify(t, ack, env).Leaf.Stamp.UnixNano != 150 {
		t.Fatal("the index does not hold the earliest", err)
	}
}

func TestSettledHoldsBackForWhatWaits(t *testing.T) {
	j, g := gated(t, t.TempDir())
	done := make(chan struct{})
	go func() {
		defer close(done)
		e := envelope(1, 300)
		if _, err := j.Append(context.Background(), wire.IDOf(e), stampAt(500), e); err != nil {
			t.Error(err)
		}
	}()
	<-g.entered
	if at, last := j.Settled(900); at != 500 || last != 0 {
		t.Fatal(at, last)
	}
	if at, _ := j.Settled(400); at != 400 {
		t.Fatal(at)
	}
	changed := j.Changed(0)
	g.pass <- struct{}{}
	<-changed
	<-done
	if at, last := j.Settled(900); at != 900 || last != 1 {
		t.Fatal(at, last)
	}
}

func TestAppendHonoursItsContextAndTheBound(t *testing.T) {
	j, g := gated(t, t.TempDir())
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("client is gone")
	first := make(chan error, 1)
	e := envelope(1, 300)
	go func() { _, err := j.Append(ctx, wire.IDOf(e), stampAt(1), e); first <- err }()
	<-g.entered
	cancel(gone)
	if err := <-first; !errors.Is(err, gone) {
		t.Fatal(err)
	}
	dead, stop := context.WithCancel(t.Context())
	stop()
	var err error
	n := 0
	for ; n < 1000 && !errors.Is(err, ErrFull); n++ {
		e := envelope(uint64(n+10), 4000)
		_, err = j.Append(dead, wire.IDOf(e), stampAt(1), e)
	}
	if !errors.Is(err, ErrFull) || n < 5 {
		t.Fatalf("after %d: %v", n, err)
	}
	g.pass <- struct{}{}
	go func() {
		for range g.entered {
			g.pass <- struct{}{}
		}
	}()
	eventually(t, func() bool { j.mu.Lock(); defer j.mu.Unlock(); return j.queued == 0 })
	put(t, j, 5, envelope(9999, 4000)) // room again
	if _, ok, err := j.Acknowledgement(wire.IDOf(e)); !ok || err != nil {
		t.Fatal("given up by its caller, durable all the same", err)
	}
}

func TestOneProcessAtATime(t *testing.T) {
	dir := t.TempDir()
	j := open(t, options(dir))
	if _, err := Open(options(dir)); !errors.Is(err, ErrLocked) {
		t.Fatal(err)
	}
	shut(t, j)
	shut(t, open(t, options(dir)))
}

func TestClosedMeansClosed(t *testing.T) {
	j := open(t, options(t.TempDir()))
	shut(t, j)
	e := envelope(1, 100)
	if _, err := j.Append(t.Context(), wire.IDOf(e), stampAt(1), e); !errors.Is(err, ErrClosed) {
		t.Fatal(err)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for name, spoil := range map[string]func(*Options){
		"node": func(o *Options) { o.Node = 0 }, "key": func(o *Options) { o.Key = nil },
		"segment": func(o *Options) { o.SegmentSize = 1000 }, "wait": func(o *Options) { o.PendingMax = 1 << 40 },
		"clock": func(o *Options) { o.Clock = nil },
	} {
		o := options(t.TempDir())
		spoil(&o)
		if _, err := Open(o); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
}

// eventually waits for what another goroutine brings about.
func eventually(t *testing.T, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-ctx.Done():
			t.Fatal("waited in vain")
		case <-tick.C:
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, writers := range []int{1, 64, 512} {
		b.Run(fmt.Sprint(writers), func(b *testing.B) {
			o := options(b.TempDir())
			o.SegmentSize = 64 << 20
			j, err := Open(o)
			if err != nil {
				b.Fatal(err)
			}
			defer j.Close(context.Background())
			b.ReportAllocs()
			b.SetParallelism(writers)
			var n sync.Mutex
			seed := uint64(0)
			b.RunParallel(func(pb *testing.PB) {
				n.Lock()
				seed++
				env := envelope(seed, 1024)
				n.Unlock()
				for i := 0; pb.Next(); i++ {
					env[0], env[1], env[2], env[3] = byte(i), byte(i>>8), byte(i>>16), byte(i>>24)
					if _, err := j.Append(context.Background(), wire.IDOf(env), stampAt(1), env); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(j.next-1)/float64(j.LastBatch()), "records/batch")
		})
	}
}
