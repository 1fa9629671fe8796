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
	first, second, third := b.Sealed(1), b.Sealed(2), b.Sealed(3)
	s.Arrive(first, clickday.Receipted, 39, nil)
	s.Arrive(second, clickday.Sequenced, 40, nil)
	s.Arrive(third, clickday.Sequenced, 42, nil)
	for path, want := range map[string]string{second: "circa 0 davanti", third: "circa 2 davanti"} {
		if text := b.Get(path).Find("main").Text(); !strings.Contains(text, want) {
			t.Errorf("%s does not say %q", path, want)
		}
	}
	if text := b.Get(first).Find("main").Text(); strings.Contains(text, "davanti") {
		t.Error("who has a receipt waits for nothing")
	}
}
