package placenames_test

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"

	"puntuale/internal/portal/portaltest"
)

func TestNamesAreOffered(t *testing.T) {
	b := portaltest.New(t).Browser()
	offers := func(q string) (names []string) {
		t.Helper()
		p := b.Open("/places?q=" + url.QueryEscape(q))
		if err := json.Unmarshal([]byte(p.Body), &names); err != nil || names == nil {
			t.Fatalf("%q: %s", q, p.Body)
		}
		if p.Header.Get("Cache-Control") != "public, max-age=3600" || p.Header.Get("Set-Cookie") != "" {
			t.Errorf("%q: %v", q, p.Header)
		}
		return names
	}
	if got := offers("samo"); !slices.Contains(got, "Samone (TN)") || !slices.Contains(got, "Samone (TO)") {
		t.Errorf("two of a name: %q", got)
	}
	if got := offers("bozen"); !slices.Contains(got, "Bolzano/Bozen (BZ)") {
		t.Errorf("the other language: %q", got)
	}
	if got := offers("s"); len(got) != 0 {
		t.Errorf("one letter offers %d names", len(got))
	}
	if got := offers("sa"); len(got) != 10 {
		t.Errorf("two letters offer %d names", len(got))
	}
	for _, hostile := range []string{"", "\x00\xff", strings.Repeat("a", 5000), `<script>`} {
		if got := offers(hostile); len(got) != 0 {
			t.Errorf("%.20q offers %q", hostile, got)
		}
	}
}
