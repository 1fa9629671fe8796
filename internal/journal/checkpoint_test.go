package journal

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"puntuale/internal/wire"
)

// long makes a closed journal of several segments, all full ones with a
// checkpoint, and returns its acknowledgements by seed.
func long(t testing.TB, segments int) (dir string, acks [][]byte) {
	t.Helper()
	dir = t.TempDir()
	j := open(t, options(dir))
	for i := 0; j.fullSegments() < segments; i++ {
		acks = append(acks, put(t, j, int64(1000+i), envelope(uint64(i), 9000)))
	}
	checkpointAll(t, j)
	shut(t, j)
	return dir, acks
}

// checkpointAll writes every checkpoint that is due.
func checkpointAll(t testing.TB, j *Journal) {
	t.Helper()
	for !j.Checkpointed() {
		if _, err := j.checkpoint(); err != nil {
			t.Fatal(err)
		}
	}
}

func checkpointFiles(t testing.TB, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"+checkpointSuffix))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// opened opens a journal, and returns beside it what was logged.
func opened(t testing.TB, dir string) (*Journal, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	o := options(dir)
	o.Log = slog.New(slog.NewTextHandler(&log, nil))
	return open(t, o), &log
}

// holds expects a journal to answer for every submission as it did before, to
// forward all of it, and to go on.
func holds(t *testing.T, j *Journal, acks [][]byte) {
	t.Helper()
	if j.Records() != len(acks) {
		t.Fatalf("%d records, want %d", j.Records(), len(acks))
	}
	for i, want := range acks {
		got, ok, err := j.Acknowledgement(wire.IDOf(envelope(uint64(i), 9000)))
		if err != nil || !ok || !bytes.Equal(got, want) {
			t.Fatalf("record %d: other bytes, ok %v, %v", i, ok, err)
		}
		out, err := j.Append(t.Context(), wire.IDOf(envelope(uint64(i), 9000)), stampAt(9e9), envelope(uint64(i), 9000))
		if err != nil || !out.Repeated || !bytes.Equal(out.Acknowledgement, want) {
			t.Fatalf("repeat of record %d: %v", i, err)
		}
	}
	e := envelope(40_000, 500)
	put(t, j, 10_000, e)
	frames, err := j.Frames(0, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	checkFrames(t, frames, uint64(len(acks)+1))
}

func TestAStartFromCheckpointsKnowsEverything(t *testing.T) {
	dir, acks := long(t, 4)
	if n := len(checkpointFiles(t, dir)); n != 4 {
		t.Fatalf("%d checkpoints", n)
	}
	j, log := opened(t, dir)
	if n := len(j.checks.unread); n != 4 || log.Len() != 0 {
		t.Fatalf("%d segments were not read; %s", n, log)
	}
	plain := t.TempDir() // the same without checkpoints
	must(t, os.CopyFS(plain, os.DirFS(dir)))
	for _, name := range checkpointFiles(t, plain) {
		must(t, os.Remove(name))
	}
	k, _ := opened(t, plain)
	if !slices.Equal(j.batches, k.batches) || j.chain != k.chain || j.next != k.next || j.at != k.at || len(k.checks.unread) != 0 {
		t.Fatal("another journal without checkpoints")
	}
	for id, f := range k.index.all() {
		if got, ok := j.index.get(id); !ok || got != f {
			t.Fatalf("%s lies at %+v, from checkpoints at %+v", id, f, got)
		}
	}
	shut(t, k)
	holds(t, j, acks)
}

// A checkpoint is made in steps, and the process or the machine may die between
// any two of them: each state of the disk must open, with everything.
func TestADeathBetweenAnyTwoStepsOfACheckpointLosesNothing(t *testing.T) {
	origin, acks := long(t, 3)
	whole, err := os.ReadFile(checkpointPath(origin, 2))
	must(t, err)
	half := bytes.Clone(whole[:len(whole)/2])
	holes := bytes.Clone(whole)
	clear(holes[len(holes)/3 : len(holes)/2])
	for name, state := range map[string]struct {
		tmp, file []byte // nil for no such file
		read      bool   // the checkpoint is not used
		doubt     bool   // and that is said
	}{
		"before the first step":                    {read: true},
		"the file made":                            {tmp: []byte{}, read: true},
		"half written":                             {tmp: half, read: true},
		"written, not synced":                      {tmp: holes, read: true},
		"synced":                                   {tmp: whole, read: true},
		"renamed":                                  {file: whole},
		"renamed, though its bytes were lost":      {file: []byte{}, read: true, doubt: true},
		"renamed, though half of them was lost":    {file: half, read: true, doubt: true},
		"renamed, though sectors of them are gone": {file: holes, read: true, doubt: true},
		"renamed over an older one, next begun":    {tmp: half, file: whole},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			must(t, os.CopyFS(dir, os.DirFS(origin)))
			must(t, os.Remove(checkpointPath(dir, 2)))
			if state.tmp != nil {
				must(t, os.WriteFile(checkpointPath(dir, 2)+".tmp", state.tmp, 0o600))
			}
			if state.file != nil {
				must(t, os.WriteFile(checkpointPath(dir, 2), state.file, 0o600))
			}
			j, log := opened(t, dir)
			if read := !slices.Contains(j.checks.unread, 1); read != state.read {
				t.Errorf("segment read: %v", read)
			}
			if said := strings.Contains(log.String(), "all of it is read"); said != state.doubt {
				t.Errorf("doubt: %v, log: %s", said, log)
			}
			holds(t, j, acks)
			checkpointAll(t, j) // and what was lacking is made up for
			shut(t, j)
			j, log = opened(t, dir)
			if len(j.checks.unread) < 3 || log.Len() != 0 {
				t.Errorf("%d segments not read at the next start; %s", len(j.checks.unread), log)
			}
		})
	}
}

