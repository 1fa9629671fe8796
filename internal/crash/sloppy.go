package crash

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"puntuale/internal/arrival"
	"puntuale/internal/intake"
	"puntuale/internal/journal"
	"puntuale/internal/keys"
)

// LocalNode is an intake node inside this process, on the disk of a real one,
// whose way to open segments can be replaced. With Sloppy it is the control of
// the experiment: a node that acknowledges what it has not synced.
type LocalNode struct {
	site     *Site
	data     string
	openFile func(path string, create bool) (journal.File, error)

	addr    string
	journal *journal.Journal
	server  *intake.Server
	served  chan error
}

// NewLocalNode prepares a node with its data below a directory.
func (s *Site) NewLocalNode(data string, openFile func(path string, create bool) (journal.File, error)) *LocalNode {
	return &LocalNode{site: s, data: data, openFile: openFile}
}

// Addr is where the node listens.
func (n *LocalNode) Addr() string { return n.addr }

func (n *LocalNode) journalDir() string { return filepath.Join(n.data, "journal") }

// Start opens the journal and listens.
func (n *LocalNode) Start(ctx context.Context) error {
	if err := os.MkdirAll(n.data, 0o700); err != nil {
		return fmt.Errorf("crash: %w", err)
	}
	key, err := keys.ReadPrivate(filepath.Join(n.site.keys(), keys.NodeKeyFile(nodeID)))
	if err != nil {
		return err
	}
	calendarKey, err := keys.ReadPublic(filepath.Join(n.site.keys(), keys.CalendarPubFile))
	if err != nil {
		return err
	}
	calendar, err := intake.OpenCalendar(filepath.Join(n.data, "calendar.bin"), calendarKey)
	if err == nil {
		_, err = calendar.Put(n.site.signed)
	}
	if err != nil {
		return err
	}
	n.journal, err = journal.Open(journal.Options{
		Dir: n.journalDir(), Node: nodeID, Key: key, Clock: n.site.Clock,
		SegmentSize: localSegment, Reserve: 1, OpenFile: n.openFile,
	})
	if err != nil {
		return err
	}
	ln, err := arrival.Listen(ctx, "127.0.0.1:0", time.Millisecond, n.site.Clock)
	if err != nil {
		return errors.Join(err, n.journal.Close(ctx))
	}
	n.server, err = intake.New(intake.Config{
		Node: nodeID, Key: key, Tickets: n.site.tickets, Calendar: calendar, Journal: n.journal, Listener: ln,
		Clock: n.site.Clock, Log: slog.New(slog.DiscardHandler), Metrics: intake.NewMetrics(prometheus.NewRegistry()),
	})
	if err != nil {
		return errors.Join(err, ln.Close(), n.journal.Close(ctx))
	}
	n.addr, n.served = ln.Addr().String(), make(chan error, 1)
	go func() { n.served <- n.server.Serve() }()
	return nil
}

// localSegment is small, so that a short run goes through several segments.
const localSegment = 4 << 20

// Kill ends the node. What the disk has lost by then is not written again: the
// disk must be cut before.
func (n *LocalNode) Kill() error {
	ctx, cancel := context.WithTimeout(context.Background(), upTimeout)
	defer cancel()
	err := errors.Join(n.server.Shutdown(ctx), <-n.served)
	if jerr := n.journal.Close(ctx); n.journal.Err() == nil {
		err = errors.Join(err, jerr)
	}
	return err
}

// plainFile opens a segment as it is.
func plainFile(path string, create bool) (*os.File, error) {
	flags := os.O_RDWR
	if create {
		flags |= os.O_CREATE | os.O_TRUNC
	}
	return os.OpenFile(path, flags, 0o600)
}

// sloppyFile syncs once, when a segment is made, and never again.
type sloppyFile struct {
	*os.File
	once sync.Once
}

// Sloppy opens segments whose frames are not synced: the mistake that a power
// cut has to find. The segments themselves are made properly.
func Sloppy(path string, create bool) (journal.File, error) {
	f, err := plainFile(path, create)
	if err != nil {
		return nil, err
	}
	s := &sloppyFile{File: f}
	if !create {
		s.once.Do(func() {})
	}
	return s, nil
}

// Sync syncs a segment that was made just now, and says that it has otherwise.
func (f *sloppyFile) Sync() error {
	var err error
	f.once.Do(func() { err = f.File.Sync() })
	return err
}
