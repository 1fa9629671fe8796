package bench

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"puntuale/internal/accounts"
	"puntuale/internal/archive"
	"puntuale/internal/clickday"
	"puntuale/internal/forms"
	"puntuale/internal/forms/sample"
	"puntuale/internal/postgres"
)

const (
	portalPassword = "corretto cavallo"
	// associations are one account in fifty, and have sent half of everything:
	// of 543,848 applications of 2007 they sent 53 %.
	associationEvery = 50
	associationShare = 53 // per cent
	fillChunk        = 10_000
	// mixes are how many people there are to make records of; each record takes
	// its worker from one of them and its employer from another.
	mixes = 4000
	// fieldsKept are the answers that a file of an earlier year has.
	firstYear = 2007
	lastYear  = 2026
)

var fieldsKept = []string{
	"worker_surname", "worker_name", "worker_birth_date", "worker_passport", "worker_citizenship", "worker_city",
	"contract_task", "contract_ccnl", "workplace_address", "workplace_place", "employer_tax_code", "company_name", "company_tax_code", "employer_pec",
}

// world is what the archive is made of: the same for the same numbers.
type world struct {
	accounts, records int
	first             clickday.AccountID
	people            []forms.Answers
}

func newWorld(accounts, records int) *world {
	w := &world{accounts: accounts, records: records, people: make([]forms.Answers, min(mixes, max(records, 10)))}
	for i := range w.people {
		w.people[i] = sample.ModelB(sample.New(uint64(i)), sample.Any)
	}
	return w
}

func (w *world) associations() int { return max(w.accounts/associationEvery, 1) }

// account is the i-th one; the associations come first.
func (w *world) account(i int, hash string, now time.Time) accounts.Account {
	a := accounts.Account{
		Kind: accounts.Person, Email: portalEmail(i), PasswordHash: hash, Name: w.people[i%len(w.people)]["worker_surname"],
		TaxCode: fmt.Sprintf("BENCH%011d", i), CreatedAt: now,
	}
	if i < w.associations() {
		a.Kind = accounts.Intermediary
	}
	return a
}

func portalEmail(i int) string { return fmt.Sprintf("bench%d@example.it", i) }

// owner is the account of a record: half of all belong to associations, and of
// those a few have very many.
func (w *world) owner(r *rand.Rand) int {
	many := w.associations()
	if r.IntN(100) < associationShare || many == w.accounts {
		return int(float64(many) * math.Pow(r.Float64(), 3))
	}
	return many + r.IntN(w.accounts-many)
}

// record is the i-th archived application.
func (w *world) record(i int) archive.Record {
	r := rand.New(rand.NewPCG(uint64(i), 0x617263686976696f))
	owner := w.owner(r)
	worker, employer := w.people[r.IntN(len(w.people))], w.people[r.IntN(len(w.people))]
	year := firstYear + r.IntN(lastYear-firstYear)
	rec := archive.Record{
		Account: w.first + clickday.AccountID(owner), Source: "BENCH", Reference: strconv.Itoa(i), Year: year, Day: fmt.Sprintf("Decreto flussi %d", year),
		Model: []clickday.ModelCode{"A", "B", "C-STAG", "VA"}[r.IntN(4)], State: archive.States[r.IntN(4)], Number: fmt.Sprintf("K-%d/%07d", year, i),
		SentAt:   time.Date(year, 3, 1+r.IntN(28), 8, 0, 0, 0, time.UTC).Add(time.Duration(r.Int64N(int64(2*time.Hour))) / 1000 * 1000),
		Employer: employer["company_name"], Worker: worker["worker_surname"] + " " + worker["worker_name"], Nationality: worker["worker_citizenship"],
		Answers: make(map[string]string, len(fieldsKept)),
	}
	if rec.Employer == "" {
		rec.Employer = employer["employer_surname"] + " " + employer["employer_name"]
	}
	for k, id := range fieldsKept {
		from := worker
		if k > 7 {
			from = employer
		}
		if v := from[id]; v != "" {
			rec.Answers[id] = v
		}
	}
	rec.Answers["worker_passport"] = fmt.Sprintf("AB%07d", i) // one's own
	rec.ID = archive.IDOf(rec.Source, rec.Reference)
	return rec
}

// fill makes accounts and archive, with two connections at a time.
func (w *world) fill(ctx context.Context, db *postgres.DB, now time.Time, progress func(string, ...any)) error {
	hash, err := accounts.HashPassword(portalPassword)
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	list := make([]accounts.Account, w.accounts)
	for i := range list {
		list[i] = w.account(i, hash, now)
	}
	if w.first, err = db.FillAccounts(ctx, list); err != nil {
		return err
	}
	progress("%d accounts", w.accounts)
	if err := db.BeginFilling(ctx); err != nil {
		return err
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(2)
	for from := 0; from < w.records; from += fillChunk {
		g.Go(func() error {
			until := min(from+fillChunk, w.records)
			chunk := make([]archive.Record, 0, fillChunk)
			for i := from; i < until; i++ {
				chunk = append(chunk, w.record(i))
			}
			if until%(10*fillChunk) == 0 {
				progress("%d archived applications", until)
			}
			return db.FillArchive(gctx, chunk, now)
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	progress("index and statistics")
	return db.EndFilling(ctx)
}
