package site_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"puntuale/internal/portal"
	"puntuale/internal/portal/portaltest"
	"puntuale/internal/portal/site"
	"puntuale/internal/portal/timetable"
)

// TestThePeripheryRestsAroundTheOpening: only what the day needs is served, the
// page of the rest is the same for everybody and asks no database.
func TestThePeripheryRestsAroundTheOpening(t *testing.T) {
	s := portaltest.New(t)
	b, anybody := s.LoggedIn("mario.rossi@example.it"), s.Browser()
	frozen := []string{"/applications/new", "/verify", "/lists", "/ledger", "/programs", "/parties", "/nothing"}
	needed := []string{"/", "/applications", "/miniclient", "/devices", "/privacy"}

	s.Clock.Set(s.Opens.Add(-10*time.Minute - time.Second))
	b = s.LoggedIn("mario.rossi@example.it")
	for _, path := range append(frozen, needed...) {
		if p := b.Get(path); p.Status == http.StatusServiceUnavailable {
			t.Errorf("%s rests too early", path)
		}
	}
	s.Clock.Set(s.Opens.Add(-10 * time.Minute))
	for _, path := range needed {
		b.Open(path)
	}
	page := b.Get("/applications/new").Body // of an account; others get the same bytes
	before := s.DB.Pool.Stat().AcquireCount()
	for range 3 {
		for _, path := range frozen {
			p := anybody.Get(path, "Accept-Language", "en")
			h := p.Header
			if p.Status != http.StatusServiceUnavailable || p.Body != page || h.Get("Retry-After") != "2400" || h.Get("Cache-Control") != "public, max-age=10" ||
				h.Get("Set-Cookie") != "" || h.Get("Vary") != "" || !strings.HasPrefix(h.Get("Server-Timing"), `now;desc="`) {
				t.Fatalf("%s: %d %v", path, p.Status, h)
			}
		}
	}
	if n := s.DB.Pool.Stat().AcquireCount() - before; n != 0 {
		t.Errorf("%d pages of the rest asked the database %d times", 3*len(frozen), n)
	}
	p := anybody.Get("/lists")
	text := p.Find("main").Text()
	for _, want := range []string{"12/01/2027, ore 09:00", "tornano alle 09:30", "come back at 09:30"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q: %s", want, text)
		}
	}
	if target := p.Find("[data-countdown]").AttrOr("data-countdown", ""); target != "1799740800000" {
		t.Errorf("target of the countdown: %s", target)
	}
	if p := anybody.Post("/applications/new", url.Values{}); p.Status != http.StatusServiceUnavailable {
		t.Errorf("a form: %d", p.Status)
	}
	if p := anybody.Get(p.Find("script").AttrOr("src", "")); p.Status != http.StatusOK {
		t.Errorf("countdown: %d", p.Status)
	}
	s.Clock.Set(s.Opens.Add(30 * time.Minute))
	anybody.Open("/lists")
}

// TestTheRestObeysTheCalendar: an opening that moves takes the rest along, and a
// day may have times of its own. A database that is gone changes nothing.
func TestTheRestObeysTheCalendar(t *testing.T) {
	s := portaltest.New(t)
	b := s.Browser()
	status := func() int { return b.Get("/lists").Status }
	s.Clock.Set(s.Opens.Add(-time.Minute))
	if got := status(); got != http.StatusServiceUnavailable {
		t.Fatalf("before the opening: %d", got)
	}
	s.Opens = s.Opens.Add(2 * time.Hour)
	if _, _, err := timetable.Set(context.Background(), s.DB, s.CalendarKey, s.Clock, &timetable.Change{ID: 1, Opens: &s.Opens}); err != nil {
		t.Fatal(err)
	}
	s.Clock.Advance(time.Second)
	if got := status(); got != http.StatusOK {
		t.Errorf("after the opening was moved: %d", got)
	}
	ctx := context.Background()
	if err := s.DB.SetRest(ctx, 1, 3*time.Hour, 0); err != nil {
		t.Fatal(err)
	}
	s.Clock.Advance(time.Second)
	if got := status(); got != http.StatusServiceUnavailable {
		t.Errorf("three hours before are set: %d", got)
	}
	if err := s.DB.SetRest(ctx, 1, 0, 0); err != nil {
		t.Fatal(err)
	}
	s.Clock.Set(s.Opens)
	if got := status(); got != http.StatusOK {
		t.Errorf("no rest is set: %d", got)
	}
	if err := s.DB.SetRest(ctx, 1, time.Hour, time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := s.DB.SetRest(ctx, 99, time.Hour, time.Hour); err == nil {
		t.Error("a day that is not there rests")
	}
	s.Clock.Advance(time.Second)
	if got := status(); got != http.StatusServiceUnavailable {
		t.Fatalf("an hour is set: %d", got)
	}
	s.DB.Pool.Close()
	s.Clock.Advance(time.Minute)
	if got := status(); got != http.StatusServiceUnavailable {
		t.Errorf("without a database: %d", got)
	}
}

// TestTheRestIsAnnounced from a day before on every page, and not where there is
// none.
func TestTheRestIsAnnounced(t *testing.T) {
	s := portaltest.New(t)
	for moment, want := range map[time.Duration]bool{-24*time.Hour - time.Second: false, -24 * time.Hour: true, -time.Minute: true, 30 * time.Minute: false} {
		s.Clock.Set(s.Opens.Add(moment))
		b := s.Browser()
		it, en := b.Open("/").Find(".note").Text(), b.Open("/?lang=en").Find(".note").Text()
		if strings.Contains(it, "dalle 08:50 alle 09:30") != want || strings.Contains(en, "from 08:50 to 09:30") != want {
			t.Errorf("%s from the opening: %q, %q", moment, it, en)
		}
	}
	never := portaltest.New(t, func(c *portal.Config) { c.Rest = &site.Freeze{} })
	never.Clock.Set(never.Opens)
	never.Browser().Open("/lists")
}
