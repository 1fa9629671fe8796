package retention

import (
	"strings"
	"testing"
	"time"
)

func TestAPolicyIsReadOverTheDefault(t *testing.T) {
	p, err := Read(strings.NewReader(`{"drafts": 180, "looks": 0}`))
	if err != nil {
		t.Fatal(err)
	}
	if p[Drafts] != 180*24*time.Hour || p[Looks] != 0 || p[Tickets] != Default()[Tickets] {
		t.Errorf("%v", p)
	}
	for _, bad := range []string{``, `[]`, `{"draft": 180}`, `{"drafts": 3}`, `{"drafts": -1}`, `{"drafts": 40000}`} {
		if _, err := Read(strings.NewReader(bad)); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
	if len(Rules) != len(Default()) {
		t.Errorf("%d rules, %d periods", len(Rules), len(Default()))
	}
}
