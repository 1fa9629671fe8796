package loadteam

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"puntuale/internal/clock"
	"puntuale/internal/loadgen"
	"puntuale/internal/loadrun"
)

// Job is what an agent is to do; its share of connections is its own.
type Job struct {
	Index    int           `json:"index"` // of its part
	Targets  []string      `json:"targets"`
	CAPEM    string        `json:"ca_pem"` // of the targets
	Conns    int           `json:"conns"`
	Patience time.Duration `json:"patience_ns"`
	Consents [][]byte      `json:"consents,omitempty"` // of the targets' operator
}

// Counts are how far an agent is.
type Counts struct {
	Connected, Due, Sent, Accepted, Refused, Cut, Failed, Starved, Pings int64
}

// Controller shares a run out and collects it. Make it with NewController.
type Controller struct {
	clock clock.Clock
	job   Job // of each, but for its index
	parts []*loadrun.Part

	mu      sync.Mutex
	joined  int             // guarded by mu
	offsets map[int]Offset  // of agents that are ready; guarded by mu
	counts  map[int]Counts  // guarded by mu
	done    map[int]bool    // answers are there; guarded by mu
	failed  error           // the first failure of an agent; guarded by mu
	opening int64           // guarded by mu; 0 until Start
	moves   []time.Duration // of the opening since; guarded by mu
	changed chan struct{}   // closed and replaced with every change; guarded by mu

	server *http.Server
	ended  chan error
}

// NewController listens for agents; each part goes to one of them.
func NewController(listen string, key Key, job Job, parts []*loadrun.Part, clk clock.Clock) (*Controller, net.Addr, error) {
	config, err := key.tls()
	if err != nil {
		return nil, nil, err
	}
	ln, err := net.Listen("tcp", listen)
	if err != nil {
		return nil, nil, fmt.Errorf("loadteam: %w", err)
	}
	c := &Controller{clock: clk, job: job, parts: parts, offsets: map[int]Offset{}, counts: map[int]Counts{}, done: map[int]bool{},
		changed: make(chan struct{}), ended: make(chan error, 1)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /time", func(w http.ResponseWriter, _ *http.Request) { answer(w, c.clock.Now().UnixNano()) })
	mux.HandleFunc("POST /join", c.join)
	mux.HandleFunc("GET /part/{index}/{file}", c.file)
	mux.HandleFunc("POST /ready/{index}", c.ready)
	mux.HandleFunc("GET /start/{index}", c.start)
	mux.HandleFunc("GET /moves/{index}", c.moved)
	mux.HandleFunc("POST /live/{index}", c.live)
	mux.HandleFunc("PUT /answers/{index}", c.answers)
	mux.HandleFunc("POST /failed/{index}", c.fail)
	c.server = &http.Server{Handler: mux, TLSConfig: config, ReadHeaderTimeout: 10 * time.Second,
		ErrorLog: log.New(io.Discard, "", 0)} // strangers at the door
	go func() { c.ended <- c.server.ServeTLS(ln, "", "") }()
	return c, ln.Addr(), nil
}

// farewell is how long answers under way may take at the end.
const farewell = 5 * time.Second

// Close ends the controller; agents that still run see it and stop.
func (c *Controller) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	err := c.server.Shutdown(ctx)
	if err != nil {
		err = c.server.Close()
	}
	<-c.ended
	return err
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v) // whoever has gone asks no more
}

// change does something under the lock and wakes whoever waits.
func (c *Controller) change(do func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	do()
	close(c.changed)
	c.changed = make(chan struct{})
}

