//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/forms"
	"puntuale/internal/loadgen"
	"puntuale/internal/loadprep"
	"puntuale/internal/loadreport"
	"puntuale/internal/loadrun"
	"puntuale/internal/profile"
	"puntuale/internal/wire"
)

// runCmd plays a profile.
type runCmd struct {
	profileFlags
	siteFlags
	Dir         string        `help:"Run directory, made anew; loadtest-runs/<profile>-<time> if empty." type:"path"`
	Name        string        `help:"Of the run, for people."`
	Conns       int           `help:"Warm connections; as the profile says, at the scale, if 0."`
	Threads     int           `help:"Threads that send; one per processor if 0."`
	Patience    time.Duration `default:"30s" help:"How long an answer may take."`
	LatenessMax time.Duration `default:"10ms" help:"99th percentile of the generator's own lateness above which the run is void."`
	StarvedMax  float64       `default:"0.001" help:"Share of requests that may wait for a free connection of ours."`
	Lead        time.Duration `default:"5s" help:"With --own: from the last preparation to the first request."`
	goalFlags
	judgeFlags
	team *teamFlags `kong:"-"` // several generators; nil for this one alone
}

// run is one run in progress.
type run struct {
	*runCmd
	clk      clock.Clock
	profile  *profile.Profile
	plan     *profile.Plan
	site     *site
	open     *loadgen.Open
	manifest loadrun.Manifest
	models   []loadrun.ModelCount
	skew     time.Duration // between the clocks of several generators
}

const (
	connsMax = 18000 // of one generator: descriptors are limited
	pingMin  = 45 * time.Second
)

// Run prepares, sends, waits for receipts, judges and reports.
func (c *runCmd) Run(ctx context.Context, clk clock.Clock) error {
	if err := moreFiles(); err != nil {
		return err
	}
	r := &run{runCmd: c, clk: clk}
	var err error
	if r.profile, r.plan, err = c.load(); err != nil {
		return err
	}
	if err = r.directory(); err != nil {
		return err
	}
	say("Avvio… / Starting…")
	if r.site, err = c.siteFlags.open(ctx, clk, r.Dir, r.plan.Models); err != nil {
		return err
	}
	r.fit()
	outcome, err := r.play(ctx)
	if err = errors.Join(err, r.site.close()); err != nil {
		return err
	}
	return ended(outcome)
}

func (r *run) directory() error {
	now := r.clk.Now()
	if r.Name == "" {
		r.Name = fmt.Sprintf("%s × %s", r.profile.Name, fraction(r.Scale))
	}
	if r.Dir == "" {
		r.Dir = filepath.Join("loadtest-runs", strings.ToLower(r.profile.Name)+"-"+now.Format("20060102-150405"))
	}
	dir, err := filepath.Abs(r.Dir)
	if err != nil {
		return err
	}
	r.Dir = dir
	if _, err := os.Stat(filepath.Join(dir, "manifest.json")); err == nil {
		return fmt.Errorf("dir: %s holds a run already", dir)
	}
	return os.MkdirAll(dir, 0o755)
}

// fit keeps the models that the click day takes.
func (r *run) fit() {
	taken := make([]clickday.ModelCode, 0, len(r.site.day.Models))
	for _, code := range r.site.day.Models {
		taken = append(taken, clickday.ModelCode(code))
	}
	fits := profile.Within(r.profile.Mix.Models, taken)
	if maps.Equal(fits, r.profile.Mix.Models) {
		return
	}
	say("Il giorno accetta soltanto %v: la miscela è ridotta a questi modelli. / The day takes %v only: the mix is cut to these models.", taken, taken)
	r.profile.Mix.Models = fits
	r.plan.Draw(fits, r.Seed)
}

// fraction writes a scale as both languages do: 1/20, 3/1000, 2.
func fraction(scale float64) string {
	const parts = 1_000_000
	n := int64(math.Round(scale * parts))
	a, b := n, int64(parts)
	for b != 0 {
		a, b = b, a%b
	}
	if a == 0 || a == parts {
		return strconv.FormatInt(n/parts, 10)
	}
	return fmt.Sprintf("%d/%d", n/a, parts/a)
}

// play is everything from the preparation to the report.
func (r *run) play(ctx context.Context) (loadrun.Outcome, error) {
	part, err := r.whole()
	if err != nil {
		return "", err
	}
	if err := r.prepare(ctx, part); err != nil {
		return "", err
	}
	ready, err := r.assemble(ctx, part)
	if err != nil {
		return "", err
	}
	firstAt := r.plan.Requests[0].At
	r.open.Opening, err = r.site.opening(ctx, r.clk.Now().Add(r.Lead-min(0, firstAt)))
	if err != nil {
		return "", errors.Join(err, ready.Close())
	}
	if err := r.describe(); err != nil {
		return "", errors.Join(err, ready.Close())
	}
	say("Apertura / opening: %s", r.open.Opening.Local().Format("15:04:05.000"))
	if err := r.sending(ctx, ready); err != nil {
		return "", err
	}
	return r.conclude(ctx)
}

