package intake

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"puntuale/internal/arrival"
	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/journal"
	"puntuale/internal/keys"
	"puntuale/internal/wire"
)

// Click days of the test calendar.
const (
	dayOpen clickday.DayID = iota + 1
	dayEarly
	dayLate
	daySuspended
	dayClosed
)

var (
	nodeKey     = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, 32))
	nodePublic  = nodeKey.Public().(ed25519.PublicKey)
	calendarKey = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{2}, 32))
	deviceKey   = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{3}, 32))
	macKey      = bytes.Repeat([]byte{4}, 32)
	tickets     = &keys.TicketKeys{Current: 1, Keys: map[uint32][]byte{1: macKey}}
	wall        = clock.System{}
)

// world is a node on loopback with a real journal.
type world struct {
	t        *testing.T
	dir      string
	journal  *journal.Journal
	calendar *Calendar
	listener *arrival.Listener
	server   *Server
	metrics  *Metrics
	served   chan error
	client   *http.Client
	base     string
}

// start runs a node on a data directory; wrap may put something before the journal.
func start(t *testing.T, dir string, secure bool, wrap func(Journal) Journal) *world {
	t.Helper()
	return startWith(t, dir, secure, func(cfg *Config) {
		if wrap != nil {
			cfg.Journal = wrap(cfg.Journal)
		}
	})
}

// openWith is open for a node whose settings are changed.
func openWith(t *testing.T, secure bool, change func(*Config)) *world {
	t.Helper()
	w := startWith(t, t.TempDir(), secure, change)
	w.publish(1)
	return w
}

// startWith runs a node on a data directory whose settings are changed.
func startWith(t *testing.T, dir string, secure bool, change func(*Config)) *world {
	t.Helper()
	w := &world{t: t, dir: dir, metrics: NewMetrics(prometheus.NewRegistry()), served: make(chan error, 1)}
	var err error
	w.journal, err = journal.Open(journal.Options{
		Dir: filepath.Join(dir, "journal"), Node: 7, Key: nodeKey, Clock: wall, SegmentSize: 1 << 20, Reserve: 1, Committed: w.metrics.Committed,
	})
	must(t, err)
	w.calendar, err = OpenCalendar(filepath.Join(dir, "calendar.bin"), calendarKey.Public().(ed25519.PublicKey))
	must(t, err)
	w.listener, err = arrival.Listen(t.Context(), "127.0.0.1:0", time.Millisecond, wall)
	must(t, err)
	cfg := Config{
		Node: 7, Key: nodeKey, Tickets: tickets, Calendar: w.calendar, Journal: w.journal, Listener: w.listener,
		Clock: wall, Log: slog.New(slog.DiscardHandler), Metrics: w.metrics,
	}
	w.base = "http://" + w.listener.Addr().String()
	if secure {
		cfg.TLS = &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{selfSigned(t)}, NextProtos: []string{"http/1.1"}}
		w.base = "https://" + w.listener.Addr().String()
	}
	change(&cfg)
	w.client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, Timeout: 20 * time.Second}
	w.server, err = New(cfg)
	must(t, err)
	go func() { w.served <- w.server.Serve() }()
	t.Cleanup(w.stop)
	return w
}

// stop ends the node in order; a second call does nothing.
func (w *world) stop() {
	if w.server == nil {
		return
	}
	w.client.CloseIdleConnections()
	must(w.t, w.server.Shutdown(context.Background()))
	must(w.t, <-w.served)
	w.server = nil
	if err := w.journal.Close(context.Background()); err != nil && w.journal.Err() == nil {
		w.t.Error(err)
	}
}

// open starts a node whose calendar has every test day.
func open(t *testing.T) *world {
	t.Helper()
	w := start(t, t.TempDir(), false, nil)
	w.publish(1)
	return w
}

func (w *world) publish(version uint64, days ...clickday.Day) {
	w.t.Helper()
	if days == nil {
		days = testDays()
	}
	changed, err := w.calendar.Put(signedCalendar(w.t, version, days...))
	must(w.t, err)
	if !changed {
		w.t.Fatal("the calendar did not change")
	}
}

func signedCalendar(t *testing.T, version uint64, days ...clickday.Day) []byte {
	t.Helper()
	b, err := wire.SealCalendar(&clickday.Calendar{Version: version, IssuedAt: wall.Now().UnixNano(), Days: days}, calendarKey)
	must(t, err)
	return b
}

