// Package store keeps the mini-client's memory on disk: the profile of the
// pairing, the signed calendar, and one record per application with its
// envelope and its state.
//
// Everything is written whole (temporary file, fsync, rename, fsync of the
// directory) before anybody acts on it, so a kill between any two lines loses
// nothing. The store itself refuses to change an envelope that may have been
// sent. One process at a time holds it.
package store

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"puntuale/internal/clickday"
	"puntuale/internal/wire"
)

// ErrLocked means that another mini-client uses the same directory.
var ErrLocked = errors.New("another mini-client is using this directory: close it, or choose another with --dir")

const (
	lockName        = "lock"
	profileName     = "profile.json"
	calendarName    = "calendar.bin"
	timeName        = "time.json"
	applicationsDir = "applications"
	recordSuffix    = ".json"
)

// Store is open and locked until Close. It is safe for concurrent use.
type Store struct {
	dir  string
	disk disk
	lock *os.File

	mu      sync.Mutex        // held while writing, so that disk and memory agree
	records map[string]Record // guarded by mu; by application id
	dead    error             // guarded by mu; after a failed write nothing more is written
	version uint64            // guarded by mu; grows with every change of records
}

// Open makes the directory if need be, takes the lock and reads what is there.
// ErrLocked when another process has it.
func Open(dir string) (*Store, error) { return openWith(dir, disk{}) }

func openWith(dir string, d disk) (*Store, error) {
	if err := os.MkdirAll(filepath.Join(dir, applicationsDir), 0o700); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	if err := lockFile(lock); err != nil {
		return nil, errors.Join(fmt.Errorf("%w (%s)", ErrLocked, dir), lock.Close())
	}
	s := &Store{dir: dir, disk: d, lock: lock, records: make(map[string]Record)}
	if err := s.read(); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return s, nil
}

// OpenReader reads what is there without the lock, for a look while another
// process works: what is put changes this copy alone. Every file is whole at
// every moment, so what is read was true a moment ago.
func OpenReader(dir string) (*Store, error) {
	s := &Store{dir: dir, records: make(map[string]Record)}
	return s, s.read()
}

// ReadOnly reports whether the store only looks.
func (s *Store) ReadOnly() bool { return s.lock == nil }

// Close gives the lock back.
func (s *Store) Close() error {
	if s.ReadOnly() {
		return nil
	}
	return s.lock.Close()
}

// Dir is where the store lies.
func (s *Store) Dir() string { return s.dir }

func (s *Store) read() error {
	dir := filepath.Join(s.dir, applicationsDir)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) && s.ReadOnly() {
		return nil
	}
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		switch {
		case s.ReadOnly() && strings.HasPrefix(e.Name(), tmpPrefix): // becomes one just now
		case strings.HasPrefix(e.Name(), tmpPrefix): // never became a record
			if err := os.Remove(path); err != nil {
				return fmt.Errorf("store: %w", err)
			}
		case strings.HasSuffix(e.Name(), recordSuffix):
			r, err := readRecord(path)
			if errors.Is(err, fs.ErrNotExist) && s.ReadOnly() {
				continue // dropped a moment ago
			}
			if err != nil {
				return err
			}
			s.records[r.Application] = r
		}
	}
	return nil
}

func readRecord(path string) (Record, error) {
	var r Record
	b, err := os.ReadFile(path)
	if err != nil {
		return r, fmt.Errorf("store: %w", err)
	}
	if err := json.Unmarshal(b, &r); err != nil {
		return r, fmt.Errorf("store: %s is damaged: %w", path, err)
	}
	if wire.IDOf(r.Envelope).String() != r.Submission || r.Application+recordSuffix != filepath.Base(path) {
		return r, fmt.Errorf("store: %s is damaged: the envelope does not match its id", path)
	}
	return r, nil
}

// Put makes records durable, then visible. All changes are checked before the
// first is written: ErrTransition, ErrMayBeSent. After a failed write the store
// takes no more writes, because disk and memory may differ: reopen it.
func (s *Store) Put(records ...Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.put(records)
}

// Update changes one record with f and puts it, as one step. Unknown
// applications and records that f leaves alone (false) are not written.
func (s *Store) Update(application string, f func(r *Record) bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.records[application]
	if !ok || !f(&r) {
		return nil
	}
	return s.put([]Record{r})
}

func (s *Store) put(records []Record) error {
	if s.dead != nil {
		return fmt.Errorf("store: stopped after a failed write: %w", s.dead)
	}
	files := make([]blob, 0, len(records))
	for i := range records {
		f, err := s.file(&records[i])
		if err != nil {
			return err
		}
		files = append(files, f)
	}
	if len(files) == 0 {
		return nil
	}
	if err := s.write(filepath.Join(s.dir, applicationsDir), files); err != nil {
		return err
	}
	for _, r := range records {
		s.records[r.Application] = r
	}
	s.version++
	return nil
}

// Version grows with every change, so that what was made out of the records can
// be kept until then.
func (s *Store) Version() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.version
}

// write puts files on disk, unless the store only looks. The caller holds mu.
func (s *Store) write(dir string, files []blob) error {
	if s.ReadOnly() {
		return nil
	}
	if err := s.disk.writeAll(dir, files, false); err != nil {
		s.dead = err
		return fmt.Errorf("store: %w", err)
	}
	return nil
}

func (s *Store) file(r *Record) (blob, error) {
	var old *Record
	if o, ok := s.records[r.Application]; ok {
		old = &o
	}
	if err := checkChange(old, r); err != nil {
		return blob{}, fmt.Errorf("store: %w", err)
	}
	b, err := json.Marshal(r)
	if err != nil {
		return blob{}, fmt.Errorf("store: %w", err)
	}
	return blob{r.Application + recordSuffix, b}, nil
}

// Get returns one record.
func (s *Store) Get(application string) (Record, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.records[application]
	return r, ok
}

// All returns every record, by day, rank, worker, and application id.
func (s *Store) All() []Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Record, 0, len(s.records))
	for _, r := range s.records {
		out = append(out, r)
	}
	slices.SortFunc(out, compareRecords)
	return out
}

func compareRecords(a, b Record) int {
	if a.Day != b.Day {
		return int(int64(a.Day) - int64(b.Day))
	}
	if a.Rank != b.Rank {
		return cmp.Compare(a.place(), b.place())
	}
	if c := strings.Compare(a.Worker, b.Worker); c != 0 {
		return c
	}
	return strings.Compare(a.Application, b.Application)
}

// DropUnsent removes the record of an application that the portal no longer
// lists and that cannot have been sent. ErrMayBeSent otherwise.
func (s *Store) DropUnsent(application string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.records[application]
	if !ok || s.ReadOnly() {
		return nil
	}
	if !r.State.Unsent() {
		return fmt.Errorf("store: %w: application %s is %s", ErrMayBeSent, application, r.State)
	}
	dir := filepath.Join(s.dir, applicationsDir)
	if err := s.disk.step("remove"); err != nil {
		s.dead = err
		return err
	}
	if err := os.Remove(filepath.Join(dir, application+recordSuffix)); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	delete(s.records, application)
	s.version++
	return syncDir(dir)
}

// Day returns the records of one click day, in the order of All.
func (s *Store) Day(id clickday.DayID) []Record {
	return slices.DeleteFunc(s.All(), func(r Record) bool { return r.Day != id })
}
