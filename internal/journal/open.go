package journal

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"puntuale/internal/batch"
	"puntuale/internal/clickday"
	"puntuale/internal/wire"
)

// Open opens the journal in a directory, or makes one. It returns when every
// frame that no checkpoint covers has been verified, a torn tail has been cut off
// and all of it is known to be on the disk. Of the signatures only the last is
// checked, which covers all that came before; Scan checks every one. What
// checkpoints cover is verified later, beside the work: see Damage.
func Open(opts Options) (*Journal, error) {
	if err := opts.fillIn(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(opts.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	held, err := lock(filepath.Join(opts.Dir, lockFile))
	if err != nil {
		return nil, err
	}
	j := newJournal(opts, held)
	if err := j.load(); err != nil {
		return nil, errors.Join(err, j.closeFiles(), held.release())
	}
	j.done.Add(4)
	j.answers.start()
	go j.write()
	go j.prepare()
	go j.keepCheckpoints()
	go j.recheck()
	return j, nil
}

func newJournal(opts Options, held releaser) *Journal {
	return &Journal{
		opts: opts, key: opts.Key, lock: held,
		kid:      wire.KeyID(opts.Key.Public().(ed25519.PublicKey)),
		batchMax: min(batchBytesMax, opts.SegmentSize/4),
		twice:    make(map[clickday.SubmissionID]slot),
		index:    newIndex(int(opts.Prepare / UsualRecord)),
		changed:  make(chan struct{}),
		wake:     make(chan struct{}, 1),
		want:     make(chan struct{}, 1),
		deadCh:   make(chan struct{}),
		stop:     make(chan struct{}),
		second:   second{wait: opts.CopyWait},
		next:     1,
	}
}

func (o *Options) fillIn() error {
	if o.SegmentSize == 0 {
		o.SegmentSize = defaultSegment
	}
	if o.PendingMax == 0 {
		o.PendingMax = min(defaultPending, o.SegmentSize/2)
	}
	if o.Reserve == 0 {
		o.Reserve = defaultReserve
	}
	if o.OpenFile == nil {
		o.OpenFile = openFile
	}
	if o.Free == nil {
		o.Free = freeBytes
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	switch {
	case o.Clock == nil:
		return errors.New("journal: no clock")
	case o.Node == 0:
		return errors.New("journal: node must not be 0")
	case len(o.Key) != ed25519.PrivateKeySize:
		return errors.New("journal: no key to sign with")
	case o.SegmentSize < SegmentMin || o.SegmentSize%sector != 0 || o.SegmentSize > 1<<30:
		return fmt.Errorf("journal: segment size %d: want a multiple of %d between %d and %d", o.SegmentSize, sector, SegmentMin, 1<<30)
	case o.CopyWait < 0:
		return fmt.Errorf("journal: wait of %s for the second copy: want 0 or more", o.CopyWait)
	case o.PendingMax > o.SegmentSize/2:
		return fmt.Errorf("journal: %d bytes may wait, at most half a segment of %d", o.PendingMax, o.SegmentSize)
	}
	return nil
}

func openFile(path string, create bool) (File, error) {
	flags := os.O_RDWR
	if create {
		flags |= os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(path, flags, 0o600)
	if err != nil {
		return nil, err
	}
	return newFile(f), nil
}

// load brings the journal from the disk into memory, or makes it.
func (j *Journal) load() error {
	m, err := readMeta(j.opts.Dir)
	if errors.Is(err, os.ErrNotExist) {
		return j.create()
	}
	if err != nil {
		return err
	}
	if m.Node != j.opts.Node {
		return fmt.Errorf("journal: %s belongs to node %d, this is node %d", j.opts.Dir, m.Node, j.opts.Node)
	}
	j.meta = m
	s, err := j.verify()
	if err != nil {
		return err
	}
	j.checks.start(s)
	j.chain, j.next, j.at = s.chain, s.report.Records+1, s.end.offset
	if err := j.openSegments(s); err != nil {
		return err
	}
	return j.cut(s.report.Torn)
}

// create makes an empty journal; the file that says whose it is comes last.
func (j *Journal) create() error {
	if err := j.removeUnborn(); err != nil {
		return err
	}
	j.meta = newMeta(j.opts.Node)
	s, err := j.createSegment(1)
	if err != nil {
		return fmt.Errorf("journal: make %s: %w", j.opts.Dir, err)
	}
	j.segs, j.at, j.room = []*segment{s}, sector, s.size-sector
	j.checks.at = []position{{}}
	return writeMeta(j.opts.Dir, j.meta)
}

// removeUnborn removes what a crash during create has left: one empty segment.
func (j *Journal) removeUnborn() error {
	n, err := countSegments(j.opts.Dir)
	if n == 0 || err != nil {
		return err
	}
	path := segmentPath(j.opts.Dir, 1)
	b, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	if n > 1 || len(b) < sector || !zeros(b[sector:]) {
		return fmt.Errorf("%w: %s has segments but no %s; restore that file from a copy", ErrCorrupt, j.opts.Dir, metaFile)
	}
	return os.Remove(path)
}

// restore takes one verified frame into the indexes.
func (j *Journal) restore(f *batch.Frame, p place) error {
	j.batches = append(j.batches, p)
	for i := range f.Records {
		l := &f.Records[i].Leaf
		j.index.earliest(l.ID, found{f.Batch, uint32(i), l.Stamp.UnixNano})
	}
	return nil
}

// openSegments opens the files and syncs them: after a kill their frames may
// have been read from the page cache without ever having reached the disk.
func (j *Journal) openSegments(s *scanner) error {
	for i, size := range s.sizes {
		path := segmentPath(j.opts.Dir, i+1)
		f, err := j.opts.OpenFile(path, false)
		if err != nil {
			return fmt.Errorf("journal: %w", err)
		}
		seg := &segment{f, path, size}
		if i <= s.end.segment {
			j.segs = append(j.segs, seg)
		} else {
			j.spares = append(j.spares, seg)
		}
		if err := f.Sync(); err != nil {
			return fmt.Errorf("journal: sync %s: %w", path, err)
		}
	}
	j.room = j.last().size - j.at
	return nil
}

// cut takes an unfinished write off the end, after keeping a copy of it.
func (j *Journal) cut(t *Torn) error {
	if t == nil {
		return nil
	}
	i := 0
	for i < len(j.segs) && j.segs[i].path != t.Path {
		i++
	}
	if i == len(j.segs) { // it was the first write into the first spare
		j.segs = append(j.segs, j.spares[0])
		j.spares = j.spares[1:]
		j.at = t.From
		j.room = j.last().size - j.at
	}
	if j.last().path != t.Path || j.at != t.From {
		return fmt.Errorf("%w: %s at offset %d: unfinished write where none can be", ErrCorrupt, t.Path, t.From)
	}
	f := j.last().file
	b := make([]byte, t.To-t.From)
	if _, err := f.ReadAt(b, t.From); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("journal: %w", err)
	}
	kept := filepath.Join(j.opts.Dir, fmt.Sprintf("torn-%08d-%d.bin", len(j.segs), t.From))
	if err := os.WriteFile(kept, b, 0o600); err != nil {
		return fmt.Errorf("journal: keep torn tail: %w", err)
	}
	if _, err := f.WriteAt(make([]byte, len(b)), t.From); err != nil {
		return fmt.Errorf("journal: cut torn tail: %w", err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("journal: cut torn tail: %w", err)
	}
	j.opts.Log.Warn("cut off an unfinished write that nobody was told of",
		"file", t.Path, "from", t.From, "to", t.To, "kept", kept)
	return nil
}
