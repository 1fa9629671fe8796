package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"puntuale/internal/clock"
)

// question is one request for a page.
type question struct {
	path   string
	cookie string
	// answered gets the page, for questions that follow from it; nil if nobody
	// wants it.
	answered func(body []byte)
}

// pace asks for pages in open loop: a question leaves when its time has come,
// whether or not earlier ones were answered, and its latency counts from then.
type pace struct {
	base    string
	rate    int
	lasting time.Duration
	warm    time.Duration // before it, which does not count
	clock   clock.Clock
	next    func(i int) question
}

// paceResult is what came back.
type paceResult struct {
	server, client *hdrhistogram.Histogram // microseconds
	failures       int
	failure        error // the first
}

func newTimes() *hdrhistogram.Histogram { return hdrhistogram.New(1, time.Minute.Microseconds(), 3) }

// inFlight bounds how many questions wait at a time: beyond it the measurement
// has failed anyway.
const inFlight = 1000

var errTooMany = errors.New("bench: the portal falls behind: 1,000 requests are waiting")

func (p *pace) run(ctx context.Context) (*paceResult, error) {
	out := &paceResult{server: newTimes(), client: newTimes()}
	client := &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: inFlight, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, Timeout: time.Minute,
	}
	defer client.CloseIdleConnections()
	var mu sync.Mutex // of out
	var wg sync.WaitGroup
	slots := make(chan struct{}, inFlight)
	begin := p.clock.Now()
	total := int(float64(p.rate) * (p.warm + p.lasting).Seconds())
	for i := range total {
		planned := begin.Add(time.Duration(i) * time.Second / time.Duration(p.rate))
		if err := waitUntil(ctx, p.clock, planned); err != nil {
			return nil, err
		}
		select {
		case slots <- struct{}{}:
		default:
			return nil, errTooMany
		}
		q := p.next(i)
		wg.Go(func() {
			defer func() { <-slots }()
			server, err := p.ask(ctx, client, &q)
			late := p.clock.Now().Sub(planned)
			if planned.Sub(begin) < p.warm && err == nil {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				out.failures++
				out.failure = errors.Join(out.failure, err)
				if out.failures > 5 {
					out.failure = fmt.Errorf("%w (%d failures)", err, out.failures)
				}
				return
			}
			out.server.RecordValue(max(server.Microseconds(), 1)) // a minute at most: the client's patience
			out.client.RecordValue(max(late.Microseconds(), 1))
		})
	}
	wg.Wait()
	return out, nil
}

// waitUntil waits for an instant.
func waitUntil(ctx context.Context, c clock.Clock, at time.Time) error {
	d := at.Sub(c.Now())
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// ask returns how long the portal itself says that it took.
func (p *pace) ask(ctx context.Context, client *http.Client, q *question) (time.Duration, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.base+q.path, nil)
	if err != nil {
		return 0, fmt.Errorf("bench: %w", err)
	}
	req.Header.Set("Cookie", q.cookie)
	req.Header.Set("Accept-Encoding", "gzip")
	res, err := client.Do(req)
	if err != nil {
		return 0, fmt.Errorf("bench: %w", err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, fmt.Errorf("bench: %s: %w", q.path, err)
	}
	if res.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("bench: %s: %s", q.path, res.Status)
	}
	if q.answered != nil {
		q.answered(body)
	}
	return serverTime(res.Header)
}

// serverTime reads the header Server-Timing.
func serverTime(h http.Header) (time.Duration, error) {
	text, ok := strings.CutPrefix(h.Get("Server-Timing"), "app;dur=")
	ms, err := strconv.ParseFloat(text, 64)
	if !ok || err != nil {
		return 0, fmt.Errorf("bench: Server-Timing is %q: the portal runs without --server-timing", h.Get("Server-Timing"))
	}
	return time.Duration(ms * float64(time.Millisecond)), nil
}
