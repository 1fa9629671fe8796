package journal

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"puntuale/internal/batch"
	"puntuale/internal/clickday"
)

// Report is what a scan has found.
type Report struct {
	Node     clickday.NodeID
	Journal  uint64
	Segments int
	Batches  uint64
	Records  uint64
	Bytes    int64 // of frames
	// Torn is the unfinished write at the end, or nil. It was never
	// acknowledged; opening the journal cuts it off.
	Torn *Torn
}

// Torn is where an unfinished write lies.
type Torn struct {
	Path     string
	From, To int64
}

// Scan reads a journal and verifies every frame: lengths, CRCs, submission ids,
// roots, chain, sequences, and signatures if public is not nil. It changes
// nothing. Each, if not nil, is called with every frame in order; the frame is
// only valid during the call. What is wrong comes back as ErrCorrupt with file,
// offset and what to do. On a journal in use, the batch being written can show
// as torn.
func Scan(dir string, public ed25519.PublicKey, each func(*batch.Frame) error) (Report, error) {
	m, err := readMeta(dir)
	if err != nil {
		return Report{}, err
	}
	s := &scanner{dir: dir, meta: m, public: public}
	if each != nil {
		s.visit = func(f *batch.Frame, _ place) error { return each(f) }
	}
	err = s.run()
	return s.report, err
}

// scanner verifies the segments one after the other.
type scanner struct {
	dir    string
	meta   meta
	public ed25519.PublicKey
	// chained checks the signature of the last frame only. It signs the hash of
	// the statement before, and so on down to the first, so that no earlier
	// batch can be another one; a start need not wait for the rest.
	chained bool
	visit   func(*batch.Frame, place) error
	// adopt, if set, takes the checkpoints of segments, which then are not read
	// but for their last frames. Without it they are not looked at.
	adopt func(c *checkpoint, segment int)

	report Report
	marks  []mark // of the segments
	chain  [32]byte
	sizes  []int64 // of the segments
	// end is where the next frame belongs.
	end struct {
		segment int // from 0
		offset  int64
	}
	last struct {
		frame batch.Frame // without its records
		path  string
		at    int64
	}
	buf []byte
}

func (s *scanner) run() error {
	s.report = Report{Node: s.meta.Node, Journal: s.meta.Journal}
	n, err := countSegments(s.dir)
	if err != nil {
		return err
	}
	if n == 0 {
		return fmt.Errorf("%w: %s has no segment; restore the files from a copy", ErrCorrupt, s.dir)
	}
	s.end.offset = sector
	for i := range n {
		if s.adopt != nil && i > s.end.segment+1 && s.empty(i) {
			continue
		}
		if err := s.segment(i); err != nil {
			return err
		}
	}
	if s.chained && s.report.Batches > 0 {
		if err := s.last.frame.CheckSignature(s.public); err != nil {
			return s.corrupt(s.last.path, s.last.at, err)
		}
	}
	return nil
}

// countSegments checks that segments are numbered 1, 2, … without a gap.
func countSegments(dir string) (int, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*"+segmentSuffix))
	if err != nil {
		return 0, fmt.Errorf("journal: %w", err)
	}
	slices.Sort(names)
	for i, name := range names {
		stem := strings.TrimSuffix(filepath.Base(name), segmentSuffix)
		if n, err := strconv.Atoi(stem); err != nil || n != i+1 || name != segmentPath(dir, n) {
			return 0, fmt.Errorf("%w: %s stands where %s belongs; restore the missing file from a copy",
				ErrCorrupt, name, segmentPath(dir, i+1))
		}
	}
	return len(names), nil
}

