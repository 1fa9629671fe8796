package bench

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"puntuale/internal/loadgen"
	"puntuale/internal/wire"
)

const (
	unitRequests   = 40000
	unitRate       = 8000 // a second; batches are as large plain as over TLS
	unitConns      = 500
	unitTurns      = 3
	unitHandshakes = 2000
	unitDialers    = 16
)

// Units are costs of the intake in µs of processor time, which `loadtest size`
// computes with.
type Units struct {
	TLS       float64 // of a submission on a warm TLS connection, beyond plain
	Handshake float64 // of a whole TLS handshake, connection and all
}

// units measures them with the real intake: the same submissions at the same
// rate, plain and over TLS in turn, then handshakes that resume nothing.
func (r *loadtestRun) units(ctx context.Context) error {
	g, err := NewGround(ctx, r.Dir, filepath.Join(filepath.Dir(r.Self), "intake"), r.Self, unitRequests)
	if err != nil {
		return err
	}
	u, err := r.unitCosts(ctx, g)
	if err = errors.Join(err, g.Close()); err != nil {
		return err
	}
	err = write(r.out, plain("loadtest_unit_tls_of_a_submission", u.TLS, "µs"), plain("loadtest_unit_tls_handshake", u.Handshake, "µs"))
	if err == nil && r.Measured != nil {
		err = r.Measured(u)
	}
	return err
}

func (r *loadtestRun) unitCosts(ctx context.Context, g *Ground) (*Units, error) {
	var differences, handshakes []float64
	for i := range unitTurns {
		var each [2]float64
		for at, secure := range []bool{false, true} {
			cost, handshake, err := g.unit(ctx, secure)
			if err != nil {
				return nil, err
			}
			each[at] = cost
			if secure {
				handshakes = append(handshakes, handshake)
			}
		}
		fmt.Fprintf(r.out, "# unit costs, turn %d: %.1f µs plain, %.1f µs over TLS, %.0f µs for a handshake\n", i+1, each[0], each[1], handshakes[i])
		differences = append(differences, each[1]-each[0])
	}
	return &Units{TLS: median(differences), Handshake: median(handshakes)}, nil
}

// unit is what one submission costs an intake, and one handshake if it speaks
// TLS.
func (g *Ground) unit(ctx context.Context, secure bool) (each, handshake float64, err error) {
	p, err := g.StartIntake(ctx, secure)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, p.Stop()) }()
	var config *tls.Config
	if secure {
		if config, err = g.tlsConfig(); err != nil {
			return 0, 0, err
		}
	}
	ask := loadgen.Head("GET", wire.PathTime+"?nonce="+strings.Repeat("00", wire.NonceSize), "", -1)
	session, err := loadgen.Dial(ctx, p.Addr, unitConns, config, ask)
	if err != nil {
		return 0, 0, err
	}
	paced := loadgen.Paced{Session: session, Head: p.Head, Pool: g.Pool, Count: unitRequests, Rate: unitRate, Patience: 30 * time.Second, Clock: g.Clock}
	each, err = g.spent(p, unitRequests, func() error {
		replies, err := paced.Run(ctx)
		for i := range replies {
			if replies[i].Status != 200 && err == nil {
				err = fmt.Errorf("bench: submission %d is answered with status %d", i, replies[i].Status)
			}
		}
		return err
	})
	if err != nil || !secure {
		return each, 0, err
	}
	handshake, err = g.spent(p, unitHandshakes, func() error { return handshakes(ctx, p.Addr, config) })
	return each, handshake, err
}

// spent is the processor time of an intake for each of n things, in µs.
func (g *Ground) spent(p *Peer, n int, do func() error) (float64, error) {
	before, err := cpuTime(p.program.PID())
	if err == nil {
		err = do()
	}
	after, terr := cpuTime(p.program.PID())
	return float64((after - before).Microseconds()) / float64(n), errors.Join(err, terr)
}

// handshakes opens connections and closes them again.
func handshakes(ctx context.Context, addr string, config *tls.Config) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(unitDialers)
	dialer := &tls.Dialer{Config: config}
	for range unitHandshakes {
		group.Go(func() error {
			c, err := dialer.DialContext(ctx, "tcp", addr)
			if err != nil {
				return fmt.Errorf("bench: handshake: %w", err)
			}
			return c.Close()
		})
	}
	return group.Wait()
}
