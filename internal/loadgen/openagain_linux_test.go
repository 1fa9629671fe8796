package loadgen

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"puntuale/internal/clock"
	"puntuale/internal/loadrun"
)

func TestAMovedOpeningMovesWhatIsNotSent(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(parrot))
	defer server.Close()
	o := planned(t, 200, server)
	o.Plan[0].At = -time.Hour // is moved only to the instant at which the move is learnt
	p, err := o.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	o.Opening = clock.System{}.Now().Add(time.Hour + 300*time.Millisecond)
	go p.Move(time.Second - time.Hour)
	if err := p.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	n := 0
	for a, err := range o.Part.Answers() {
		if err != nil {
			t.Fatal(err)
		}
		n++
		at, moved := o.Plan[a.Request].At, time.Second-time.Hour
		if a.Request == 0 {
			if a.Moved > 0 || a.Moved < -300*time.Millisecond {
				t.Errorf("the first is moved by %s", a.Moved)
			}
			continue
		}
		if a.Status != 200 || a.Moved != moved || a.Sent < at+moved {
			t.Fatalf("request %d, planned at %s: %+v", a.Request, at, a)
		}
	}
	if n != len(o.Plan) || time.Duration(o.Live.Moved.Load()) != time.Second-time.Hour {
		t.Errorf("%d answers, moved by %d", n, o.Live.Moved.Load())
	}
}

func TestWhatWasRefusedAsEarlyIsSentAgain(t *testing.T) {
	const wait = 400 * time.Millisecond
	var refused atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/s" && refused.Add(1) <= 50 {
			w.WriteHeader(http.StatusTooEarly)
			fmt.Fprintf(w, `{"code":"too_early","received_at":"%d","opens_at":"%d"}`, 1_000_000, 1_000_000+int64(wait))
			return
		}
		parrot(w, r)
	}))
	defer server.Close()
	o := planned(t, 60, server)
	o.Plan[3].Kind = loadrun.Early
	p, err := o.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	o.Opening = clock.System{}.Now().Add(200 * time.Millisecond)
	if err := p.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	before, after := map[uint32]time.Duration{}, map[uint32]int{}
	for a, err := range o.Part.Answers() {
		switch {
		case err != nil:
			t.Fatal(err)
		case a.Failure == loadrun.Postponed:
			before[a.Request] = a.Done
			continue
		case a.Request == 3 && a.Status != http.StatusTooEarly:
			t.Errorf("one that is early on purpose was sent again: %+v", a)
		case a.Request != 3 && (a.Status != 200 || before[a.Request] > 0 && (a.Sent < before[a.Request]+wait || a.Moved < wait)):
			t.Errorf("refused at %s, then %+v", before[a.Request], a)
		}
		after[a.Request]++
	}
	if len(before) != 49 || len(after) != 60 {
		t.Errorf("%d were postponed, %d answered", len(before), len(after))
	}
}
