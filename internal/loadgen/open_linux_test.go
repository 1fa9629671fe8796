package loadgen

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/loadrun"
)

// planned is an open loop of n requests within 200 ms, against a server.
func planned(t *testing.T, n int, server *httptest.Server) *Open {
	t.Helper()
	part, err := loadrun.NewPart(t.TempDir(), 0)
	if err != nil {
		t.Fatal(err)
	}
	w, err := part.NewEnvelopeWriter()
	if err != nil {
		t.Fatal(err)
	}
	o := &Open{
		Part: part, Path: "/v1/s", Type: "application/x", Conns: 32, Threads: 2, Patience: 10 * time.Second,
		PingPath: "/ping", PingEvery: 50 * time.Millisecond, Clock: clock.System{}, Opening: clock.System{}.Now().Add(500 * time.Millisecond),
	}
	for i := range n {
		w.Add(bytes.Repeat([]byte{byte(i)}, 300+i%7), loadrun.Entry{Submission: clickday.SubmissionID{byte(i), byte(i >> 8)}})
		o.Plan = append(o.Plan, loadrun.Request{At: time.Duration(i) * 200 * time.Millisecond / time.Duration(n), Envelope: uint32(i), Kind: loadrun.Good})
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if o.Entries, err = part.Entries(); err != nil {
		t.Fatal(err)
	}
	target := Target{Addr: server.Listener.Addr().String()}
	if server.TLS != nil {
		target.TLS = &tls.Config{RootCAs: server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, ServerName: "example.com"}
	}
	o.Targets = []Target{target}
	return o
}

func runOpen(t *testing.T, ctx context.Context, o *Open) []loadrun.Answer {
	t.Helper()
	p, err := o.Connect(ctx)
	if err != nil {
		t.Fatal(err)
	}
	o.Opening = clock.System{}.Now().Add(200 * time.Millisecond)
	if err := p.Run(ctx); err != nil {
		t.Fatal(err)
	}
	out := make([]loadrun.Answer, len(o.Plan))
	seen := 0
	for a, err := range o.Part.Answers() {
		if err != nil {
			t.Fatal(err)
		}
		a.Body = bytes.Clone(a.Body)
		out[a.Request] = a
		seen++
	}
	if seen != len(o.Plan) {
		t.Fatalf("%d answers to %d requests", seen, len(o.Plan))
	}
	return out
}

func parrot(w http.ResponseWriter, r *http.Request) {
	b, err := io.ReadAll(r.Body)
	if err == nil && r.URL.Path == "/v1/s" && len(b) > 0 {
		w.Write(b[:10]) // an error ends the connection, which the test sees
	}
}

func TestEveryRequestIsAnsweredOnce(t *testing.T) {
	for name, start := range map[string]func(http.Handler) *httptest.Server{"plain": httptest.NewServer, "TLS": httptest.NewTLSServer} {
		t.Run(name, func(t *testing.T) {
			server := start(http.HandlerFunc(parrot))
			defer server.Close()
			o := planned(t, 400, server)
			o.Plan[7].Kind = loadrun.Cut
			for i, a := range runOpen(t, t.Context(), o) {
				if i == 7 {
					if a.Failure != loadrun.CutOff || a.Sent == loadrun.Never {
						t.Errorf("the one that is cut: %+v", a)
					}
					continue
				}
				want := bytes.Repeat([]byte{byte(i)}, 10)
				if a.Status != 200 || !bytes.Equal(a.Body, want) || a.Sent < o.Plan[i].At || a.First < a.Sent-time.Millisecond || a.Done < a.First {
					t.Fatalf("request %d: %+v", i, a)
				}
			}
		})
	}
}

func TestSlowServerDoesNotSlowThePlan(t *testing.T) {
	gate := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/s" {
			<-gate
		}
		parrot(w, r)
	}))
	defer server.Close()
	o := planned(t, 100, server)
	o.Conns = 100
	sent := make(chan int64, 1)
	go func() {
		for o.Live.Sent.Load() < 100 {
			select {
			case <-time.After(time.Millisecond):
			case <-t.Context().Done():
			}
		}
		sent <- o.Live.InFlight()
		close(gate)
	}()
	answers := runOpen(t, t.Context(), o)
	if n := <-sent; n != 100 {
		t.Errorf("%d were in flight when all had been sent, want 100", n)
	}
	for i, a := range answers {
		if a.Status != 200 || a.Done < o.Plan[99].At {
			t.Errorf("request %d: %+v", i, a)
		}
	}
}

func TestTooFewConnectionsAreTold(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(parrot))
	defer server.Close()
	o := planned(t, 300, server)
	o.Conns, o.Threads = 1, 1
	for i := range o.Plan {
		o.Plan[i].At = 0
	}
	starved := 0
	for _, a := range runOpen(t, t.Context(), o) {
		if a.Status != 200 {
			t.Fatalf("%+v", a)
		}
		if a.Starved {
			starved++
		}
	}
	if starved != 299 {
		t.Errorf("%d starved, want 299", starved)
	}
}

func TestBrokenConnectionsAndSilenceAreRecorded(t *testing.T) {
	var n atomic.Int64
	hang := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/s" {
			return
		}
		switch n.Add(1) % 3 {
		case 0:
			panic(http.ErrAbortHandler)
		case 1:
			<-hang
		default:
			http.Error(w, strings.Repeat("x", 1500), http.StatusTooEarly)
		}
	}))
	defer server.Close()
	defer close(hang)
	o := planned(t, 90, server)
	o.Conns, o.Patience = 90, 600*time.Millisecond
	got := map[loadrun.Failure]int{}
	for _, a := range runOpen(t, t.Context(), o) {
		got[a.Failure]++
		if a.Failure == loadrun.Answered && (a.Status != http.StatusTooEarly || len(a.Body) != 1501) {
			t.Errorf("%d with %d bytes", a.Status, len(a.Body))
		}
	}
	if got[loadrun.Broken] != 30 || got[loadrun.TimedOut] != 30 || got[loadrun.Answered] != 30 {
		t.Errorf("%v, want 30 each", got)
	}
}

func TestStoppedRunRecordsTheRest(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(parrot))
	defer server.Close()
	o := planned(t, 50, server)
	for i := 25; i < 50; i++ {
		o.Plan[i].At = time.Hour
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		for o.Live.Accepted.Load() < 25 {
			select {
			case <-time.After(time.Millisecond):
			case <-ctx.Done():
			}
		}
		cancel()
	}()
	unsent := 0
	for _, a := range runOpen(t, ctx, o) {
		if a.Failure == loadrun.Unsent {
			unsent++
		}
	}
	if unsent != 25 {
		t.Errorf("%d unsent, want 25", unsent)
	}
}
