package crash

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
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

// sloppyFile syncs when a segment is made, and never again or too late.
type sloppyFile struct {
	*os.File
	made  bool          // the sync that completes a new segment is done; the writer's own
	after time.Duration // how late to sync; 0 is never
	due   atomic.Bool   // a late sync is on its way
}

// Sloppy opens segments whose frames are not synced: the mistake that a power
// cut has to find. The segments themselves are made properly.
func Sloppy(path string, create bool) (journal.File, error) { return sloppy(path, create, 0) }

// Late opens segments that are synced, but some milliseconds after they said so:
// only what was acknowledged in that window can be lost.
func Late(path string, create bool) (journal.File, error) { return sloppy(path, create, lateBy) }

// lateBy is about ten group commits.
const lateBy = 10 * time.Millisecond

func sloppy(path string, create bool, after time.Duration) (journal.File, error) {
	f, err := plainFile(path, create)
	if err != nil {
		return nil, err
	}
	return &sloppyFile{File: f, made: !create, after: after}, nil
}

// Sync syncs a segment that was made just now, and says that it has otherwise.
func (f *sloppyFile) Sync() error {
	if !f.made {
		f.made = true
		return f.File.Sync()
	}
	if f.after > 0 && f.due.CompareAndSwap(false, true) {
		time.AfterFunc(f.after, func() {
			f.due.Store(false)
			f.File.Sync() // nobody waits for it or hears of its error: that is the mistake
		})
	}
	return nil
}
