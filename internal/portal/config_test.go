package portal

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/portal/api"
)

// TestConfigNamesTheTicketedAddress: only where there is one; the member is not
// there for clients of older nodes.
func TestConfigNamesTheTicketedAddress(t *testing.T) {
	s := newSite(t)
	p := &program{testSite: s}
	for warm, want := range map[string]string{
		"":                       `"url":"https://127.0.0.1:8443","public_key":`,
		"https://127.0.0.1:8444": `"url":"https://127.0.0.1:8443","warm_url":"https://127.0.0.1:8444","public_key":`,
	} {
		n := accounts.Node{ID: 1, URL: "https://127.0.0.1:8443", WarmURL: warm, PublicKey: make([]byte, 32)}
		if err := s.DB.SetNode(context.Background(), &n); err != nil {
			t.Fatal(err)
		}
		res := p.call(http.MethodGet, "/api/v1/config", "")
		if res.Status != http.StatusOK || !strings.Contains(res.Body, want) {
			t.Errorf("ticketed address %q: %d %s", warm, res.Status, res.Body)
		}
	}
}

func TestConfigTellsWhomToAsk(t *testing.T) {
	s := newSiteSet(t, func(c *Config) {
		c.Help = api.Help{
			Phone: "800 000 000", Hours: clickday.Text{IT: "lun–ven 9–18", EN: "Mon–Fri 9–18"}, Email: "aiuto@example.org", Page: "https://portale.example.org/aiuto",
		}
	})
	res := (&program{testSite: s}).call(http.MethodGet, "/api/v1/config", "")
	for _, want := range []string{`"phone":"800 000 000"`, `"hours":{"it":"lun–ven 9–18","en":"Mon–Fri 9–18"}`, `"email":"aiuto@example.org"`, `"page":"https://portale.example.org/aiuto"`} {
		if !strings.Contains(res.Body, want) {
			t.Errorf("%s is missing in %s", want, res.Body)
		}
	}
}