// prepare makes envelopes and stores what the installation must know.
func (r *run) prepare(ctx context.Context, part *loadrun.Part) error {
	models, err := forms.Load()
	if err != nil {
		return err
	}
	say("Preparazione di %d domande… / Preparing %d applications…", len(r.plan.Of), len(r.plan.Of))
	now := r.clk.Now()
	r.models, err = loadprep.Prepare(ctx, r.plan, loadprep.Kit{
		Run: now.UTC().Format("20060102150405.000000"), Day: r.site.dayID(), TicketID: r.site.tickets.Current,
		TicketKey: r.site.tickets.TicketKey(r.site.tickets.Current), NotAfter: r.site.day.Closes.Add(time.Hour),
		Now: now, Seed: r.Seed, Models: models, Store: r.site.db, Progress: progressOf(len(r.plan.Of)),
	}, part)
	if err != nil {
		return err
	}
	if err := part.WritePlan(r.plan.Requests); err != nil {
		return err
	}
	entries, err := part.Entries()
	if err != nil {
		return err
	}
	r.open = &loadgen.Open{
		Part: part, Plan: r.plan.Requests, Entries: entries, Path: wire.PathSubmit, Type: wire.TypeEnvelope, Targets: r.site.targets,
		Conns: r.conns(), Threads: r.Threads, Patience: r.Patience, PingEvery: pingMin,
		PingPath: wire.PathTime + "?nonce=" + strings.Repeat("00", wire.NonceSize), Clock: r.clk,
	}
	return nil
}

// conns is how many connections stand when the profile opens, at the scale, and
// no fewer than the busiest tenth of a second needs.
func (r *run) conns() int {
	if r.Conns > 0 {
		return r.Conns
	}
	return min(connsMax, max(64, int(float64(r.profile.Connected)*r.Scale), r.plan.Summarise().Peak100))
}

func (r *run) connect(ctx context.Context) (*loadgen.Prepared, error) {
	say("Apertura di %d connessioni… / Opening %d connections…", r.open.Conns, r.open.Conns)
	return r.open.Connect(ctx)
}

// describe writes the manifest before anything is sent, so that a run that is
// cut short can be read too.
func (r *run) describe() error {
	text, err := json.Marshal(r.profile)
	if err != nil {
		return err
	}
	s := r.plan.Summarise()
	r.manifest = loadrun.Manifest{
		Name: r.Name, Profile: text, Scale: r.Scale, Seed: r.Seed, Opening: r.open.Opening.UnixNano(),
		Day: r.site.dayID(), DayCode: r.site.day.Code, Target: r.site.manifest, Own: r.site.ownFacts, Machine: machine(),
		Bounds: loadrun.Bounds{Lateness: r.LatenessMax, StarvedShare: r.starvedMax(), Skew: r.skew, Patience: r.Patience},
		Counts: loadrun.Counts{
			Requests: s.Requests, Envelopes: len(r.plan.Of), Applications: s.Applications, Senders: s.Senders,
			Connections: r.open.Conns, Kinds: s.KindCounts(), Models: r.models,
		},
		Started: r.clk.Now(),
	}
	return r.manifest.Write(r.Dir)
}

// sending runs the plan beside the sampler and the line on the terminal, then
// waits for the receipts.
func (r *run) sending(ctx context.Context, ready firing) error {
	s, err := newSampler(r)
	if err != nil {
		return errors.Join(err, ready.Close())
	}
	watched, stop := context.WithCancel(ctx)
	sampled := make(chan error, 1)
	go func() { sampled <- s.watch(watched) }()
	shown := make(chan struct{})
	sendOnly, sent := context.WithCancel(ctx)
	go func() {
		defer close(shown)
		loadreport.Progress{Out: os.Stderr, Live: &r.open.Live, Requests: len(r.plan.Requests), Opening: r.open.Opening,
			Last: r.plan.Requests[len(r.plan.Requests)-1].At, Clock: r.clk}.Run(sendOnly)
	}()
	followed := r.following(watched, ready)
	faulted := r.site.faults.begin(watched, r.clk, r.open.Opening)
	err = ready.Run(ctx)
	sent()
	followed()
	<-shown
	notes, ferr := faulted()
	r.manifest.Notes, err = append(r.manifest.Notes, notes...), errors.Join(err, ferr)
	if err == nil && r.site.db != nil {
		say("In attesa delle ricevute… / Waiting for the receipts…")
		s.settle(ctx, r.Settle)
	}
	stop()
	return errors.Join(err, <-sampled)
}

// conclude judges and writes the report.
func (r *run) conclude(ctx context.Context) (loadrun.Outcome, error) {
	found, err := loadreport.Analyse(r.Dir)
	if err != nil {
		return "", err
	}
	r.manifest.Quality, r.manifest.Ended = found.Quality(), r.clk.Now()
	if err := r.manifest.Write(r.Dir); err != nil {
		return "", err
	}
	say("Verifica… / Judging…")
	if _, err := judge(ctx, r.clk, r.Dir, &r.goalFlags, &r.judgeFlags); err != nil {
		return "", err
	}
	if found, err = loadreport.Analyse(r.Dir); err != nil {
		return "", err
	}
	if err := found.Write(r.Dir); err != nil {
		return "", err
	}
	found.Summary(os.Stdout)
	fmt.Println(filepath.Join(r.Dir, "report.html"))
	return found.Outcome, nil
}
