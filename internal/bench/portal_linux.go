package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/forms"
	"puntuale/internal/installation"
	"puntuale/internal/postgres"
)

// The click day that drafts go to.
const (
	portalDay   clickday.DayID     = 1
	portalCode                     = "MISURA"
	portalModel clickday.ModelCode = "B"
)

// Targets of the portal.
const (
	formMax      = 25.0 // ms
	searchMax    = 60.0
	listMax      = 40.0
	syncMax      = 300.0
	firstPageMax = 250_000.0 // bytes
	importMin    = 1000.0    // rows a second
)

// PortalPlan says how the portal is measured.
type PortalPlan struct {
	Programs string // directory of the program portal
	Dir      string // where the database is kept for the next time; a temporary one if empty
	Accounts int
	Records  int // archived applications
	Rate     int // requests a second
	Lasting  time.Duration
	Warm     time.Duration // before it, not counted
	Visitors int           // accounts that have logged in
	Sealed   int           // applications of the sync
	Syncs    int
	Rows     int      // of a CSV import
	Chromium string   // program that loads the first page; looked for if empty
	Profile  string   // files for processor profiles of the portal begin so; none if empty
	Only     []string // form, search, list, mixed, sync, page, import; all if empty
	Untimed  bool     // figures of time have no target: for tests on busy machines
}

// portalBench is a running portal with its data.
type portalBench struct {
	plan   PortalPlan
	clock  clock.Clock
	rome   *time.Location
	models *forms.Catalogue
	in     *installation.Installation
	db     *postgres.DB
	world  *world
	people []*visitor
	say    func(string, ...any)
}

// Portal measures the real `portal serve` with PostgreSQL beside it, and prints
// every figure as it comes. Times are the portal's own, from its outermost
// handler to the first byte of the answer (header Server-Timing); p95 of clients,
// from the planned time of the request, stands beside them.
func Portal(ctx context.Context, plan PortalPlan, c clock.Clock, out, progress io.Writer) (err error) {
	b, err := openPortal(ctx, plan, c, progress)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	timed := func(target float64) *float64 {
		if plan.Untimed {
			return nil
		}
		return &target
	}
	parts := []struct {
		name string
		run  func() ([]Figure, error)
	}{
		{"form", func() ([]Figure, error) { return b.measure(ctx, "form_page", timed(formMax), b.formPage) }},
		{"search", func() ([]Figure, error) { return b.measure(ctx, "search", timed(searchMax), b.search) }},
		{"list", func() ([]Figure, error) { return b.measure(ctx, "list", timed(listMax), b.listPage) }},
		{"mixed", func() ([]Figure, error) { return b.measure(ctx, "mixed", nil, b.mixed) }},
		{"sync", func() ([]Figure, error) { return b.sync(ctx, timed(syncMax)) }},
		{"import", func() ([]Figure, error) { return b.imports(ctx, timed(importMin)) }},
		{"page", func() ([]Figure, error) { return b.firstPage(ctx) }},
	}
	short := false
	for _, part := range parts {
		if len(plan.Only) > 0 && !slices.Contains(plan.Only, part.name) {
			continue
		}
		b.say("%s", part.name)
		figures, err := part.run()
		if err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
		for i := range figures {
			short = short || !figures[i].OK()
			if err := figures[i].Write(out); err != nil {
				return err
			}
		}
	}
	if short {
		return ErrShort
	}
	return nil
}

