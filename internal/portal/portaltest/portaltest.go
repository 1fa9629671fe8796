// Package portaltest is the whole portal under test, for the tests of its rooms
// (in packages named after the room with _test, since the portal imports the
// rooms).
package portaltest

import (
	"bytes"
	"testing"

	"puntuale/internal/clock"
	"puntuale/internal/forms"
	"puntuale/internal/portal"
	"puntuale/internal/portal/sitetest"
	"puntuale/internal/postgres"
)

// Site is a running portal and what it stands on.
type Site struct {
	*sitetest.Site
	Portal *portal.Portal
}

// New starts a portal with every model and one click day; each of set may change
// its settings.
func New(t *testing.T, set ...func(*portal.Config)) *Site {
	t.Helper()
	models, err := forms.Load()
	if err != nil {
		t.Fatal(err)
	}
	s := &Site{Site: sitetest.New(t, models)}
	cfg := portal.Config{
		Store: s.DB, Sessions: postgres.NewSessions(s.DB, clock.System{}), Clock: s.Clock, Models: models, PublicURL: "http://portal.example",
		Name: "Puntuale", CalendarKey: s.CalendarPublic(), Tickets: s.Tickets, NTPServers: []string{"ntp1.inrim.it"}, ParallelHashes: 4, Log: s.Log,
		AccountKey: bytes.Repeat([]byte{5}, 32), WorkBits: 10,
	}
	for _, f := range set {
		f(&cfg)
	}
	if s.Portal, err = portal.New(cfg); err != nil {
		t.Fatal(err)
	}
	s.Serve(s.Portal.Handler())
	return s
}