func testDays() []clickday.Day {
	now := wall.Now()
	day := func(id clickday.DayID, code string, opens, closes time.Duration, state clickday.DayState) clickday.Day {
		return clickday.Day{
			ID: id, Code: code, TitleIT: code, TitleEN: code, Models: []clickday.ModelCode{"B"},
			Prepare: 1, Sync: 2, Opens: now.Add(opens).UnixNano(), Closes: now.Add(closes).UnixNano(), State: state,
		}
	}
	return []clickday.Day{
		day(dayOpen, "OPEN", -time.Hour, time.Hour, clickday.DayScheduled),
		day(dayEarly, "EARLY", time.Hour, 2*time.Hour, clickday.DayScheduled),
		day(dayLate, "LATE", -2*time.Hour, -time.Hour, clickday.DayScheduled),
		day(daySuspended, "SUSPENDED", -time.Hour, time.Hour, clickday.DaySuspended),
		day(dayClosed, "CLOSED", -time.Hour, time.Hour, clickday.DayClosed),
	}
}

// envelope returns a good envelope for the open day after change was applied to
// its ticket, sealed with key.
func envelopeWith(t *testing.T, key []byte, change func(*wire.Ticket)) []byte {
	t.Helper()
	tk := wire.Ticket{
		KeyID: 1, Day: dayOpen, Model: "B", ModelVersion: 1, Application: clickday.NewApplicationID(), SealVersion: 1,
		Device: [32]byte(deviceKey.Public().(ed25519.PublicKey)), Account: 1,
		IssuedAt: wall.Now().Unix(), NotAfter: wall.Now().Add(2 * time.Hour).Unix(),
	}
	if change != nil {
		change(&tk)
	}
	doc := make([]byte, 700)
	rand.Read(doc)
	env, err := wire.SealEnvelope(wire.SealTicket(&tk, key), 0, doc, deviceKey)
	must(t, err)
	return env
}

func envelopeFor(t *testing.T, day clickday.DayID) []byte {
	return envelopeWith(t, macKey, func(tk *wire.Ticket) { tk.Day = day })
}

// answer is a whole response.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a *answer) problem() wire.Problem { return wire.ParseProblem(a.body) }

func (w *world) post(env []byte) answer {
	w.t.Helper()
	return w.do(http.MethodPost, wire.PathSubmit, wire.TypeEnvelope, env)
}

func (w *world) get(path string) answer {
	w.t.Helper()
	return w.do(http.MethodGet, path, "", nil)
}

func (w *world) do(method, path, media string, body []byte) answer {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.base+path, bytes.NewReader(body))
	must(w.t, err)
	if media != "" {
		req.Header.Set("Content-Type", media)
	}
	res, err := w.client.Do(req)
	must(w.t, err)
	return w.read(res)
}

func (w *world) read(res *http.Response) answer {
	w.t.Helper()
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	must(w.t, err)
	return answer{res.StatusCode, res.Header, b}
}

// raw sends bytes as they are, closes the sending side if told to, and reads one
// answer; ok is false if the node closed without one.
func (w *world) raw(b []byte, finish bool) (a answer, closed, ok bool) {
	w.t.Helper()
	c, err := net.Dial("tcp", w.listener.Addr().String())
	must(w.t, err)
	defer c.Close()
	must(w.t, c.SetDeadline(wall.Now().Add(20*time.Second)))
	_, err = c.Write(b)
	must(w.t, err)
	if finish {
		must(w.t, c.(*net.TCPConn).CloseWrite())
	}
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return answer{}, true, false
	}
	return w.read(res), res.Close, true
}

// accepted posts an envelope and checks its acknowledgement.
func (w *world) accepted(env []byte) (wire.Acknowledgement, []byte) {
	w.t.Helper()
	a := w.post(env)
	if a.status != 200 || a.header.Get("Content-Type") != wire.TypeAcknowledgement {
		w.t.Fatalf("status %d: %s", a.status, a.body)
	}
	ack, err := wire.ParseAcknowledgement(a.body)
	must(w.t, err)
	must(w.t, ack.Check(wire.IDOf(env), nodePublic))
	return ack, a.body
}

// valueOf reads a counter.
func valueOf(t *testing.T, c prometheus.Metric) float64 {
	t.Helper()
	var m dto.Metric
	must(t, c.Write(&m))
	return m.GetCounter().GetValue()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func selfSigned(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	now := wall.Now()
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	must(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
