package forms_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"puntuale/internal/clickday"
	"puntuale/internal/forms"
)

// TestPublishedVersionsDoNotChange: drafts and sealed documents refer to a
// version, and mini-clients keep its dictionary, so nothing but wording may change
// in it, whether in its file or in a part that it uses. What must change is a new
// version with a part of a new name. testdata/published.txt has a line per version:
// code, version, id of the dictionary, fingerprint of everything but the texts.
func TestPublishedVersionsDoNotChange(t *testing.T) {
	raw, err := os.ReadFile("testdata/published.txt")
	if err != nil {
		t.Fatal(err)
	}
	published := strings.Split(strings.TrimSpace(string(raw)), "\n")
	for i, m := range mustLoad(t).All() {
		d := m.Dictionary()
		if sum := sha256.Sum256(d.Content); d.ID == 0 || d.ID != binary.BigEndian.Uint32(sum[:]) {
			t.Errorf("model %s: dictionary %08x, SHA-256 %x", m.Code, d.ID, sum)
		}
		got := fmt.Sprintf("%s %d %08x %s", m.Code, m.Version, d.ID, fingerprint(t, m))
		if i >= len(published) || published[i] != got {
			t.Errorf("not as published: a new version needs this line, an old one must be put right:\n%s", got)
		}
	}
	if n := len(mustLoad(t).All()); n != len(published) {
		t.Errorf("%d versions, %d published", n, len(published))
	}
}

// fingerprint is that of ids, types, limits, conditions, options and rules.
func fingerprint(t *testing.T, m *forms.Model) string {
	t.Helper()
	raw, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var c forms.Model
	if err := json.Unmarshal(raw, &c); err != nil {
		t.Fatal(err)
	}
	var none clickday.Text
	c.Title, c.About, c.Flow = none, none, none
	c.Attachments = nil // no part of what is sealed
	for i := range c.Pages {
		p := &c.Pages[i]
		p.Title, p.Intro, p.Group = none, none, "" // groups say what a copy takes over
		for j := range p.Fields {
			f := &p.Fields[j]
			f.Label, f.Help, f.Autocomplete, f.Group = none, none, "", ""
			for k := range f.Options {
				f.Options[k].Label = none
			}
		}
	}
	for i := range c.Rules {
		c.Rules[i].Text = none
	}
	if raw, err = json.Marshal(c); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(raw)
	return fmt.Sprintf("%x", sum[:8])
}
