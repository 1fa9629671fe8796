package site

import (
	"bytes"
	"context"
	"fmt"
	"html/template"
	"math"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"puntuale/internal/clickday"
)

// Freeze is how long the periphery rests around an opening.
type Freeze struct{ Before, After time.Duration }

// DefaultFreeze is that of days without one of their own.
var DefaultFreeze = Freeze{Before: 10 * time.Minute, After: 30 * time.Minute}

// Freezes is where the periphery reads when to rest.
type Freezes interface {
	// Calendar returns the newest calendar.
	Calendar(ctx context.Context) (clickday.Calendar, error)
	// Freezes returns what was set for single days. A Freeze of zero lets the
	// periphery of a day never rest.
	Freezes(ctx context.Context) (map[clickday.DayID]Freeze, error)
}

const (
	// refreshAfter is how old the periphery's knowledge of the calendar may be:
	// one request in that time asks the database, all others none.
	refreshAfter = time.Second
	// refreshTime is how long that request waits for the database.
	refreshTime = 2 * time.Second
	// announced is how long before a rest every page says so.
	announced = 24 * time.Hour
	// keepFrozen is how long anybody may keep the page of the rest.
	keepFrozen = 10 * time.Second
)

// essential are routes that a click day needs, besides those whose rooms say so:
// whoever has prepared looks at the calendar, at applications and receipts, pairs
// a computer, asks for help.
var essential = map[string]bool{
	"GET /{$}": true, "GET /days": true, "GET /days/{code}": true, "GET /miniclient": true, "GET /accessibility": true, "GET /privacy": true,
	"GET /applications": true, "GET /applications/{id}": true, "GET /applications/{id}/receipt": true, "GET /devices": true,
	"POST /devices/{id}/revoke": true, "GET /oauth/authorize": true, "POST /oauth/authorize": true, "GET /dev/mail": true,
	"GET /help/new": true, "POST /help/new": true, "GET /help/tickets": true, "GET /help/tickets/{number}": true, "POST /help/tickets/{number}/reply": true,
}

// rest is one opening around which the periphery rests, with its page.
type rest struct {
	from, opens, until time.Time
	titleIT, titleEN   string
	page               []byte
}

// knowledge is what the periphery knew of the calendar at an instant.
type knowledge struct {
	at    time.Time
	rests []rest
}

// periphery decides what is served around an opening. Without a source it never
// rests.
type periphery struct {
	site   *Site
	source Freezes
	usual  Freeze
	asking sync.Mutex // held by the one request that asks the database
	known  atomic.Pointer[knowledge]
}

// RestAround lets everything but essential routes rest around openings, as long
// as usual says unless something else was set for a day; nil is DefaultFreeze. It
// is called before the site serves.
func (s *Site) RestAround(source Freezes, usual *Freeze) {
	if usual == nil {
		usual = &DefaultFreeze
	}
	s.periphery = &periphery{site: s, source: source, usual: *usual}
}

// Resting returns until when the periphery rests, if it does now.
func (s *Site) Resting(ctx context.Context) (until time.Time, ok bool) {
	if r := s.periphery.now(ctx); r != nil {
		return r.until, true
	}
	return time.Time{}, false
}

// now returns the rest that has begun, nil for none.
func (p *periphery) now(ctx context.Context) *rest {
	k := p.look(ctx)
	if k == nil {
		return nil
	}
	now := p.site.clock.Now()
	for i := range k.rests {
		if r := &k.rests[i]; !now.Before(r.from) && now.Before(r.until) {
			return r
		}
	}
	return nil
}

// soon returns the next rest, if every page announces it already.
func (p *periphery) soon(ctx context.Context) *rest {
	k := p.look(ctx)
	if k == nil {
		return nil
	}
	var next *rest
	now := p.site.clock.Now()
	for i := range k.rests {
		if r := &k.rests[i]; now.Before(r.until) && !now.Before(r.opens.Add(-announced)) && (next == nil || r.from.Before(next.from)) {
			next = r
		}
	}
	return next
}

