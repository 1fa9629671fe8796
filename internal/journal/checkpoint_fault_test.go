package journal

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

// moreSpares makes empty segments as a node has them that prepares for a day.
func moreSpares(t *testing.T, dir string, n int) {
	t.Helper()
	j := open(t, options(dir))
	eventually(t, func() bool {
		j.mu.Lock()
		defer j.mu.Unlock()
		return len(j.spares) > 0
	})
	j.mu.Lock()
	from := len(j.segs) + len(j.spares)
	j.mu.Unlock()
	for i := range n {
		s, err := j.createSegment(from + i + 1)
		must(t, err)
		must(t, s.file.Close())
	}
	shut(t, j)
}

// Of many empty segments a start looks at the beginning only; what a crash can have
// left in them is found all the same.
func TestASegmentKeptReadyIsLookedAt(t *testing.T) {
	origin, acks := long(t, 2)
	moreSpares(t, origin, 3)
	last := func(dir string) string { s := segments(t, dir); return s[len(s)-1] }
	for name, c := range map[string]struct {
		spoil  func(b []byte) []byte
		refuse bool
		later  bool // found after the start
	}{
		"untouched":             {spoil: func(b []byte) []byte { return b }},
		"shorter":               {spoil: func(b []byte) []byte { return b[:len(b)-sector] }, refuse: true},
		"of another segment":    {spoil: func(b []byte) []byte { b[17]++; return b }, refuse: true},
		"bytes at its begin":    {spoil: func(b []byte) []byte { b[sector] = 1; return b }, refuse: true},
		"bytes far behind that": {spoil: func(b []byte) []byte { b[len(b)-1] = 1; return b }, later: true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			must(t, os.CopyFS(dir, os.DirFS(origin)))
			b, err := os.ReadFile(last(dir))
			must(t, err)
			if c.later { // segments of tests are shorter than what is looked at
				b = append(b, make([]byte, 3<<20)...)
				h := segmentHeader{3, readID(t, dir), uint32(len(segments(t, dir))), int64(len(b))}
				copy(b, h.bytes())
			}
			must(t, os.WriteFile(last(dir), c.spoil(b), 0o600))
			j, err := Open(options(dir))
			if c.refuse {
				if !errors.Is(err, ErrCorrupt) {
					t.Fatal(err)
				}
				return
			}
			must(t, err)
			defer shut(t, j)
			if len(j.checks.spares) < 2 {
				t.Fatalf("%d were passed over", len(j.checks.spares))
			}
			found := false
			for _, i := range j.checks.spares {
				found = j.recheckSpare(j.scanner(), i) != nil || found
			}
			if found != c.later {
				t.Fatalf("damage found later: %v", found)
			}
			holds(t, j, acks)
		})
	}
}

func segments(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"+segmentSuffix))
	must(t, err)
	return names
}

func readID(t *testing.T, dir string) uint64 {
	t.Helper()
	m, err := readMeta(dir)
	must(t, err)
	return m.Journal
}

// A disk that does not take a checkpoint costs a slower start and nothing else.
func TestACheckpointThatCannotBeWrittenEndsNothing(t *testing.T) {
	for name, c := range map[string]struct{ create, write, sync fault }{
		"cannot be made":            {create: notApplied},
		"write failed, not applied": {write: notApplied},
		"write failed, but applied": {write: applied},
		"write half applied":        {write: halfApplied},
		"sync failed":               {sync: applied},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			var write, sync atomic.Int32
			write.Store(int32(c.write))
			sync.Store(int32(c.sync))
			o := options(dir)
			o.OpenFile = func(path string, create bool) (File, error) {
				idx := strings.HasSuffix(path, checkpointSuffix+".tmp")
				if idx && c.create != none {
					return nil, syscall.EIO
				}
				f, err := openFile(path, create)
				if err != nil || !idx {
					return f, err
				}
				return &faulty{f, &write, &sync}, nil
			}
			j := open(t, o)
			var acks [][]byte
			for i := 0; j.fullSegments() < 2; i++ {
				acks = append(acks, put(t, j, int64(1000+i), envelope(uint64(i), 9000)))
			}
			if _, err := j.checkpoint(); !errors.Is(err, syscall.EIO) {
				t.Fatal(err)
			}
			if len(checkpointFiles(t, dir)) != 0 || j.Err() != nil {
				t.Fatal("half a checkpoint, or dead", j.Err())
			}
			shut(t, j)
			j, log := opened(t, dir)
			if log.Len() != 0 {
				t.Fatal(log)
			}
			holds(t, j, acks)
		})
	}
}

func TestNoCheckpointTakesTheLastOfTheDisk(t *testing.T) {
	dir := t.TempDir()
	o := options(dir)
	o.Reserve = 1 << 20
	var free atomic.Int64
	free.Store(1 << 40)
	o.Free = func(string) (int64, error) { return free.Load(), nil }
	j := open(t, o)
	j.checks.mu.Lock() // nobody writes one meanwhile
	for i := 0; j.fullSegments() < 1; i++ {
		put(t, j, int64(1000+i), envelope(uint64(i), 9000))
	}
	free.Store(1 << 19)
	j.checks.mu.Unlock()
	if _, err := j.checkpoint(); err == nil || len(checkpointFiles(t, dir)) != 0 {
		t.Fatal("written all the same", err)
	}
	free.Store(1 << 40)
	checkpointAll(t, j)
}
