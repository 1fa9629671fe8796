package portal

import (
	"context"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/ledger"
	"puntuale/internal/portal/site"
)

// LedgerStore is what the public ledger is read from. Everything in it is for
// everybody. What is missing is accounts.ErrNotFound.
type LedgerStore interface {
	// LedgerSummaries returns what there is to say about every ledger.
	LedgerSummaries(ctx context.Context) ([]ledger.Summary, error)
	// LedgerHead returns the newest signed head of a click day, LedgerHeadAt
	// the one of exactly that size, LedgerStamped the newest with a token.
	LedgerHead(ctx context.Context, dayCode string) (ledger.Head, error)
	LedgerHeadAt(ctx context.Context, dayCode string, size int64) (ledger.Head, error)
	LedgerStamped(ctx context.Context, dayCode string) (ledger.Head, error)
	// LedgerTile returns a tile with exactly the width asked for.
	LedgerTile(ctx context.Context, dayCode string, want ledger.Tile) (ledger.Tile, error)
}

// ledgerDayView is one click day's ledger in numbers and words.
type ledgerDayView struct {
	Day         dayView
	URL         string // of this day's page
	Files       string // address that the paths of tiles are appended to, empty before the first leaf
	Origin, Key string // of the heads; Key is empty when this portal does not know it
	Size        string
	Root        string
	Heads       string
	Signed      string
	Stamped     string // how much the newest token covers, empty for none
	StampedAt   string
	StampedAll  bool
	ClosePairs  string
	Close       bool // there are such pairs
	Rehearsal   bool
	Granularity string
	Commitment  string
	Seed        string // empty until revealed
	Revealed    string
}

type ledgerView struct {
	site.Base
	One  bool // the page of one day
	Days []ledgerDayView
}

// ledgers is the page about all ledgers, the newest click days first.
func (p *Portal) ledgers(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	days, err := p.ledgerDays(r.Context(), v)
	if err != nil {
		return err
	}
	days = slices.DeleteFunc(days, func(d ledgerDayView) bool { return d.Rehearsal })
	data := &ledgerView{
		Base: site.Base{Title: "ledger.title", Nav: "ledger", Crumbs: []site.Crumb{{Label: p.site.Say(v, "ledger.title")}}},
		Days: days[:min(len(days), maxDaysShown)],
	}
	return p.site.Render(w, r, v, http.StatusOK, "ledger", data)
}

// ledgerDay is the page of one click day.
func (p *Portal) ledgerDay(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	days, err := p.ledgerDays(r.Context(), v)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(days, func(d ledgerDayView) bool { return d.Day.Code == r.PathValue("day") })
	if i < 0 {
		return accounts.ErrNotFound
	}
	return p.site.Render(w, r, v, http.StatusOK, "ledger", &ledgerView{
		Base: site.Base{Text: p.site.Say(v, "ledger.of", days[i].Day.Title), Nav: "ledger", Crumbs: []site.Crumb{
			{Label: p.site.Say(v, "ledger.title"), URL: "/ledger"}, {Label: days[i].Day.Code},
		}},
		One: true, Days: days[i : i+1],
	})
}

// ledgerDays joins the calendar, which has the commitments, with the ledgers.
func (p *Portal) ledgerDays(ctx context.Context, v *site.Visit) ([]ledgerDayView, error) {
	cal, _, err := p.calendar.Current(ctx)
	if err != nil {
		return nil, err
	}
	summaries, err := p.store.LedgerSummaries(ctx)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(cal.Days, func(a, b clickday.Day) int { return int(min(max(b.Opens-a.Opens, -1), 1)) })
	out := make([]ledgerDayView, 0, len(cal.Days))
	for i := range cal.Days {
		d := &cal.Days[i]
		view := ledgerDayView{
			Rehearsal: d.Rehearsal,
			Day:       p.dayView(v, d), URL: "/ledger/" + d.Code, Granularity: grainText(d.Grain()), Commitment: hex.EncodeToString(d.TieCommitment[:]),
		}
		if s := slices.IndexFunc(summaries, func(s ledger.Summary) bool { return s.Day == d.ID }); s >= 0 {
			p.summarise(v, &view, &summaries[s])
		}
		out = append(out, view)
	}
	return out, nil
}

func (p *Portal) summarise(v *site.Visit, view *ledgerDayView, s *ledger.Summary) {
	view.Files, view.Origin = p.cfg.PublicURL+view.URL, s.Head.Origin
	if p.cfg.Ledger != nil {
		view.Key = p.cfg.Ledger.DayKey(s.Code)
	}
	view.Size, view.Root, view.Heads = site.Thousands(v, s.Head.Size), s.Head.Root.String(), site.Thousands(v, s.Heads)
	view.Signed = p.site.Second(v, s.SignedAt)
	if s.StampedSize > 0 {
		view.Stamped, view.StampedAt, view.StampedAll = site.Thousands(v, s.StampedSize), p.site.Second(v, s.StampedAt), s.StampedSize == s.Head.Size
	}
	view.ClosePairs, view.Close = site.Thousands(v, s.ClosePairs), s.ClosePairs > 0
	if s.Seed != nil {
		view.Seed, view.Revealed = hex.EncodeToString(s.Seed), p.site.Second(v, s.RevealedAt)
	}
}

// grainText writes a granularity with a space before the unit.
func grainText(g time.Duration) string {
	s := g.String()
	i := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	return s[:i] + "\u00a0" + s[i:]
}
