package portal

import (
	"bytes"
	"testing"

	"puntuale/internal/clock"
	"puntuale/internal/forms"
	"puntuale/internal/portal/sitetest"
	"puntuale/internal/postgres"
)

const password = sitetest.Password

// testSite is the whole portal under test.
type testSite struct {
	*sitetest.Site
	portal *Portal
}

// browser is a person's browser without scripts.
type browser struct{ *sitetest.Browser }

type page = sitetest.Page

func newSite(t *testing.T) *testSite {
	t.Helper()
	models, err := forms.Load()
	if err != nil {
		t.Fatal(err)
	}
	return newSiteWith(t, models)
}

// newSiteSet is newSite with settings of its own.
func newSiteSet(t *testing.T, set func(*Config)) *testSite {
	t.Helper()
	models, err := forms.Load()
	if err != nil {
		t.Fatal(err)
	}
	return build(t, models, set)
}

// newSiteWith is newSite with another catalogue of models.
func newSiteWith(t *testing.T, models *forms.Catalogue) *testSite {
	t.Helper()
	return build(t, models, func(*Config) {})
}

func build(t *testing.T, models *forms.Catalogue, set func(*Config)) *testSite {
	t.Helper()
	s := &testSite{Site: sitetest.New(t, models)}
	cfg := Config{
		Store: s.DB, Sessions: postgres.NewSessions(s.DB, clock.System{}), Clock: s.Clock, Models: s.Models, PublicURL: "http://portal.example",
		Name: "Puntuale", CalendarKey: s.CalendarPublic(), Tickets: s.Tickets, NTPServers: []string{"ntp1.inrim.it"}, ParallelHashes: 4, Log: s.Log,
		AccountKey: bytes.Repeat([]byte{5}, 32), WorkBits: 10,
	}
	set(&cfg)
	var err error
	s.portal, err = New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.Serve(s.portal.Handler())
	return s
}

func (s *testSite) browser() *browser { return &browser{s.Site.Browser()} }

func (s *testSite) loggedIn(email string) *browser {
	s.T.Helper()
	return &browser{s.Site.LoggedIn(email)}
}