// segment verifies one segment. Frames after the first segment that ended in a
// torn write contradict it.
func (s *scanner) segment(i int) error {
	path := segmentPath(s.dir, i+1)
	c, err := s.readCheckpoint(i)
	if err != nil {
		return err
	}
	s.marks = append(s.marks, mark{before: s.position(), checkpoint: c != nil})
	at := int64(sector)
	if c != nil {
		at, _ = c.last()
	}
	b, err := s.read(path, at)
	if err != nil {
		return err
	}
	h, err := parseSegmentHeader(b)
	if err != nil || h.node != uint16(s.meta.Node) || h.journal != s.meta.Journal || int(h.index) != i+1 {
		return s.corrupt(path, 0, errors.New("the segment header is damaged or of another journal"))
	}
	if h.size != int64(len(b)) {
		return s.corrupt(path, int64(len(b)), fmt.Errorf("the file has %d bytes, want %d", len(b), h.size))
	}
	s.report.Segments++
	s.sizes = append(s.sizes, h.size)
	if s.report.Torn != nil && !zeros(b[sector:]) {
		return s.corrupt(path, sector, errors.New("batches after an unfinished write"))
	}
	if c != nil {
		if at, err = s.trust(c, i, b); err != nil {
			return err
		}
	}
	known := at
	for at+sector <= h.size && !zeros(b[at:at+sector]) {
		n, err := s.frame(b, at, place{segment: uint32(i), offset: uint32(at)})
		if err != nil {
			return s.judge(path, b, at, err)
		}
		s.last.path, s.last.at = path, at
		at += n
		s.end.segment, s.end.offset = i, at
	}
	s.marks[i].whole = c != nil && at == known
	return s.rest(path, b, at)
}

// rest looks at what follows the last frame: zeros, or a write whose first
// sector never reached the disk.
func (s *scanner) rest(path string, b []byte, at int64) error {
	if zeros(b[at:]) {
		return nil
	}
	return s.judge(path, b, at, errors.New("bytes after the last frame"))
}

// read returns a buffer of the length of a file that holds its first sector and
// what comes from an offset on; in between is anything.
func (s *scanner) read(path string, from int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	defer f.Close() // only read
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	if int64(cap(s.buf)) < info.Size() {
		s.buf = make([]byte, info.Size())
	}
	b := s.buf[:info.Size()]
	head := min(sector, len(b))
	if n, err := f.ReadAt(b[:head], 0); n < head {
		return nil, fmt.Errorf("journal: read %s: %w", path, err)
	}
	rest := b[min(max(from, int64(head)), int64(len(b))):]
	if n, err := f.ReadAt(rest, int64(len(b)-len(rest))); n < len(rest) {
		return nil, fmt.Errorf("journal: read %s: %w", path, err)
	}
	return b, nil
}

// frame verifies the frame at an offset and returns its length on the disk.
func (s *scanner) frame(b []byte, at int64, p place) (int64, error) {
	f, err := batch.Parse(b[at:])
	if err != nil {
		return 0, err
	}
	if err := s.follows(&f.Header); err != nil {
		return 0, err
	}
	if s.public != nil && !s.chained {
		if err := f.CheckSignature(s.public); err != nil {
			return 0, err
		}
	}
	end := at + int64(f.Length)
	length := (int64(f.Length) + sector - 1) / sector * sector
	if !zeros(b[end : at+length]) {
		return 0, errors.New("bytes between the frame and its last sector's end")
	}
	p.length = f.Length
	if s.visit != nil {
		if err := s.visit(&f, p); err != nil {
			return 0, err
		}
	}
	statement := f.Statement()
	s.chain = statement.Chain()
	s.last.frame = batch.Frame{Header: f.Header, Root: f.Root, KeyID: f.KeyID, Signature: f.Signature}
	s.report.Batches = f.Batch
	s.report.Records += uint64(f.Count)
	s.report.Bytes += int64(f.Length)
	return length, nil
}

// follows checks that a header is the one that belongs here.
func (s *scanner) follows(h *batch.Header) error {
	if h.Node != s.meta.Node || h.Journal != s.meta.Journal {
		return errors.New("the frame is of another journal")
	}
	if h.Batch != s.report.Batches+1 || h.First != s.report.Records+1 || h.Prev != s.chain {
		return fmt.Errorf("batch %d with sequence %d does not follow batch %d", h.Batch, h.First, s.report.Batches)
	}
	return nil
}

func (s *scanner) corrupt(path string, at int64, why error) error {
	return fmt.Errorf("%w: %s at offset %d: %w; nothing was changed: keep a copy of the directory, then restore this file "+
		"from a copy or the queue's copy of the batches, or let an operator decide", ErrCorrupt, path, at, why)
}
