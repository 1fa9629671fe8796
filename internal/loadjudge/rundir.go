package loadjudge

import (
	"bytes"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/loadrun"
	"puntuale/internal/wire"
)

// OpenRun reads what the generators of a run have left: every attempt, their
// figures, and why the run is void if it is.
func OpenRun(dir string) (*Evidence, *loadrun.Manifest, error) {
	m, err := loadrun.ReadManifest(dir)
	if err != nil {
		return nil, nil, err
	}
	parts, err := loadrun.Parts(dir)
	if err != nil {
		return nil, m, err
	}
	r := &runReader{m: m, e: &Evidence{Openings: m.Openings, Skew: m.Bounds.Skew}}
	for i, p := range parts {
		if err := r.part(uint16(i), p); err != nil {
			return nil, m, err
		}
	}
	r.figures()
	for _, v := range m.Quality.Void {
		it, en, both := strings.Cut(v, " / ") // as Quality writes it
		if !both {
			en = it
		}
		r.e.Voids = append(r.e.Voids, clickday.Text{IT: it, EN: en})
	}
	if q := m.Quality.Lateness99; m.Bounds.Lateness > 0 && q > m.Bounds.Lateness && len(m.Quality.Void) == 0 {
		r.void("Il generatore era in ritardo: %s.", "The generator was late by %s.", q)
	}
	return r.e, m, nil
}

type runReader struct {
	m         *loadrun.Manifest
	e         *Evidence
	latencies []time.Duration
	first     time.Duration // planned instant of the first request that was to be accepted
	last      time.Duration // when the last acknowledgement was there
	unsent    int
}

func (r *runReader) void(it, en string, args ...any) {
	r.e.Voids = append(r.e.Voids, clickday.Text{IT: fmt.Sprintf(it, args...), EN: fmt.Sprintf(en, args...)})
}

func (r *runReader) part(generator uint16, p *loadrun.Part) error {
	plan, err := p.Plan()
	if err != nil {
		return err
	}
	entries, err := p.Entries()
	if err != nil {
		return err
	}
	answered, answers, before := make([]bool, len(plan)), 0, r.unsent
	for a, err := range p.Answers() {
		if err != nil {
			return err
		}
		postponed := a.Failure == loadrun.Postponed
		if int(a.Request) >= len(plan) || answered[a.Request] || int(plan[a.Request].Envelope) >= len(entries) {
			return fmt.Errorf("loadjudge: %s: answer to request %d, which is not in the plan or was answered before", p.Dir, a.Request)
		}
		if !postponed {
			answered[a.Request] = true
			answers++
		}
		r.answer(generator, &plan[a.Request], &entries[plan[a.Request].Envelope], &a)
	}
	if missing := len(plan) - answers; missing > 0 {
		r.void("Mancano %d esiti su %d richieste.", "%d outcomes of %d requests are missing.", missing, len(plan))
	}
	if n := r.unsent - before; n > 0 {
		r.void("%d richieste su %d non sono partite.", "%d of %d requests were never sent.", n, len(plan))
	}
	return nil
}

// answer adds one attempt. What was never sent is none.
func (r *runReader) answer(generator uint16, q *loadrun.Request, of *loadrun.Entry, a *loadrun.Answer) {
	if a.Failure == loadrun.Unsent || a.Sent == loadrun.Never {
		if a.Failure == loadrun.Unsent {
			r.unsent++
		}
		return // the connection could not be opened: nothing left us
	}
	t := Attempt{Submission: of.Submission, Application: of.Application, Generator: generator, Bad: q.Kind == loadrun.Bad, Sent: r.m.Opening + int64(a.Sent)}
	if a.Failure == loadrun.Answered || a.Failure == loadrun.Postponed {
		t.Answered = r.m.Opening + int64(a.Done)
		t.classify(int(a.Status), a.Body)
	}
	if t.Answer == Acknowledged {
		due := q.At + a.Moved
		r.latencies = append(r.latencies, a.Done-due)
		r.first, r.last = min(r.first, due), max(r.last, a.Done)
		if len(r.latencies) == 1 {
			r.first = due
		}
	}
	r.e.Attempts = append(r.e.Attempts, t)
}

// classify reads an answer as docs/protocol.md says: what the node itself could
// not bring to an end may have been stored.
func (t *Attempt) classify(status int, body []byte) {
	if status == http.StatusOK {
		t.Answer, t.Ack = Acknowledged, bytes.Clone(body)
		return
	}
	p := wire.ParseProblem(body)
	t.Code, t.ReceivedAt, t.OpensAt = p.Code, p.ReceivedAt, p.OpensAt
	switch {
	case p.Code == clickday.CodeTooEarly:
		t.Answer = TooEarly
	case status >= 400 && status < 500, p.Code == clickday.CodeSuspended, p.Code == clickday.CodeClockNotTrusted:
		t.Answer = Refused
	default:
		t.Answer = NoAnswer
	}
}

// figures are exact: all latencies are there.
func (r *runReader) figures() {
	n := len(r.latencies)
	if n == 0 {
		return
	}
	slices.Sort(r.latencies)
	quantile := func(q float64) time.Duration { return r.latencies[min(n-1, int(math.Ceil(q*float64(n)))-1)] }
	f := &r.e.Figures
	*f = Figures{P50: quantile(0.5), P99: quantile(0.99), P999: quantile(0.999), Max: r.latencies[n-1], Measured: true}
	if span := r.last - r.first; span > 0 {
		f.Accepted = float64(n) / span.Seconds()
	}
}
