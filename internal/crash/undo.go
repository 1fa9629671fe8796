package crash

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"

	"puntuale/internal/journal"
)

// undoSector is what a disk writes whole or not at all, in bytes.
const undoSector = 512

// Undo is a power cut without a disk of its own: it opens segments that remember
// what stood where they were written since their last sync, and a cut puts a
// random part of it back, sector by sector. That is harsher than the file system
// on the loop device in one way, for sectors of one write survive in any choice,
// and milder in another: names and lengths of files do not go back.
type Undo struct {
	mu     sync.Mutex
	rand   *rand.Rand  // guarded by mu
	dead   bool        // guarded by mu
	sloppy bool        // set before use: frames are not synced
	files  []*undoFile // guarded by mu
}

// NewUndo returns the power of one node; sloppy is the control, as with Sloppy.
func NewUndo(r *rand.Rand, sloppy bool) *Undo { return &Undo{rand: r, sloppy: sloppy} }

// undoFile is one segment; its fields are guarded by the mutex of its Undo.
type undoFile struct {
	*os.File
	disk   *Undo
	made   bool             // the sync that completes a new segment is done
	before map[int64][]byte // what stood in sectors not synced yet
}

// OpenFile opens a segment, as journal.Options wants it.
func (u *Undo) OpenFile(path string, create bool) (journal.File, error) {
	f, err := plainFile(path, create)
	if err != nil {
		return nil, err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	file := &undoFile{File: f, disk: u, made: !create, before: map[int64][]byte{}}
	u.files = append(u.files, file)
	return file, nil
}

// WriteAt writes, and remembers what stood there.
func (f *undoFile) WriteAt(b []byte, at int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.disk.dead {
		return 0, syscall.EIO
	}
	for s := at / undoSector; s*undoSector < at+int64(len(b)); s++ {
		if _, ok := f.before[s]; ok {
			continue
		}
		old := make([]byte, undoSector)
		if _, err := f.ReadAt(old, s*undoSector); err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		f.before[s] = old
	}
	return f.File.WriteAt(b, at)
}

// Sync makes what was written stay.
func (f *undoFile) Sync() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.disk.dead {
		return syscall.EIO
	}
	if !f.disk.sloppy || !f.made {
		clear(f.before)
	}
	f.made = true
	return nil
}

// Cut takes back some of what was not synced, and lets every later write fail.
func (u *Undo) Cut() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.dead = true
	share := u.rand.Float64() // of sectors that go back
	var err error
	for _, f := range u.files {
		for s, old := range f.before {
			if u.rand.Float64() < share {
				_, werr := f.File.WriteAt(old, s*undoSector)
				err = errors.Join(err, werr)
			}
		}
	}
	if err != nil {
		return fmt.Errorf("crash: undo: %w", err)
	}
	return nil
}

// RunUndo is Run with Undo in the place of disks, on nodes in this process whose
// data is in dir and, for the control, in control.
func (p *PowerCut) RunUndo(ctx context.Context, s *Site, dir, control string) (PowerCutResult, error) {
	out := PowerCutResult{Disks: 1}
	r := NewRand(p.Seed)
	w := NewWitness(s.public)
	for range p.Rounds {
		loss, err := p.undoRound(ctx, s, r, dir, w, false)
		out.Loss = loss
		if err != nil {
			return out, err
		}
	}
	for i := range p.ControlRounds {
		dir := filepath.Join(control, strconv.Itoa(i)) // what a control leaves cannot be gone on with
		loss, err := p.undoRound(ctx, s, r, dir, NewWitness(s.public), true)
		out.Control.Add(loss)
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

func (p *PowerCut) undoRound(ctx context.Context, s *Site, r *rand.Rand, dir string, w *Witness, sloppy bool) (Loss, error) {
	u := NewUndo(rand.New(rand.NewPCG(r.Uint64(), r.Uint64())), sloppy)
	n := s.NewLocalNode(dir, u.OpenFile)
	if err := n.Start(ctx); err != nil {
		return Loss{}, err
	}
	if err := p.round(ctx, s, r, u, n, w); err != nil {
		return Loss{}, err
	}
	judge := s.NewLocalNode(dir, nil)
	err := judge.Start(ctx)
	if sloppy && errors.Is(err, journal.ErrCorrupt) {
		return Loss{Acked: w.Count(), Lost: w.Count()}, nil // it says so instead of serving what is left
	}
	if err != nil {
		return Loss{Acked: w.Count(), Lost: w.Count()}, err
	}
	asked, err := w.Ask(ctx, s, judge.Addr(), p.Conns)
	if err = errors.Join(err, judge.Kill()); err != nil {
		return asked, err
	}
	compared, err := w.Compare(judge.journalDir())
	return worse(asked, compared), err
}
