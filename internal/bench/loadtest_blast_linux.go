package bench

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/keys"
	"puntuale/internal/loadgen"
	"puntuale/internal/loadrun"
	traffic "puntuale/internal/profile"
)

// Blast is one generator in a process of its own: so many requests at an even
// rate over warm connections, or connections that are only held.
type Blast struct {
	Target   string
	CA       string // PEM of the authority; empty speaks plain HTTP
	Requests int
	Rate     float64
	Conns    int
	Dir      string
	Hold     time.Duration // sends nothing but pings, for so long
}

// Blasted is what a generator has measured of itself.
type Blasted struct {
	Rate       float64       // answers with status 200 per second of the plan
	Late50     time.Duration // the generator's own lateness
	Late99     time.Duration
	Starved    int64
	Unanswered int64
	Answered   int64
	Connected  int64
	PeakMiB    float64 // greatest resident size of this process so far
}

// blastEnvelopes is how many different envelopes are sent, again and again.
const blastEnvelopes = 4096

// Run prints a Blasted as JSON.
func (b *Blast) Run(ctx context.Context, w io.Writer) error {
	o, err := b.open(ctx)
	if err != nil {
		return err
	}
	ready, err := o.Connect(ctx)
	if err != nil {
		return err
	}
	var out Blasted
	if b.Hold > 0 {
		hold, cancel := context.WithTimeout(ctx, b.Hold)
		defer cancel()
		err = ready.Hold(hold)
		out.Connected = o.Live.Connected.Load()
	} else {
		o.Opening = o.Clock.Now().Add(500 * time.Millisecond)
		err = ready.Run(ctx)
	}
	if err != nil {
		return err
	}
	if err := b.count(o, &out); err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(out)
}

// open makes the plan as a run does, of a profile, and only spreads it evenly.
func (b *Blast) open(ctx context.Context) (*loadgen.Open, error) {
	p, err := traffic.Load("P1")
	if err != nil {
		return nil, err
	}
	p.Mix.Cut = 0
	scale := float64(b.Requests) / float64(len(p.Plan(traffic.Options{Scale: 0.01, Until: time.Hour}).Requests)) * 0.01
	plan := p.Plan(traffic.Options{Scale: scale * 1.01, Until: time.Hour, Seed: 1}).Requests
	plan = plan[:min(len(plan), b.Requests)]
	for i := range plan {
		plan[i].At = time.Duration(float64(i) / b.Rate * float64(time.Second))
	}
	part, err := loadrun.NewPart(b.Dir, 0)
	if err != nil {
		return nil, err
	}
	entries, err := b.envelopes(ctx, part, plan)
	if err != nil {
		return nil, err
	}
	o := &loadgen.Open{
		Part: part, Plan: plan, Entries: entries, Path: "/v1/s", Type: "application/octet-stream", Conns: b.Conns, Patience: 10 * time.Second,
		PingPath: "/ping", PingEvery: 20 * time.Second, Clock: clock.System{}, Targets: []loadgen.Target{{Addr: b.Target}},
	}
	if b.CA == "" {
		return o, nil
	}
	pem, err := os.ReadFile(b.CA)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	o.Targets[0].TLS = &tls.Config{RootCAs: roots, ServerName: "127.0.0.1", MinVersion: tls.VersionTLS13, ClientSessionCache: tls.NewLRUClientSessionCache(64)}
	return o, nil
}

// envelopes stores a few, and gives every envelope of the plan one of them.
func (b *Blast) envelopes(ctx context.Context, part *loadrun.Part, plan []loadrun.Request) ([]loadrun.Entry, error) {
	pool, err := loadgen.Prepare(ctx, loadgen.Recipe{
		Count: blastEnvelopes, Size: envelopeSize, TicketKey: make([]byte, 32), Day: day, Model: model, NotAfter: clock.System{}.Now().Add(time.Hour),
	})
	if err != nil {
		return nil, err
	}
	w, err := part.NewEnvelopeWriter()
	if err != nil {
		return nil, err
	}
	for i := range pool.Len() {
		w.Add(pool.Envelope(i), loadrun.Entry{Submission: pool.ID(i)})
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	few, err := part.Entries()
	if err != nil {
		return nil, err
	}
	last := uint32(0)
	for i := range plan {
		last = max(last, plan[i].Envelope)
	}
	entries := make([]loadrun.Entry, last+1)
	for i := range entries {
		entries[i] = few[i%len(few)]
		entries[i].Account = clickday.AccountID(i)
	}
	return entries, nil
}

// count reads what the generator has written.
func (b *Blast) count(o *loadgen.Open, out *Blasted) error {
	late := make([]time.Duration, 0, len(o.Plan))
	for a, err := range o.Part.Answers() {
		if err != nil {
			return err
		}
		if a.Status == 200 {
			out.Answered++
		} else {
			out.Unanswered++
		}
		if a.Starved {
			out.Starved++
		} else if a.Sent != loadrun.Never {
			late = append(late, a.Sent-o.Plan[a.Request].At)
		}
	}
	out.PeakMiB = peakMiB()
	if len(late) == 0 {
		return nil
	}
	slices.Sort(late)
	out.Late50, out.Late99 = late[len(late)/2], late[len(late)*99/100]
	out.Rate = float64(out.Answered) / float64(len(o.Plan)) * b.Rate
	return nil
}

// peakMiB is the greatest resident size that the kernel has seen; 0 if it does
// not say.
func peakMiB() float64 {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(b), "VmHWM:")
	line, _, _ := strings.Cut(rest, "kB")
	kib, err := strconv.ParseFloat(strings.TrimSpace(line), 64)
	if err != nil {
		return 0
	}
	return kib / 1024
}

// blastTLS makes the certificate of servers that only answer.
func blastTLS(dir string) (ca, cert, key string, err error) {
	err = keys.InitTLS(clock.System{}, dir, "127.0.0.1")
	return filepath.Join(dir, "ca.crt"), filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"), err
}