func openPortal(ctx context.Context, plan PortalPlan, c clock.Clock, progress io.Writer) (*portalBench, error) {
	b := &portalBench{plan: plan, clock: c, world: newWorld(plan.Accounts, plan.Records)}
	begin := c.Now()
	b.say = func(format string, args ...any) {
		fmt.Fprintf(progress, "%6.1fs  "+format+"\n", append([]any{c.Now().Sub(begin).Seconds()}, args...)...)
	}
	var err error
	if b.rome, err = time.LoadLocation("Europe/Rome"); err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	if b.models, err = forms.Load(); err != nil {
		return nil, err
	}
	dir := plan.Dir
	if dir == "" {
		if dir, err = os.MkdirTemp("", "puntuale-bench-portal-"); err != nil {
			return nil, fmt.Errorf("bench: %w", err)
		}
	}
	// PostgreSQL runs as somebody else where we are root.
	if err = os.Chmod(dir, 0o755); err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	b.in, err = installation.Open(ctx, installation.Config{
		Bin: plan.Programs, Dir: dir, RedisURL: "redis://127.0.0.1:1", Output: progress, // nothing here needs Redis
	})
	if err != nil {
		return nil, err
	}
	if err := b.start(ctx); err != nil {
		return nil, errors.Join(err, b.close())
	}
	return b, nil
}

func (b *portalBench) start(ctx context.Context) error {
	var err error
	if b.db, err = postgres.Open(ctx, b.in.DatabaseURL); err != nil {
		return err
	}
	n, err := b.db.CountArchive(ctx)
	if err != nil {
		return err
	}
	switch n {
	case 0:
		err = b.world.fill(ctx, b.db, b.clock.Now(), b.say)
	case b.plan.Records:
		b.say("the database of the last time has %d archived applications", n)
		b.world.first, err = b.firstAccount(ctx)
	default:
		err = fmt.Errorf("bench: the database has %d archived applications, want %d: take another directory", n, b.plan.Records)
	}
	if err != nil {
		return err
	}
	now := b.clock.Now().UTC()
	err = b.in.Run(ctx, "portal", "day", "set", "--keys", filepath.Dir(b.in.KeyFile("x")), "--id", fmt.Sprint(portalDay), "--code", portalCode,
		"--title-it", "Misura", "--title-en", "Measurement", "--models", string(portalModel),
		"--opens", now.Add(12*time.Hour).Format(time.RFC3339), "--closes", now.Add(20*time.Hour).Format(time.RFC3339))
	if err != nil {
		return err
	}
	b.in.Portal.Args = append(b.in.Portal.Args, "--server-timing", "--log-level", "warn")
	if b.plan.Profile != "" {
		addr, err := freeAddress()
		if err != nil {
			return err
		}
		b.in.Portal.Args = append(b.in.Portal.Args, "--debug-listen", addr)
		if err := os.WriteFile(b.debugFile(), []byte(addr), 0o600); err != nil {
			return fmt.Errorf("bench: %w", err)
		}
	}
	if err := b.in.Portal.Start(); err != nil {
		return err
	}
	if err := b.in.AwaitPortal(ctx); err != nil {
		return err
	}
	b.say("%d accounts log in", b.plan.Visitors)
	b.people, err = b.visitors(ctx)
	return err
}

// debugFile has the debug address of the portal.
func (b *portalBench) debugFile() string { return b.in.KeyFile("debug.addr") }

// profile takes a processor profile while a part is measured, if one is wanted.
func (b *portalBench) profile(ctx context.Context, part string) func() error {
	done := make(chan error, 1)
	if b.plan.Profile == "" {
		close(done)
		return func() error { return <-done }
	}
	go func() {
		out, err := fetchProfile(ctx, b.debugFile())
		if err == nil {
			err = os.WriteFile(b.plan.Profile+"."+part, out, 0o644)
		}
		done <- err
	}()
	return func() error { return <-done }
}

// close stops everything and removes what nobody wants to keep.
func (b *portalBench) close() error {
	var err error
	if b.db != nil {
		b.db.Close()
	}
	dir := ""
	if b.in != nil {
		dir = filepath.Dir(filepath.Dir(b.in.KeyFile("x")))
		err = b.in.Close()
	}
	if b.plan.Dir == "" && dir != "" {
		err = errors.Join(err, os.RemoveAll(dir))
	}
	return err
}

// firstAccount is that of the database of the last time.
func (b *portalBench) firstAccount(ctx context.Context) (clickday.AccountID, error) {
	a, err := b.db.AccountByEmail(ctx, portalEmail(0))
	return a.ID, err
}
