package redisfaults

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"puntuale/internal/arrival"
	"puntuale/internal/clickday"
	"puntuale/internal/intake"
	"puntuale/internal/journal"
	"puntuale/internal/keys"
	"puntuale/internal/wire"
)

// site is an intake node with its listener.
type site struct {
	id       clickday.NodeID
	journal  *journal.Journal
	listener *arrival.Listener
	url      string
}

// startSite serves one node, whose click day is open, and forwards to Redis; its
// acknowledgements wait so long for a second copy, or for none.
func startSite(t *testing.T, id clickday.NodeID, redisURL string, wait time.Duration) *site {
	t.Helper()
	s := &site{id: id, journal: openJournal(t, id, wait)}
	calendarKey := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{2}, 32))
	calendar, err := intake.OpenCalendar(filepath.Join(t.TempDir(), "calendar.bin"), calendarKey.Public().(ed25519.PublicKey))
	must(t, err)
	now := wall.Now()
	signed, err := wire.SealCalendar(&clickday.Calendar{Version: 1, IssuedAt: now.UnixNano(), Days: []clickday.Day{{
		ID: day, Code: "D", TitleIT: "D", TitleEN: "D", Models: []clickday.ModelCode{"B"}, Prepare: 1, Sync: 2,
		Opens: now.Add(-time.Hour).UnixNano(), Closes: now.Add(time.Hour).UnixNano(), State: clickday.DayScheduled,
	}}}, calendarKey)
	must(t, err)
	_, err = calendar.Put(signed)
	must(t, err)
	s.listener, err = arrival.Listen(t.Context(), "127.0.0.1:0", 200*time.Millisecond, wall)
	must(t, err)
	server, err := intake.New(intake.Config{
		Node: id, Key: nodeKey(id), Tickets: &keys.TicketKeys{Current: 1, Keys: map[uint32][]byte{1: macKey}},
		Calendar: calendar, Journal: s.journal, Listener: s.listener, Clock: wall,
		Log: slog.New(slog.DiscardHandler), Metrics: intake.NewMetrics(prometheus.NewRegistry()),
	})
	must(t, err)
	served := make(chan error, 1)
	go func() { served <- server.Serve() }()
	t.Cleanup(func() {
		must(t, server.Shutdown(context.Background()))
		must(t, <-served)
	})
	s.url = "http://" + s.listener.Addr().String()
	runForwarder(t, s.journal, openQueue(t, redisURL), s.listener.Safe)
	return s
}

// submit sends an envelope over a client's connections and returns the status
// and the body.
func submit(ctx context.Context, c *http.Client, url string, env []byte) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+wire.PathSubmit, bytes.NewReader(env))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", wire.TypeEnvelope)
	req.GetBody = nil // nobody repeats behind our back
	return exchange(c, req)
}

func exchange(c *http.Client, req *http.Request) (int, []byte, error) {
	res, err := c.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return res.StatusCode, b, err
}

// newClient returns a client with one connection of its own.
func newClient(t *testing.T) *http.Client {
	tr := &http.Transport{MaxConnsPerHost: 1}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: patience}
}

// granted checks an acknowledgement of a site and returns its stamp.
func (s *site) granted(id clickday.SubmissionID, status int, body []byte) (clickday.Stamp, error) {
	if status != http.StatusOK {
		return clickday.Stamp{}, fmt.Errorf("status %d: %s", status, body)
	}
	ack, err := wire.ParseAcknowledgement(body)
	if err == nil {
		err = ack.Check(id, nodeKey(s.id).Public().(ed25519.PublicKey))
	}
	return ack.Leaf.Stamp, err
}

// TestAThousandRepeatsOnTwoNodes sends one submission 1,000 times over 40
// connections to two nodes at once, among others of other applications. Each time
// it is acknowledged validly; it gets one number, with the earliest stamp of all.
func TestAThousandRepeatsOnTwoNodes(t *testing.T) {
	const connections, each = 40, 25
	r := startRedis(t)
	db := newDatabase(t, 2)
	sites := []*site{startSite(t, 1, r.URL, 0), startSite(t, 2, r.URL, 0)}
	env := newEnvelope(t)
	id := wire.IDOf(env)

	var mu sync.Mutex
	earliest, answers := int64(math.MaxInt64), 0
	var all sync.WaitGroup
	for i := range connections {
		s, client := sites[i%2], newClient(t)
		all.Go(func() {
			for k := range each {
				status, body, err := submit(t.Context(), client, s.url, env)
				var stamp clickday.Stamp
				if err == nil {
					stamp, err = s.granted(id, status, body)
				}
				if err != nil {
					t.Errorf("node %d, repeat %d: %v", s.id, k, err)
					return
				}
				mu.Lock()
				earliest, answers = min(earliest, stamp.UnixNano), answers+1
				mu.Unlock()
				if k%5 == 0 {
					if status, body, err := submit(t.Context(), client, s.url, newEnvelope(t)); err != nil || status != http.StatusOK {
						t.Errorf("another one: status %d, %v: %s", status, err, body)
					}
				}
			}
		})
	}
	all.Wait()
	if answers != connections*each {
		t.Fatalf("%d acknowledgements, want %d", answers, connections*each)
	}
	runSequencer(t, db, openQueue(t, r.URL))
	checkRepeated(t, db, sites, id, earliest)
}
