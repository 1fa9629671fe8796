package store

import (
	"os"
	"regexp"
	"slices"
	"testing"
)

// TestThePictureOfTheStatesIsTrue: the arrows of the diagram in
// docs/miniclient.md are the changes of state that the store allows, no more and
// no fewer; a state that stays what it is has no arrow.
func TestThePictureOfTheStatesIsTrue(t *testing.T) {
	b, err := os.ReadFile("../../../docs/miniclient.md")
	if err != nil {
		t.Fatal(err)
	}
	var drawn, allowed []string
	for _, m := range regexp.MustCompile(`(?m)^ *(\[\*\]|[a-z]+) --> ([a-z]+)`).FindAllSubmatch(b, -1) {
		drawn = append(drawn, string(m[1])+" "+string(m[2]))
	}
	for from, to := range next {
		for _, s := range to {
			if s == from {
				continue
			}
			name := string(from)
			if from == "" {
				name = "[*]"
			}
			allowed = append(allowed, name+" "+string(s))
		}
	}
	slices.Sort(drawn)
	slices.Sort(allowed)
	if !slices.Equal(drawn, allowed) {
		t.Fatalf("drawn   %v\nallowed %v", drawn, allowed)
	}
}
