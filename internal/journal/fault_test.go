package journal

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"puntuale/internal/wire"
)

// fault decides what one call to the disk does.
type fault int

const (
	none        fault = iota
	notApplied        // fails and leaves the disk as it was
	applied           // fails although the bytes are there
	halfApplied       // fails after half of the sectors
)

// faulty is a segment file that fails when told to.
type faulty struct {
	File
	write, sync *atomic.Int32 // the fault of the next call of that kind
}

func (f *faulty) WriteAt(b []byte, at int64) (int, error) {
	switch fault(f.write.Load()) {
	case notApplied:
		return 0, syscall.EIO
	case applied:
		n, _ := f.File.WriteAt(b, at)
		return n, syscall.EIO
	case halfApplied:
		n, _ := f.File.WriteAt(b[:len(b)/2/sector*sector], at)
		return n, syscall.EIO
	default:
		return f.File.WriteAt(b, at)
	}
}

func (f *faulty) Sync() error {
	if fault(f.sync.Load()) == none {
		return f.File.Sync()
	}
	return syscall.EIO
}

// direct is a faulty file that writes and syncs in one go, whatever the buffer; the
// same faults befall that call.
type direct struct{ *faulty }

func (f direct) WriteDurable(b []byte, at int64) (bool, error) {
	if _, err := f.WriteAt(b, at); err != nil {
		return true, err
	}
	return true, f.Sync()
}

// directOptions are faultyOptions with files that write and sync in one go.
func directOptions(dir string, write, sync *atomic.Int32) Options {
	o := faultyOptions(dir, write, sync)
	plain := o.OpenFile
	o.OpenFile = func(path string, create bool) (File, error) {
		f, err := plain(path, create)
		if d, ok := f.(*faulty); ok {
			return direct{d}, err
		}
		return f, err
	}
	return o
}

// faultyOptions returns options whose first segment obeys write and sync.
func faultyOptions(dir string, write, sync *atomic.Int32) Options {
	o := options(dir)
	o.OpenFile = func(path string, create bool) (File, error) {
		f, err := openFile(path, create)
		if err != nil || !strings.HasPrefix(filepath.Base(path), "00000001") {
			return f, err
		}
		return &faulty{f, write, sync}, nil
	}
	return o
}

// After any I/O error nobody is told of success any more, the journal says that
// it is dead, and opening it again finds everything that was acknowledged.
func TestAnIOErrorEndsTheJournalAndLosesNothingAcknowledged(t *testing.T) {
	for name, c := range map[string]struct {
		write, sync fault
		there       bool // whether the batch in question is found afterwards
		options     func(dir string, write, sync *atomic.Int32) Options
	}{
		"write failed, not applied":  {write: notApplied},
		"write failed, but applied":  {write: applied, there: true},
		"write failed, half applied": {write: halfApplied},
		"sync failed, but applied":   {sync: applied, there: true},

		"direct write failed, not applied":  {write: notApplied, options: directOptions},
		"direct write failed, but applied":  {write: applied, there: true, options: directOptions},
		"direct write failed, half applied": {write: halfApplied, options: directOptions},
		"direct write not durable":          {sync: applied, there: true, options: directOptions},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			var write, sync atomic.Int32
			if c.options == nil {
				c.options = faultyOptions
			}
			j := open(t, c.options(dir, &write, &sync))
			acked := put(t, j, 1, envelope(1, 2000))
			write.Store(int32(c.write))
			sync.Store(int32(c.sync))
			unsure := envelope(2, 3000)
			if _, err := j.Append(t.Context(), wire.IDOf(unsure), stampAt(2), unsure); !errors.Is(err, ErrDead) {
				t.Fatalf("want ErrDead, got %v", err)
			}
			<-j.Dead()
			write.Store(int32(none))
			sync.Store(int32(none))
			if _, err := j.Append(t.Context(), wire.IDOf(unsure), stampAt(3), unsure); !errors.Is(err, ErrDead) {
				t.Fatalf("the disk is well again, the journal must not be: %v", err)
			}
			if at, _ := j.Settled(1000); at != 0 {
				t.Fatal("a dead journal promises something")
			}
			if err := j.Close(t.Context()); !errors.Is(err, ErrDead) {
				t.Fatal(err)
			}
			j = open(t, options(dir))
			if got, ok, err := j.Acknowledgement(wire.IDOf(envelope(1, 2000))); !ok || err != nil || string(got) != string(acked) {
				t.Fatal("acknowledged and gone", err)
			}
			if _, ok, _ := j.Acknowledgement(wire.IDOf(unsure)); ok != c.there {
				t.Fatalf("the unsure one is there: %v", ok)
			}
			put(t, j, 4, unsure) // the client repeats, and is told
		})
	}
}

func TestEverybodyWhoWaitsHearsOfTheDeath(t *testing.T) {
	dir := t.TempDir()
	var write, sync_ atomic.Int32
	j := open(t, faultyOptions(dir, &write, &sync_))
	sync_.Store(int32(applied))
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			e := envelope(uint64(i), 700)
			if _, err := j.Append(t.Context(), wire.IDOf(e), stampAt(1), e); !errors.Is(err, ErrDead) {
				t.Errorf("told of success or of %v", err)
			}
		})
	}
	all.Wait()
}

func TestAFullDiskRefusesBeforeItLosesAndGoesOnByItself(t *testing.T) {
	var free atomic.Int64
	o := options(t.TempDir())
	o.Free = func(string) (int64, error) { return free.Load(), nil }
	j := open(t, o)
	eventually(t, j.LowSpace)
	var stored [][]byte
	var err error
	for i := 0; i < 1000; i++ {
		e := envelope(uint64(i), 3000)
		var out Outcome
		if out, err = j.Append(t.Context(), wire.IDOf(e), stampAt(int64(i+1)), e); err != nil {
			break
		}
		verify(t, out.Acknowledgement, e)
		stored = append(stored, e)
	}
	if !errors.Is(err, ErrFull) || len(stored) < 10 || j.Err() != nil {
		t.Fatalf("after %d: %v, %v", len(stored), err, j.Err())
	}
	free.Store(1 << 40)
	eventually(t, func() bool { return !j.LowSpace() })
	e := envelope(5000, 3000)
	put(t, j, 5000, e)
	must(t, j.Close(context.Background()))
	j = open(t, o)
	if j.Records() != len(stored)+1 {
		t.Fatalf("%d records, want %d", j.Records(), len(stored)+1)
	}
}

func TestAnErrorWhilePreparingASegmentEndsTheJournal(t *testing.T) {
	o := options(t.TempDir())
	o.OpenFile = func(path string, create bool) (File, error) {
		if strings.HasPrefix(filepath.Base(path), "00000002") {
			return nil, syscall.EIO
		}
		return openFile(path, create)
	}
	j := open(t, o)
	<-j.Dead()
	e := envelope(1, 100)
	if _, err := j.Append(t.Context(), wire.IDOf(e), stampAt(1), e); !errors.Is(err, ErrDead) {
		t.Fatal(err)
	}
}