// look returns what is known of the calendar. One request a second asks anew;
// the others, and all while the database does not answer, go by what was known.
func (p *periphery) look(ctx context.Context) *knowledge {
	if p == nil {
		return nil
	}
	k := p.known.Load()
	now := p.site.clock.Now()
	if k != nil && now.Sub(k.at).Abs() < refreshAfter || !p.asking.TryLock() {
		return k
	}
	defer p.asking.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), refreshTime)
	defer cancel()
	fresh, err := p.ask(ctx, now)
	if err != nil {
		p.site.log.ErrorContext(ctx, "periphery: calendar", "err", err)
		fresh = &knowledge{at: now}
		if k != nil {
			fresh.rests = k.rests
		}
	}
	p.known.Store(fresh)
	return fresh
}

func (p *periphery) ask(ctx context.Context, now time.Time) (*knowledge, error) {
	cal, err := p.source.Calendar(ctx)
	if err != nil {
		return nil, err
	}
	own, err := p.source.Freezes(ctx)
	if err != nil {
		return nil, err
	}
	k := &knowledge{at: now}
	for i := range cal.Days {
		d := &cal.Days[i]
		f, set := own[d.ID]
		if !set {
			f = p.usual
		}
		if d.Rehearsal || d.State != clickday.DayScheduled || f == (Freeze{}) {
			continue
		}
		r := rest{from: d.OpensAt().Add(-f.Before), opens: d.OpensAt(), until: d.OpensAt().Add(f.After), titleIT: d.TitleIT, titleEN: d.TitleEN}
		if now.Add(announced+f.Before).Before(r.from) || !now.Before(r.until) {
			continue // nobody asks for its page
		}
		if r.page, err = p.render(&r); err != nil {
			return nil, err
		}
		k.rests = append(k.rests, r)
	}
	return k, nil
}

// restView is the page in one language.
type restView struct {
	Lang, Day, Opens, Until string
}

type frozenView struct {
	Site       string
	Opens      int64 // milliseconds since 1970
	IT, EN     restView
	Stylesheet string
}

// render makes the page of a rest: the same bytes for everybody, in both
// languages, so that any cache may keep them.
func (p *periphery) render(r *rest) ([]byte, error) {
	in := func(lang, day string) restView {
		v := &Visit{Lang: lang}
		return restView{lang, day, p.site.Minute(v, r.opens), p.site.hour(r.until)}
	}
	data := frozenView{Site: p.site.cfg.Name, Opens: r.opens.UnixMilli(), IT: in("it", r.titleIT), EN: in("en", r.titleEN)}
	t, err := template.New("frozen.html").Funcs(template.FuncMap{
		"asset": p.site.files.URL, "say": func(lang, key string, args ...any) (string, error) { return p.site.texts.Say(lang, key, args...) },
	}).ParseFS(frames, "templates/rest/frozen.html")
	if err != nil {
		return nil, fmt.Errorf("site: page of the rest: %w", err)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, data); err != nil {
		return nil, fmt.Errorf("site: page of the rest: %w", err)
	}
	return out.Bytes(), nil
}

// staffs reports whether a route is the staff's: they work most around an opening.
func staffs(a Access) bool {
	_, ok := roleOf[a]
	return ok
}

// gate lets essential routes through and answers all others with the page of
// the rest while there is one. That page needs no session and no database.
func (s *Site) gate(rt Route, next http.Handler) http.Handler {
	if s.periphery == nil || rt.Essential || essential[rt.Pattern] || staffs(rt.Access) {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if rest := s.periphery.now(r.Context()); rest != nil {
			rest.serve(w, s.clock.Now())
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (r *rest) serve(w http.ResponseWriter, now time.Time) {
	h := w.Header()
	wait := r.until.Sub(now)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(r.page)))
	h.Set("Cache-Control", fmt.Sprintf("public, max-age=%d", int(min(keepFrozen, wait).Seconds())))
	h.Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	// The countdown's only look at the portal's clock.
	h.Add("Server-Timing", fmt.Sprintf(`now;desc="%d"`, now.UnixMilli()))
	w.WriteHeader(http.StatusServiceUnavailable)
	w.Write(r.page) // a browser that has gone away misses its page, nothing else
}

// announcement says that a rest is near, or has begun, on pages that are served;
// empty for none.
func (s *Site) announcement(r *http.Request, v *Visit) string {
	next := s.periphery.soon(r.Context())
	if next == nil {
		return ""
	}
	return s.Say(v, "rest.banner", s.Minute(v, next.opens), s.hour(next.from), s.hour(next.until))
}

// hour is the time of day in Italy.
func (s *Site) hour(t time.Time) string { return t.In(s.rome).Format("15:04") }