// until waits for a state.
func (c *Controller) until(ctx context.Context, is func() bool) error {
	for {
		c.mu.Lock()
		ok, failed, changed := is(), c.failed, c.changed
		c.mu.Unlock()
		switch {
		case failed != nil:
			return failed
		case ok:
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Ready waits until every part has an agent whose connections stand, and returns
// how far the clocks of two of them may be apart.
func (c *Controller) Ready(ctx context.Context) (time.Duration, error) {
	err := c.until(ctx, func() bool { return len(c.offsets) == len(c.parts) })
	c.mu.Lock()
	defer c.mu.Unlock()
	var worst, second time.Duration
	for _, o := range c.offsets {
		if o.Bound > worst {
			worst, second = o.Bound, worst
		} else {
			second = max(second, o.Bound)
		}
	}
	return worst + second, err
}

// Start tells all agents the opening, by the controller's clock.
func (c *Controller) Start(opening time.Time) { c.change(func() { c.opening = opening.UnixNano() }) }

// Move tells all agents that the opening is so much later than it was.
func (c *Controller) Move(by time.Duration) { c.change(func() { c.moves = append(c.moves, by) }) }

// Wait waits until all answers are there.
func (c *Controller) Wait(ctx context.Context) error {
	return c.until(ctx, func() bool { return len(c.done) == len(c.parts) })
}

// Joined is how many agents have come.
func (c *Controller) Joined() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.joined
}

// Show writes the sums of all agents into what a terminal shows.
func (c *Controller) Show(live *loadgen.Live) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var s Counts
	for _, n := range c.counts {
		s.Connected, s.Due, s.Sent, s.Accepted = s.Connected+n.Connected, s.Due+n.Due, s.Sent+n.Sent, s.Accepted+n.Accepted
		s.Refused, s.Cut, s.Failed, s.Starved, s.Pings = s.Refused+n.Refused, s.Cut+n.Cut, s.Failed+n.Failed, s.Starved+n.Starved, s.Pings+n.Pings
	}
	live.Connected.Store(s.Connected)
	live.Due.Store(s.Due)
	live.Sent.Store(s.Sent)
	live.Accepted.Store(s.Accepted)
	live.Refused.Store(s.Refused)
	live.Cut.Store(s.Cut)
	live.Failed.Store(s.Failed)
	live.Starved.Store(s.Starved)
	live.Pings.Store(s.Pings)
}

func (c *Controller) join(w http.ResponseWriter, _ *http.Request) {
	job := c.job
	full := false
	c.change(func() {
		if full = c.joined == len(c.parts); !full {
			job.Index = c.joined
			c.joined++
		}
	})
	if full {
		http.Error(w, "every part has its agent", http.StatusConflict)
		return
	}
	job.Conns = (c.job.Conns + len(c.parts) - 1) / len(c.parts)
	answer(w, job)
}

// index reads which part a request is about; false when there is none.
func (c *Controller) index(w http.ResponseWriter, r *http.Request) (int, bool) {
	i, err := strconv.Atoi(r.PathValue("index"))
	if err != nil || i < 0 || i >= len(c.parts) {
		http.NotFound(w, r)
		return 0, false
	}
	return i, true
}

// partFiles are what an agent needs.
var partFiles = []string{"plan.bin", "envelopes.bin", "envelopes.idx"}

func (c *Controller) file(w http.ResponseWriter, r *http.Request) {
	i, ok := c.index(w, r)
	for _, name := range partFiles {
		if ok && r.PathValue("file") == name {
			http.ServeFile(w, r, filepath.Join(c.parts[i].Dir, name))
			return
		}
	}
	if ok {
		http.NotFound(w, r)
	}
}

func (c *Controller) ready(w http.ResponseWriter, r *http.Request) {
	var o Offset
	if i, ok := c.index(w, r); ok && read(w, r, &o) {
		c.change(func() { c.offsets[i] = o })
		answer(w, true)
	}
}

func read(w http.ResponseWriter, r *http.Request, v any) bool {
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(v); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return false
	}
	return true
}

// start answers when the opening is known.
func (c *Controller) start(w http.ResponseWriter, r *http.Request) {
	if _, ok := c.index(w, r); !ok {
		return
	}
	var at int64
	if err := c.until(r.Context(), func() bool { at = c.opening; return at != 0 }); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	answer(w, at)
}

// moved answers when there are more moves than somebody has seen.
func (c *Controller) moved(w http.ResponseWriter, r *http.Request) {
	seen, err := strconv.Atoi(r.URL.Query().Get("seen"))
	if _, ok := c.index(w, r); !ok {
		return
	}
	var news []time.Duration
	if err == nil && seen >= 0 {
		err = c.until(r.Context(), func() bool {
			news = slices.Clone(c.moves[min(seen, len(c.moves)):])
			return len(news) > 0
		})
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	answer(w, news)
}

func (c *Controller) live(w http.ResponseWriter, r *http.Request) {
	var n Counts
	if i, ok := c.index(w, r); ok && read(w, r, &n) {
		c.change(func() { c.counts[i] = n })
		answer(w, true)
	}
}

// answers stores what an agent has heard, whole or not at all.
func (c *Controller) answers(w http.ResponseWriter, r *http.Request) {
	i, ok := c.index(w, r)
	if !ok {
		return
	}
	path := filepath.Join(c.parts[i].Dir, "answers.bin")
	f, err := os.Create(path + ".new")
	if err == nil {
		var n int64
		n, err = io.Copy(f, r.Body)
		if err == nil && n != r.ContentLength {
			err = errors.New("not all of it came")
		}
		err = errors.Join(err, f.Close())
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	c.change(func() { c.done[i] = true })
	answer(w, true)
}

func (c *Controller) fail(w http.ResponseWriter, r *http.Request) {
	var why string
	if i, ok := c.index(w, r); ok && read(w, r, &why) {
		c.change(func() { c.failed = errors.Join(c.failed, fmt.Errorf("loadteam: generator %d: %s", i, why)) })
		answer(w, true)
	}
}
