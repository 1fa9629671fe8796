package bench

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/keys"
	"puntuale/internal/loadgen"
	"puntuale/internal/wire"
)

const (
	day          clickday.DayID     = 1
	model        clickday.ModelCode = "B"
	node         clickday.NodeID    = 1
	envelopeSize                    = 1024
	dayLasts                        = 24 * time.Hour
)

// Ground is what the servers of one measurement stand on. Every start of an
// intake on it begins with an empty journal.
type Ground struct {
	Intake string // path of the program
	Self   string // path of this program, which is the "ok" server too
	Clock  clock.Clock
	Pool   *loadgen.Pool
	Node   ed25519.PublicKey // checks acknowledgements

	dir      string
	calendar []byte // signed
	runs     int
}

// NewGround makes keys, a calendar that is open now, and count envelopes, in a
// directory of its own below parent.
func NewGround(ctx context.Context, parent, intake, self string, count int) (*Ground, error) {
	dir, err := os.MkdirTemp(parent, "puntuale-bench-")
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	g := &Ground{Intake: intake, Self: self, Clock: clock.System{}, dir: dir}
	if err := g.prepare(ctx, count); err != nil {
		return nil, errors.Join(err, g.Close())
	}
	return g, nil
}

// Close removes everything.
func (g *Ground) Close() error { return os.RemoveAll(g.dir) }

func (g *Ground) keys() string { return filepath.Join(g.dir, "keys") }

func (g *Ground) prepare(ctx context.Context, count int) error {
	if err := errors.Join(keys.Init(g.keys(), node), keys.InitTLS(g.Clock, g.keys(), "127.0.0.1")); err != nil {
		return err
	}
	signer, err := keys.ReadPrivate(filepath.Join(g.keys(), keys.CalendarKeyFile))
	if err != nil {
		return err
	}
	now := g.Clock.Now()
	if g.calendar, err = wire.SealCalendar(&clickday.Calendar{
		Version: 1, IssuedAt: now.UnixNano(),
		Days: []clickday.Day{{
			ID: day, Code: "BENCH", TitleIT: "Misura", TitleEN: "Measurement", Models: []clickday.ModelCode{model},
			Prepare: now.Add(-3 * time.Hour).UnixNano(), Sync: now.Add(-2 * time.Hour).UnixNano(),
			Opens: now.Add(-time.Hour).UnixNano(), Closes: now.Add(dayLasts).UnixNano(), State: clickday.DayScheduled,
		}},
	}, signer); err != nil {
		return fmt.Errorf("bench: calendar: %w", err)
	}
	if g.Node, err = keys.ReadPublic(filepath.Join(g.keys(), keys.NodePubFile(node))); err != nil {
		return err
	}
	ring, err := keys.ReadTicketKeys(filepath.Join(g.keys(), keys.TicketFile))
	if err != nil {
		return err
	}
	g.Pool, err = loadgen.Prepare(ctx, loadgen.Recipe{
		Count: count, Size: envelopeSize, TicketID: ring.Current, TicketKey: ring.Keys[ring.Current],
		Day: day, Model: model, NotAfter: now.Add(dayLasts),
	})
	return err
}

// fresh makes an empty directory for one server.
func (g *Ground) fresh(name string) (string, error) {
	g.runs++
	dir := filepath.Join(g.dir, fmt.Sprintf("%s-%d", name, g.runs))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("bench: %w", err)
	}
	return dir, nil
}
