package journal

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"unsafe"
)

// onSector returns n bytes that lie on a sector, shifted by so many.
func onSector(n, shift int) []byte {
	b := make([]byte, n+2*sector)
	at := int(-uintptr(unsafe.Pointer(&b[0]))&(sector-1)) + shift
	return b[at : at+n]
}

// direct writes and ordinary ones meet in one file, as small and large batches do:
// each is there for whoever reads, through the page cache and past it.
func TestDirectAndOrdinaryWritesAreOneFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	f, err := openFile(path, true)
	must(t, err)
	d := f.(osFile)
	if d.direct == nil { // as on a file system in memory: then the ordinary way is the only one
		if done, err := d.WriteDurable(onSector(sector, 0), 0); done || err != nil {
			t.Fatalf("done %v, %v, without direct writes", done, err)
		}
		return
	}
	const size = 64 * sector
	want := make([]byte, size)
	_, err = f.WriteAt(want, 0)
	must(t, err)
	must(t, f.Sync())
	for i := range 200 {
		from, n := (i*7%60)*sector, (1+i%4)*sector
		b := onSector(n, 0)
		for k := range b {
			b[k] = byte(i + k)
		}
		copy(want[from:], b)
		if i%3 == 0 {
			_, err := f.WriteAt(b, int64(from))
			must(t, err)
		} else {
			done, err := d.WriteDurable(b, int64(from))
			must(t, err)
			if !done {
				t.Fatalf("write %d was not taken", i)
			}
		}
		got := make([]byte, size)
		_, err := f.ReadAt(got, 0)
		must(t, err)
		if !bytes.Equal(got, want) {
			t.Fatalf("after write %d the file is another one", i)
		}
	}
	for name, c := range map[string]struct {
		b  []byte
		at int64
	}{
		"part of a sector": {onSector(sector+1, 0), 0}, "between sectors": {onSector(sector, 0), 5}, "buffer between sectors": {onSector(sector, 8), 0},
	} {
		if done, err := d.WriteDurable(c.b, c.at); done || err != nil {
			t.Errorf("%s: done %v, %v", name, done, err)
		}
	}
	must(t, f.Close())
	if _, err := d.WriteDurable(onSector(sector, 0), 0); !errors.Is(err, os.ErrClosed) {
		t.Fatalf("writing to a closed file: %v", err)
	}
}

// What an aligned large batch takes is the direct way, in the real journal.
func TestLargeBatchesGoPastThePageCache(t *testing.T) {
	dir := t.TempDir()
	taken, possible := 0, false
	o := options(dir)
	o.OpenFile = func(path string, create bool) (File, error) {
		f, err := openFile(path, create)
		if err != nil || f.(osFile).direct == nil {
			return f, err
		}
		possible = true
		return &counting{f.(osFile), &taken}, nil
	}
	j := open(t, o)
	for i := range uint64(6) {
		put(t, j, int64(i+1), envelope(i, 40_000))
	}
	shut(t, j)
	if possible != (taken > 0) {
		t.Fatalf("%d batches went past the page cache; the file system can do that: %v", taken, possible)
	}
	j = open(t, options(dir))
	if j.Records() != 6 {
		t.Fatalf("%d records, want 6", j.Records())
	}
	shut(t, j)
}

// counting counts the direct writes.
type counting struct {
	osFile
	taken *int
}

func (c *counting) WriteDurable(b []byte, at int64) (bool, error) {
	done, err := c.osFile.WriteDurable(b, at)
	if done {
		*c.taken++
	}
	return done, err
}
