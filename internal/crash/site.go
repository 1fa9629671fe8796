package crash

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/client/link"
	"puntuale/internal/client/timing"
	"puntuale/internal/clock"
	"puntuale/internal/devstack"
	"puntuale/internal/keys"
	"puntuale/internal/wire"
)

const (
	nodeID clickday.NodeID = 1
	day    clickday.DayID  = 1
	// documents is how many different documents the envelopes carry; what
	// makes an envelope unique is the application in its ticket.
	documents = 64
	// documentSize makes envelopes of about 1 KiB out of bytes that do not
	// compress.
	documentSize = 780
)

// Site is what a node and its senders need around them: keys, a calendar whose
// click day is open, a private Redis, a scratch directory. Close it.
type Site struct {
	Dir   string
	Clock clock.Clock

	intake  string // path of the program
	public  ed25519.PublicKey
	tickets *keys.TicketKeys
	device  ed25519.PrivateKey
	signed  []byte // calendar
	frames  [][]byte
	digests []clickday.Digest
	base    *timing.Base
	redis   *devstack.Redis
}

// OpenSite makes the keys and starts Redis; intake is the path of that program.
func OpenSite(ctx context.Context, intake string, clk clock.Clock) (*Site, error) {
	dir, err := os.MkdirTemp("", "puntuale-crash-")
	if err != nil {
		return nil, fmt.Errorf("crash: %w", err)
	}
	s := &Site{Dir: dir, Clock: clk, intake: intake, base: timing.NewBase(clk)}
	err = s.makeKeys()
	if err == nil {
		err = s.makeDocuments()
	}
	if err == nil {
		s.redis, err = devstack.StartRedis(ctx, devstack.Options{})
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close stops Redis and removes the scratch directory.
func (s *Site) Close() error {
	var err error
	if s.redis != nil {
		err = s.redis.Stop()
	}
	return errors.Join(err, os.RemoveAll(s.Dir))
}

func (s *Site) keys() string { return filepath.Join(s.Dir, "keys") }

func (s *Site) makeKeys() error {
	if err := keys.Init(s.keys(), nodeID); err != nil {
		return err
	}
	var err error
	if s.public, err = keys.ReadPublic(filepath.Join(s.keys(), keys.NodePubFile(nodeID))); err != nil {
		return err
	}
	if s.tickets, err = keys.ReadTicketKeys(filepath.Join(s.keys(), keys.TicketFile)); err != nil {
		return err
	}
	calendar, err := keys.ReadPrivate(filepath.Join(s.keys(), keys.CalendarKeyFile))
	if err != nil {
		return err
	}
	if _, s.device, err = ed25519.GenerateKey(rand.Reader); err != nil {
		return fmt.Errorf("crash: %w", err)
	}
	now := s.Clock.Now()
	open := clickday.Day{
		ID: day, Code: "CRASH", TitleIT: "Prova di guasto", TitleEN: "Crash test", Models: []clickday.ModelCode{"B"},
		Prepare: 1, Sync: 2, Opens: now.Add(-time.Minute).UnixNano(), Closes: now.Add(12 * time.Hour).UnixNano(), State: clickday.DayScheduled,
	}
	s.signed, err = wire.SealCalendar(&clickday.Calendar{Version: 1, IssuedAt: now.UnixNano(), Days: []clickday.Day{open}}, calendar)
	return err
}

func (s *Site) makeDocuments() error {
	for range documents {
		b := make([]byte, documentSize)
		rand.Read(b)
		frame, err := wire.Compress(b, wire.Dictionary{})
		if err != nil {
			return err
		}
		s.frames = append(s.frames, frame)
		s.digests = append(s.digests, sha256.Sum256(b))
	}
	return nil
}

// envelope returns an envelope that has never been before: a ticket of a new
// application under the installation's MAC key, signed by the device.
func (s *Site) envelope() []byte {
	i, now := mathrand.IntN(documents), s.Clock.Now()
	t := wire.Ticket{
		KeyID: s.tickets.Current, Day: day, Model: "B", ModelVersion: 1, Application: clickday.NewApplicationID(), SealVersion: 1,
		Digest: s.digests[i], Device: [32]byte(s.device.Public().(ed25519.PublicKey)), Account: 1,
		IssuedAt: now.Unix(), NotAfter: now.Add(12 * time.Hour).Unix(),
	}
	b, err := wire.SealEnvelope(wire.SealTicket(&t, s.tickets.TicketKey(t.KeyID)), 0, s.frames[i], s.device)
	if err != nil {
		panic(err) // the sizes are ours
	}
	return b
}

// dial opens one keep-alive connection to a node.
func (s *Site) dial(ctx context.Context, addr string) (*link.Conn, error) {
	return link.Dial(ctx, link.Node{ID: nodeID, Addr: addr, Host: addr, Public: s.public}, s.base)
}

// checkCalendar asks the node for its calendar, which has to outlive crashes too.
func (s *Site) checkCalendar(ctx context.Context, addr string) error {
	c, err := s.dial(ctx, addr)
	if err != nil {
		return err
	}
	defer c.Close()
	b, err := c.Calendar(ctx)
	if err == nil && !bytes.Equal(b, s.signed) {
		err = errors.New("crash: the node has forgotten its calendar")
	}
	return err
}

// freeAddress returns a loopback address below the ports that the system gives
// to outgoing connections: a sender that dials a dead node from the very port
// it dials would be connected to itself, and keep the port from the node.
func freeAddress() (string, error) {
	const lowest, count, tries = 20000, 10000, 100
	var err error
	for range tries {
		addr := fmt.Sprintf("127.0.0.1:%d", lowest+mathrand.IntN(count))
		var l net.Listener
		if l, err = net.Listen("tcp", addr); err == nil {
			return addr, l.Close()
		}
	}
	return "", fmt.Errorf("crash: no free port: %w", err)
}
