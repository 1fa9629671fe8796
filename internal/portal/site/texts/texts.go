// Package texts holds what the portal says, in Italian and English, by key.
// Texts with arguments use the verbs of package fmt. Every room of the portal
// brings a catalogue of its own; a site joins them.
package texts

import (
	"encoding/json"
	"fmt"

	"puntuale/internal/clickday"
)

// Languages of the interface, the first is the default.
var Languages = []string{"it", "en"}

// Catalogue is texts by key. It does not change once a site serves.
type Catalogue map[string]clickday.Text

// Parse reads a catalogue: an object of keys, each with "it" and "en".
func Parse(raw []byte) (Catalogue, error) {
	var c Catalogue
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, fmt.Errorf("texts: %w", err)
	}
	return c, nil
}

// Add takes over another catalogue. A key that stands in both is an error.
func (c Catalogue) Add(more Catalogue) error {
	for key, text := range more {
		if _, twice := c[key]; twice {
			return fmt.Errorf("texts: two texts %q", key)
		}
		c[key] = text
	}
	return nil
}

// Say returns the text of a key in a language. An unknown key is an error, which
// a test finds for every key that the program names.
func (c Catalogue) Say(lang, key string, args ...any) (string, error) {
	t, ok := c[key]
	if !ok {
		return "", fmt.Errorf("texts: no text %q", key)
	}
	if len(args) == 0 {
		return t.In(lang), nil
	}
	return fmt.Sprintf(t.In(lang), args...), nil
}
