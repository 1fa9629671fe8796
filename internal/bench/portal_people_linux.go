package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"puntuale/internal/accounts/drafts"
	"puntuale/internal/archive"
	"puntuale/internal/clickday"
	"puntuale/internal/forms/sample"
)

const (
	draftsEach  = 3  // drafts of everybody who has logged in
	recordsEach = 30 // archived applications of each that are searched for
)

// visitor is somebody who has logged in, and what they have.
type visitor struct {
	account clickday.AccountID
	cookie  string
	records []archive.Record
	drafts  []string // addresses

	mu   sync.Mutex
	next string // guarded by mu: address of a later page of the list
}

// visitors log in through the pages: half of them associations, the largest ones
// first, as they are those who search.
func (b *portalBench) visitors(ctx context.Context) ([]*visitor, error) {
	var out []*visitor
	chosen := map[int]*visitor{}
	for i := range b.plan.Visitors {
		n := i / 2
		if i%2 == 1 {
			n = b.world.associations() + (i*7919)%max(b.world.accounts-b.world.associations(), 1)
		}
		if n >= b.world.accounts || chosen[n] != nil {
			continue
		}
		chosen[n] = &visitor{account: b.world.first + clickday.AccountID(n)}
		out = append(out, chosen[n])
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(2)
	for n, v := range chosen {
		g.Go(func() error { return b.logIn(gctx, n, v) })
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	for i := range b.world.records {
		owner := b.world.owner(rand.New(rand.NewPCG(uint64(i), 0x617263686976696f)))
		if v := chosen[owner]; v != nil && len(v.records) < recordsEach {
			v.records = append(v.records, b.world.record(i))
		}
	}
	return out, b.begin(ctx, out)
}

// logIn keeps the cookie of a session.
func (b *portalBench) logIn(ctx context.Context, n int, v *visitor) error {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	client := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	form := url.Values{"email": {portalEmail(n)}, "password": {portalPassword}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.in.PortalURL+"/login", strings.NewReader(form.Encode()))
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("bench: log-in: %w", err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusSeeOther {
		return fmt.Errorf("bench: log-in of %s: %s (%w)", portalEmail(n), res.Status, err)
	}
	for _, c := range jar.Cookies(req.URL) {
		v.cookie += c.Name + "=" + c.Value + "; "
	}
	return nil
}

// begin gives everybody a few drafts, filled in.
func (b *portalBench) begin(ctx context.Context, list []*visitor) error {
	s := drafts.New(b.db, b.models, b.clock, b.rome)
	m, ok := b.models.Newest(portalModel)
	if !ok {
		return fmt.Errorf("bench: there is no model %s", portalModel)
	}
	for i, v := range list {
		for k := range draftsEach {
			a, err := s.Draft(ctx, v.account, portalDay, portalModel)
			if err != nil {
				return err
			}
			answers := sample.ModelB(sample.New(uint64(i*draftsEach+k)), sample.Any)
			if err := s.Save(ctx, &a, m, a.Revision, answers); err != nil {
				return err
			}
			v.drafts = append(v.drafts, "/applications/"+a.ID.String())
		}
	}
	return nil
}

// formPage asks for a page of the form of a draft.
func (b *portalBench) formPage(r *rand.Rand) question {
	v := pickOne(r, b.people)
	m, _ := b.models.Newest(portalModel)
	return question{path: pickOne(r, v.drafts) + "/pages/" + m.Pages[r.IntN(len(m.Pages))].ID, cookie: v.cookie}
}

var nextLink = regexp.MustCompile(`href="([^"]+)" rel="next"`)

// listPage asks for the list, or goes on in it from where the same person was.
func (b *portalBench) listPage(r *rand.Rand) question {
	v := pickOne(r, b.people)
	path := "/applications"
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.next != "" && r.IntN(3) > 0 {
		path = v.next
	}
	return question{path: path, cookie: v.cookie, answered: func(body []byte) {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.next = ""
		if m := nextLink.FindSubmatch(body); m != nil {
			v.next = strings.ReplaceAll(string(m[1]), "&amp;", "&")
		}
	}}
}

// search asks for something that somebody has, in one of the ways in which
// people look, and now and then for what nobody has.
func (b *portalBench) search(r *rand.Rand) question {
	v := pickOne(r, b.people)
	if len(v.records) == 0 {
		return question{path: "/applications?q=niente", cookie: v.cookie}
	}
	rec := pickOne(r, v.records)
	surname := rec.Answers["worker_surname"]
	runes := []rune(surname)
	q := url.Values{}
	switch r.IntN(10) {
	case 0, 1, 2:
		q.Set("q", string(runes[:min(len(runes), 3+r.IntN(3))]))
	case 3:
		q.Set("q", rec.Worker)
	case 4:
		q.Set("q", rec.Answers["worker_passport"])
	case 5:
		q.Set("q", rec.Answers["contract_task"])
		q.Set("year", fmt.Sprint(rec.Year))
	case 6:
		q.Set("number", rec.Number)
	case 7:
		q.Set("nationality", rec.Nationality)
		q.Set("state", string(rec.State))
	case 8:
		q.Set("worker", surname)
		q.Set("model", string(rec.Model))
	default:
		q.Set("q", string(runes[:1])) // a single letter
	}
	return question{path: "/applications?" + q.Encode(), cookie: v.cookie}
}

func pickOne[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// mixed is people who fill in, look through their list and search, all at once.
func (b *portalBench) mixed(r *rand.Rand) question {
	switch n := r.IntN(10); {
	case n < 4:
		return b.formPage(r)
	case n < 7:
		return b.search(r)
	default:
		return b.listPage(r)
	}
}

// measure asks in open loop and returns the figures; target is of the server's
// time, nil for information.
func (b *portalBench) measure(ctx context.Context, name string, target *float64, ask func(*rand.Rand) question) ([]Figure, error) {
	r := rand.New(rand.NewPCG(1, 2))
	p := pace{base: b.in.PortalURL, rate: b.plan.Rate, lasting: b.plan.Lasting, warm: b.plan.Warm, clock: b.clock, next: func(int) question { return ask(r) }}
	before, err := b.processors()
	if err != nil {
		return nil, err
	}
	profiled := b.profile(ctx, name)
	res, err := p.run(ctx)
	if err := errors.Join(err, profiled()); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if res.failure != nil {
		return nil, fmt.Errorf("%s: %w", name, res.failure)
	}
	after, err := b.processors()
	if err != nil {
		return nil, err
	}
	at := func(h interface{ ValueAtQuantile(float64) int64 }, q float64) float64 {
		return float64(h.ValueAtQuantile(q)) / 1000
	}
	server := Figure{Name: "portal_" + name + "_server_p95", Value: at(res.server, 95), Unit: "ms", AtMost: target}
	n := float64(b.plan.Rate) * (b.plan.Lasting + b.plan.Warm).Seconds()
	return []Figure{
		server,
		plain("portal_"+name+"_server_p50", at(res.server, 50), "ms"),
		plain("portal_"+name+"_server_p99", at(res.server, 99), "ms"),
		plain("portal_"+name+"_client_p95", at(res.client, 95), "ms"),
		plain("portal_"+name+"_processor_per_request", float64((after-before)/time.Microsecond)/n/1000, "ms"),
	}, nil
}

// processors is the processor time of portal and PostgreSQL so far.
func (b *portalBench) processors() (time.Duration, error) {
	return cpuOf(append(family(b.in.Postgres.PID()), b.in.Portal.PID()))
}
