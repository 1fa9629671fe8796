package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/devstack"
	"puntuale/internal/forms"
	"puntuale/internal/forms/sample"
	"puntuale/internal/keys"
	"puntuale/internal/portal/timetable"
	"puntuale/internal/postgres"
	"puntuale/internal/postgres/listtest"
)

const (
	listDay    = "LISTE-2026"
	listChunk  = 10_000
	listPlaces = "nationality,sector,province,places\nMA,any,any,9000\nMA,any,NA,4000\nBD,any,any,12000\nEG,any,any,8000\nany,construction,any,7000\nany,any,MI,3000\nany,any,any,9080\n"
)

// registerLists publishes the final list of a click day with the operator's own
// program: quotas, allocation, CSV, sealed PDF, all of it stored.
func registerLists(ctx context.Context, plan RegisterPlan, w io.Writer) (err error) {
	dir, err := os.MkdirTemp(plan.Dir, "puntuale-lists-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	pg, err := devstack.StartPostgres(ctx, devstack.Options{Dir: filepath.Join(dir, "postgres")})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pg.Stop()) }()
	db, err := postgres.Open(ctx, pg.URL)
	if err != nil {
		return err
	}
	defer db.Close()
	l := &listBench{plan: plan, dir: dir, url: pg.URL, db: db, clock: clock.System{}}
	if err := l.prepare(ctx); err != nil {
		return err
	}
	return l.measure(ctx, w)
}

type listBench struct {
	plan  RegisterPlan
	dir   string
	url   string
	db    *postgres.DB
	clock clock.Clock
}

// prepare makes a click day that is over, with its submissions decided.
func (l *listBench) prepare(ctx context.Context) (err error) {
	if err := l.db.Migrate(ctx); err != nil {
		return err
	}
	day, err := l.openDay(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintln(l.plan.Log, "sealing and numbering", l.plan.Records, "applications for a list")
	var f failure
	defer f.recover(&err)
	listtest.Node(&f, l.db)
	account := listtest.Account(&f, l.db, "patronato@example.it")
	rnd := rand.New(rand.NewPCG(1, 2))
	answers := someAnswers(rnd)
	for from := 0; from < l.plan.Records; from += listChunk {
		sent := make([]listtest.Sent, min(listChunk, l.plan.Records-from))
		for i := range sent {
			n := from + i
			at := day.OpensAt().Add(time.Duration(float64(n) / float64(l.plan.Records) * float64(30*time.Minute)))
			sent[i] = listtest.Sent{Answers: answers[rnd.IntN(len(answers))], Account: account, Arrived: at}
			if n%50 == 17 {
				sent[i].Refused = clickday.CodeDocument
			}
		}
		listtest.Send(&f, l.db, day, uint64(from), sent)
	}
	listtest.Number(&f, l.db, l.clock.Now())
	listtest.Reveal(&f, l.db, day, l.clock.Now())
	_, err = l.db.Pool.Exec(ctx, "ANALYZE")
	return errors.Join(err, ctx.Err())
}

// openDay makes keys and the calendar.
func (l *listBench) openDay(ctx context.Context) (*clickday.Day, error) {
	err := errors.Join(keys.Init(l.dir, 1), keys.InitSeal(l.clock, l.dir, "Ente di prova"), keys.InitLedger(l.dir, "bench.example/ledger"))
	if err != nil {
		return nil, err
	}
	if l.db.Ledger, err = keys.ReadLedgerSigner(filepath.Join(l.dir, keys.LedgerKeyFile)); err != nil {
		return nil, err
	}
	key, err := keys.ReadPrivate(filepath.Join(l.dir, keys.CalendarKeyFile))
	if err != nil {
		return nil, err
	}
	opens, closes := l.clock.Now().Add(-2*time.Hour), l.clock.Now().Add(-time.Hour)
	cal, _, err := timetable.Set(ctx, l.db, key, l.clock, &timetable.Change{
		ID: 1, Code: listDay, TitleIT: "Giornata di misura", TitleEN: "Day of a measurement", Models: []clickday.ModelCode{"B"},
		Opens: &opens, Closes: &closes,
	})
	if err != nil {
		return nil, err
	}
	return cal.Day(1), nil
}

// someAnswers are a thousand applications, which stand for all.
func someAnswers(rnd *rand.Rand) []forms.Answers {
	out := make([]forms.Answers, 1000)
	for i := range out {
		out[i] = sample.ModelB(rnd, sample.Any)
	}
	return out
}

func (l *listBench) measure(ctx context.Context, w io.Writer) error {
	quotas := filepath.Join(l.dir, "quote.csv")
	if err := os.WriteFile(quotas, []byte(listPlaces), 0o600); err != nil {
		return err
	}
	document := filepath.Join(l.dir, "regole.md")
	if err := os.WriteFile(document, []byte("# Regole\n"), 0o600); err != nil {
		return err
	}
	if _, err := l.portal(ctx, "quota", "set", "--keys", l.dir, "--day", listDay, "--file", quotas, "--document", document,
		"--rule", "chronological reallocate=province+sector+nationality", "--operator", "bench", "--reason", "bench"); err != nil {
		return err
	}
	began := l.clock.Now()
	usage, err := l.portal(ctx, "list", "publish", "--keys", l.dir, "--day", listDay, "--final", "--operator", "bench")
	if err != nil {
		return err
	}
	took := l.clock.Now().Sub(began)
	list, err := l.db.List(ctx, listDay, 1)
	if err != nil {
		return err
	}
	var size int64
	for _, f := range list.Files {
		size += f.Size
	}
	if list.Summary.Leaves != int64(l.plan.Records) || !list.Summary.Decided {
		return fmt.Errorf("the list has %d rows of %d", list.Summary.Leaves, l.plan.Records)
	}
	return write(w,
		plain("register: final list published, places allocated, CSV and sealed PDF stored", took.Seconds(), "s"),
		plain("register: rows of that list", float64(list.Summary.Leaves), ""),
		plain("register: files of that list", float64(len(list.Files)), ""),
		plain("register: bytes of these files", float64(size)/1e6, "MB"),
		plain("register: largest resident memory of the program that published it", float64(usage.Maxrss)/(1<<10), "MiB"), // Linux counts KiB
		plain("register: processor time of that program", (time.Duration(usage.Utime.Nano())+time.Duration(usage.Stime.Nano())).Seconds(), "s"),
	)
}

// portal runs the operator's program and returns what it used.
func (l *listBench) portal(ctx context.Context, args ...string) (*syscall.Rusage, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(filepath.Dir(l.plan.Program), "portal"), args...)
	cmd.Env = append(os.Environ(), "DATABASE_URL="+l.url)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("portal %s: %w\n%s", args[0], err, out)
	}
	fmt.Fprintf(l.plan.Log, "%s", out)
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return nil, errors.New("no account of the process")
	}
	return usage, nil
}

// failure takes the part of a test for package listtest.
type failure struct{ err error }

func (f *failure) Helper() {}

func (f *failure) Fatal(args ...any) { f.fail(errors.New(fmt.Sprint(args...))) }

func (f *failure) Fatalf(format string, args ...any) { f.fail(fmt.Errorf(format, args...)) }

func (f *failure) fail(err error) {
	f.err = err
	panic(f)
}

// recover turns a failure into an error.
func (f *failure) recover(err *error) {
	if r := recover(); r == any(f) {
		*err = f.err
	} else if r != nil {
		panic(r)
	}
}
