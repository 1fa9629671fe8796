package programs_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"puntuale/internal/portal/portaltest"
	"puntuale/internal/portal/sitetest"
)

// api calls the API with a token and returns the status.
func api(b *sitetest.Browser, token, path string) int {
	b.T.Helper()
	return b.Get(path, "Authorization", "Bearer "+token).Status
}

// TestATokenIsMadeShownOnceAndRevoked walks the page as a person does.
func TestATokenIsMadeShownOnceAndRevoked(t *testing.T) {
	s := portaltest.New(t)
	b, program := s.LoggedIn("mario.rossi@example.it"), s.Browser()
	form := url.Values{"name": {"  Gestionale   dello studio "}, "scope": {"write"}, "days": {"90"}}
	p := b.Post("/programs", form)
	token := p.Find("main code").First().Text()
	if p.Status != http.StatusCreated || !strings.HasPrefix(token, "pun_") || p.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("made: %d %q", p.Status, token)
	}
	if got := api(program, token, "/api/v1/applications"); got != http.StatusOK {
		t.Errorf("with the token: %d", got)
	}
	list := b.Open("/programs")
	if strings.Contains(list.Body, token) || !strings.Contains(list.Find("table").Text(), "Gestionale dello studio …"+token[len(token)-4:]) {
		t.Error("the list does not show the token as it should")
	}
	if strings.Contains(s.Logs.String(), token) {
		t.Error("the token is in the log")
	}
	action := list.Find("main table form").AttrOr("action", "")
	acting := url.Values{"acting": {list.Find("main table input[name=acting]").AttrOr("value", "")}}
	if p := s.LoggedIn("anna.verdi@example.it").Post(action, url.Values{}); p.Status != http.StatusNotFound {
		t.Errorf("a stranger revokes: %d", p.Status)
	}
	if p := b.Post(action, acting); p.Status != http.StatusSeeOther {
		t.Errorf("revoke: %d", p.Status)
	}
	if got := api(program, token, "/api/v1/applications"); got != http.StatusUnauthorized {
		t.Errorf("with the revoked token: %d", got)
	}
	if text := b.Open("/programs").Find("table").Text(); !strings.Contains(text, "Revocato") {
		t.Error("the list does not say that it is revoked")
	}
}

func TestTokensThatAreNotMade(t *testing.T) {
	s := portaltest.New(t)
	b := s.LoggedIn("mario.rossi@example.it")
	for name, form := range map[string]url.Values{
		"no name":    {"name": {" \x00 "}, "scope": {"read"}, "days": {"30"}},
		"long name":  {"name": {strings.Repeat("a", 61)}, "scope": {"read"}, "days": {"30"}},
		"no scope":   {"name": {"a"}, "scope": {"admin"}, "days": {"30"}},
		"too long":   {"name": {"a"}, "scope": {"read"}, "days": {"366"}},
		"no end":     {"name": {"a"}, "scope": {"read"}, "days": {"0"}},
		"not number": {"name": {"a"}, "scope": {"read"}, "days": {"x"}},
	} {
		if p := b.Post("/programs", form); p.Status != http.StatusUnprocessableEntity || p.Find("#errors").Length() != 1 || p.Find("main code.mono").Length() > 1 {
			t.Errorf("%s: %d", name, p.Status)
		}
	}
	good := url.Values{"name": {"a"}, "scope": {"read"}, "days": {"30"}}
	for i := range 20 {
		if p := b.Post("/programs", good); p.Status != http.StatusCreated {
			t.Fatalf("token %d: %d", i, p.Status)
		}
	}
	if p := b.Post("/programs", good); p.Status != http.StatusConflict {
		t.Errorf("token 21: %d", p.Status)
	}
	s.Clock.Advance(31 * 24 * time.Hour)
	b = s.LoggedIn("mario.rossi@example.it")
	if p := b.Post("/programs", good); p.Status != http.StatusCreated {
		t.Errorf("after the others are over: %d", p.Status)
	}
}

// TestThePageOfTheAPI names every call, and every link on it leads somewhere.
func TestThePageOfTheAPI(t *testing.T) {
	s := portaltest.New(t)
	b := s.Browser()
	p := b.Open("/api/docs")
	for _, call := range []string{"GET /api/v1/sync", "POST /api/v1/applications", "POST /api/v1/tickets", "GET /api/v1/models/{code}"} {
		if !strings.Contains(p.Find("article h3").Text(), call) {
			t.Errorf("%s is not described", call)
		}
	}
	for _, ending := range []string{"json", "yaml"} {
		if p := b.Get("/api/openapi." + ending); p.Status != http.StatusOK || p.Header.Get("Content-Type") != "application/openapi+"+ending {
			t.Errorf("openapi.%s: %d %v", ending, p.Status, p.Header)
		}
	}
	if n := p.Find("article").Length(); n < 20 {
		t.Error(fmt.Sprint(n, " calls"))
	}
}