// A start believes nothing of a checkpoint in which anything has changed, and
// never refuses because of one.
func TestAChangedByteAnywhereInACheckpointIsFound(t *testing.T) {
	dir, _ := long(t, 1)
	b, err := os.ReadFile(checkpointPath(dir, 1))
	must(t, err)
	r := rand.New(rand.NewPCG(3, 4))
	for at := range b {
		c := bytes.Clone(b)
		c[at] ^= 1 << r.IntN(8)
		if _, err := unsealCheckpoint(c, testPublic); err == nil {
			t.Fatalf("byte %d changed, and nothing was found", at)
		}
	}
	for n := range b {
		if _, err := unsealCheckpoint(b[:n], testPublic); err == nil {
			t.Fatalf("cut to %d bytes, and nothing was found", n)
		}
	}
	if _, err := unsealCheckpoint(append(bytes.Clone(b), 0), testPublic); err == nil {
		t.Fatal("a byte too many, and nothing was found")
	}
}

func TestACheckpointThatDoesNotFitIsNotUsed(t *testing.T) {
	origin, acks := long(t, 3)
	read := func(dir string, segment int) *checkpoint {
		b, err := os.ReadFile(checkpointPath(dir, segment))
		must(t, err)
		c, err := unsealCheckpoint(b, testPublic)
		must(t, err)
		return c
	}
	write := func(dir string, segment int, c *checkpoint, key ed25519.PrivateKey) {
		must(t, os.WriteFile(checkpointPath(dir, segment), c.seal(key), 0o600))
	}
	stranger := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{9}, ed25519.SeedSize))
	for name, spoil := range map[string]func(dir string, c *checkpoint){
		"of another journal": func(dir string, _ *checkpoint) {
			other, _ := long(t, 2)
			write(dir, 2, read(other, 2), testKey)
		},
		"of another segment": func(dir string, _ *checkpoint) { write(dir, 2, read(dir, 1), testKey) },
		"signed by another":  func(dir string, c *checkpoint) { write(dir, 2, c, stranger) },
		"with another past":  func(dir string, c *checkpoint) { c.before.chain[0] ^= 1; write(dir, 2, c, testKey) },
		"with another end":   func(dir string, c *checkpoint) { c.chain[0] ^= 1; write(dir, 2, c, testKey) },
		"with other numbers": func(dir string, c *checkpoint) { c.before.records++; write(dir, 2, c, testKey) },
		"with another last record": func(dir string, c *checkpoint) {
			c.records[len(c.records)-1].stamp--
			write(dir, 2, c, testKey)
		},
		"of another length": func(dir string, c *checkpoint) { c.size += sector; write(dir, 2, c, testKey) },
		"a batch short": func(dir string, c *checkpoint) {
			last := len(c.extents) - 1
			c.records = c.records[:len(c.records)-int(c.extents[last].count)]
			c.extents = c.extents[:last]
			write(dir, 2, c, testKey)
		},
		"a directory": func(dir string, _ *checkpoint) {
			must(t, os.Remove(checkpointPath(dir, 2)))
			must(t, os.Mkdir(checkpointPath(dir, 2), 0o700))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			must(t, os.CopyFS(dir, os.DirFS(origin)))
			spoil(dir, read(dir, 2))
			j, log := opened(t, dir)
			if !strings.Contains(log.String(), "all of it is read") || len(j.checks.unread) != 0 {
				t.Errorf("believed: %d segments not read; %s", len(j.checks.unread), log)
			}
			holds(t, j, acks)
		})
	}
}

