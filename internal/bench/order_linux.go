package bench

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/keys"
	"puntuale/internal/loadgen"
	"puntuale/internal/wire"
)

const (
	patience = 20 * time.Second
	settle   = 6 * time.Second // for freed memory to go back to the system
)

// Arrivals is one paced run against the intake over warm TLS connections.
type Arrivals struct {
	Rate     float64
	Sent     int
	Lost     int // without an acknowledgement, or acknowledged and not in the journal
	Kernel   Disorder
	Handlers Disorder // by the order in which the intake's handlers got to them
	Source   map[clickday.StampSource]int
	Latency  loadgen.Histogram // from the planned time to the acknowledgement
}

// tlsConfig trusts the authority of the ground only.
func (g *Ground) tlsConfig() (*tls.Config, error) {
	b, err := os.ReadFile(filepath.Join(g.keys(), keys.CAFile))
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(b) {
		return nil, errors.New("bench: no certificate in " + keys.CAFile)
	}
	return &tls.Config{RootCAs: roots, ServerName: "127.0.0.1", MinVersion: tls.VersionTLS13}, nil
}

// warmTLS opens connections that have asked the time once, as clients do.
func (g *Ground) warmTLS(ctx context.Context, addr string, conns int) (*loadgen.Session, error) {
	config, err := g.tlsConfig()
	if err != nil {
		return nil, err
	}
	ask := loadgen.Head("GET", wire.PathTime+"?nonce="+strings.Repeat("00", wire.NonceSize), "", -1)
	return loadgen.Dial(ctx, addr, conns, config, ask)
}

// Order sends count envelopes at a rate over warm TLS connections, from one
// sender in a process of its own, which is this one.
func (g *Ground) Order(ctx context.Context, conns, count int, rate float64) (a *Arrivals, err error) {
	p, err := g.StartIntake(ctx, true)
	if err != nil {
		return nil, err
	}
	a, acked, err := g.order(ctx, p, conns, count, rate)
	if err = errors.Join(err, p.Stop()); err != nil {
		return nil, err
	}
	stamps, err := g.readJournal(p.Journal)
	if err != nil {
		return nil, err
	}
	for id, s := range acked {
		if have, ok := stamps[id]; !ok || have != s {
			a.Lost++
		}
	}
	return a, p.Remove()
}

func (g *Ground) order(ctx context.Context, p *Peer, conns, count int, rate float64) (*Arrivals, map[clickday.SubmissionID]clickday.Stamp, error) {
	session, err := g.warmTLS(ctx, p.Addr, conns)
	if err != nil {
		return nil, nil, err
	}
	paced := loadgen.Paced{
		Session: session, Head: p.Head, Pool: g.Pool, Count: count, Rate: rate, Patience: patience, Clock: g.Clock,
	}
	replies, err := paced.Run(ctx)
	if err != nil {
		return nil, nil, err
	}
	a := &Arrivals{Rate: rate, Sent: count, Source: map[clickday.StampSource]int{}}
	acked := make(map[clickday.SubmissionID]clickday.Stamp, count)
	var kernel, handlers []int64
	for i := range replies {
		r := &replies[i]
		ack, err := wire.ParseAcknowledgement(r.Body)
		if err == nil {
			err = ack.Check(g.Pool.ID(i), g.Node)
		}
		if r.Status != 200 || err != nil {
			a.Lost++
			continue
		}
		a.Latency.Add(r.Latency)
		a.Source[ack.Leaf.Stamp.Source]++
		acked[ack.Leaf.ID] = ack.Leaf.Stamp
		kernel = append(kernel, ack.Leaf.Stamp.UnixNano)
		handlers = append(handlers, int64(ack.Leaf.Stamp.Sequence))
	}
	a.Kernel, a.Handlers = disorder(kernel), disorder(handlers)
	return a, acked, nil
}

// IdleMemory returns what one idle warm TLS connection costs the intake, in
// bytes of resident memory: the growth from no connection to conns of them.
func (g *Ground) IdleMemory(ctx context.Context, conns int) (perConn float64, err error) {
	p, err := g.StartIntake(ctx, true)
	if err != nil {
		return 0, err
	}
	perConn, err = g.idleMemory(ctx, p, conns)
	return perConn, errors.Join(err, p.Stop(), p.Remove())
}

func (g *Ground) idleMemory(ctx context.Context, p *Peer, conns int) (float64, error) {
	before, err := settled(ctx, p)
	if err != nil {
		return 0, err
	}
	session, err := g.warmTLS(ctx, p.Addr, conns)
	if err != nil {
		return 0, err
	}
	after, err := settled(ctx, p)
	return float64(after-before) / float64(conns), errors.Join(err, session.Close())
}

// settled has the intake collect its garbage and returns its memory a while later.
func settled(ctx context.Context, p *Peer) (int64, error) {
	if _, err := get(ctx, "http://"+p.Admin+"/debug/pprof/heap?gc=1"); err != nil {
		return 0, err
	}
	select {
	case <-time.After(settle):
		return residentBytes(p.program.PID())
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}
