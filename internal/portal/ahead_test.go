package portal

import (
	"strings"
	"testing"

	"puntuale/internal/clickday"
)

// While a receipt is being made its page says about how many come before.
func TestAnApplicantSeesHowManyReceiptsComeBefore(t *testing.T) {
	s := newSite(t)
	b := s.loggedIn("mario.rossi@example.it")
	first, second, third := b.sealed(1), b.sealed(2), b.sealed(3)
	s.arrive(first, clickday.Receipted, 39, nil)
	s.arrive(second, clickday.Sequenced, 40, nil)
	s.arrive(third, clickday.Sequenced, 42, nil)
	for path, want := range map[string]string{second: "circa 0 davanti", third: "circa 2 davanti"} {
		if text := b.get(path).Find("main").Text(); !strings.Contains(text, want) {
			t.Errorf("%s does not say %q", path, want)
		}
	}
	if text := b.get(first).Find("main").Text(); strings.Contains(text, "davanti") {
		t.Error("who has a receipt waits for nothing")
	}
}