// An honest checkpoint of part of a segment is where the scan of that segment
// goes on: it may have been made before a power cut took the next segment back.
func TestAStaleCheckpointCoversWhatItCovers(t *testing.T) {
	dir, acks := long(t, 2)
	b, err := os.ReadFile(checkpointPath(dir, 2))
	must(t, err)
	c, err := unsealCheckpoint(b, testPublic)
	must(t, err)
	seg, err := os.ReadFile(segmentPath(dir, 2))
	must(t, err)
	short := &checkpoint{
		node: c.node, journal: c.journal, segment: 2, size: c.size, before: c.before, chain: c.before.chain,
	}
	at := int64(sector)
	for _, e := range c.extents[:len(c.extents)/2] {
		must(t, short.add(seg[at:at+int64(e.length)]))
		at += sectors(e.length)
	}
	must(t, os.WriteFile(checkpointPath(dir, 2), short.seal(testKey), 0o600))
	m, err := readMeta(dir)
	must(t, err)
	s := &scanner{dir: dir, meta: m, public: testPublic, chained: true, adopt: func(*checkpoint, int) {}}
	must(t, s.run())
	if m := s.marks[1]; !s.marks[0].whole || !m.checkpoint || m.whole {
		t.Fatalf("%+v", s.marks)
	}
	j, log := opened(t, dir)
	if log.Len() != 0 {
		t.Fatal(log)
	}
	holds(t, j, acks)
	checkpointAll(t, j)
	if again, err := os.ReadFile(checkpointPath(dir, 2)); err != nil || !bytes.Equal(again, b) {
		t.Fatal("the checkpoint was not made anew", err)
	}
}

// What a start must still notice of a segment that it does not read.
func TestDamageThatAStartNoticesInSpiteOfCheckpoints(t *testing.T) {
	origin, _ := long(t, 3)
	for name, spoil := range map[string]func(b []byte, c *checkpoint) []byte{
		"segment shorter":    func(b []byte, _ *checkpoint) []byte { return b[:len(b)-sector] },
		"segment longer":     func(b []byte, _ *checkpoint) []byte { return append(b, make([]byte, sector)...) },
		"header damaged":     func(b []byte, _ *checkpoint) []byte { b[20] ^= 1; return b },
		"last frame damaged": func(b []byte, c *checkpoint) []byte { from, _ := c.last(); b[from+200] ^= 1; return b },
		"last frame missing": func(b []byte, c *checkpoint) []byte { from, end := c.last(); clear(b[from:end]); return b },
		"bytes behind it":    func(b []byte, c *checkpoint) []byte { b[len(b)-1] = 1; return b },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			must(t, os.CopyFS(dir, os.DirFS(origin)))
			idx, err := os.ReadFile(checkpointPath(dir, 2))
			must(t, err)
			c, err := unsealCheckpoint(idx, testPublic)
			must(t, err)
			b, err := os.ReadFile(segmentPath(dir, 2))
			must(t, err)
			must(t, os.WriteFile(segmentPath(dir, 2), spoil(b, c), 0o600))
			if j, err := Open(options(dir)); !errors.Is(err, ErrCorrupt) {
				if err == nil {
					shut(t, j)
				}
				t.Fatal(err)
			}
		})
	}
}

// What lies deeper in it is found beside the work, by verify, and by whoever
// asks for it.
func TestDamageBeneathACheckpointIsFoundAfterTheStart(t *testing.T) {
	dir, acks := long(t, 3)
	f, err := os.OpenFile(segmentPath(dir, 2), os.O_RDWR, 0)
	must(t, err)
	defer f.Close()
	_, err = f.WriteAt([]byte{1, 2, 3, 4, 5}, sector+300)
	must(t, err)
	if _, err := Scan(dir, testPublic, nil); !errors.Is(err, ErrCorrupt) {
		t.Fatalf("verify says %v", err)
	}
	j, _ := opened(t, dir)
	s := j.scanner()
	for i, want := range []error{nil, ErrCorrupt, nil} {
		if err := j.recheckSegment(s, i); !errors.Is(err, want) {
			t.Errorf("segment %d: %v", i+1, err)
		}
	}
	refused := 0
	for i, want := range acks {
		got, ok, err := j.Acknowledgement(wire.IDOf(envelope(uint64(i), 9000)))
		switch {
		case errors.Is(err, ErrCorrupt):
			refused++
		case err != nil || !ok || !bytes.Equal(got, want):
			t.Fatalf("record %d: %v", i, err)
		}
	}
	if refused != 1 {
		t.Fatalf("%d acknowledgements refused, one record was damaged", refused)
	}
	put(t, j, 7, envelope(50_000, 300)) // nothing new is refused
}

// FuzzCheckpoint: what is signed is read as it was written; what is not signed by
// the node is never read, and what is costs no more memory than it is long.
func FuzzCheckpoint(f *testing.F) {
	dir, _ := long(f, 1)
	good, err := os.ReadFile(checkpointPath(dir, 1))
	if err != nil {
		f.Fatal(err)
	}
	body := good[:len(good)-ed25519.SignatureSize]
	f.Add(body)
	for _, at := range []int{0, 5, 17, 20, 30, 40, 73, 105, 109, 113, 117, 121, len(body) - 1} {
		b := bytes.Clone(body)
		b[at] ^= 0x81
		f.Add(b)
		f.Add(body[:at])
	}
	many := bytes.Clone(body)
	binary.BigEndian.PutUint32(many[106:], 1<<31)
	f.Add(many)
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := unsealCheckpoint(b, testPublic); err == nil {
			t.Fatal("read without a signature")
		}
		c, err := parseCheckpoint(b)
		if err != nil {
			return
		}
		sealed := c.seal(testKey)
		if !bytes.Equal(sealed[:len(b)], b) {
			t.Fatalf("read %x, wrote %x", b, sealed)
		}
		back, err := unsealCheckpoint(sealed, testPublic)
		if err != nil || back.after() != c.after() {
			t.Fatal(err)
		}
		j := &Journal{}
		j.forget(0)
		j.adopt(c, 0)
		if len(j.batches) != len(c.extents) || j.index.Len() > len(c.records) {
			t.Fatalf("%d batches and %d records", len(j.batches), j.index.Len())
		}
	})
}
