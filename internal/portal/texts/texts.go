// Package texts is the catalogue of everything the portal says, in Italian and
// English, by key. Texts with arguments use the verbs of package fmt.
package texts

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"sync"

	"puntuale/internal/clickday"
)

//go:embed texts.json
var raw []byte

// Languages of the interface, the first is the default.
var Languages = []string{"it", "en"}

var catalogue = sync.OnceValues(func() (map[string]clickday.Text, error) {
	var c map[string]clickday.Text
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, fmt.Errorf("texts: %w", err)
	}
	return c, nil
})

// All returns the whole catalogue; callers do not change it.
func All() (map[string]clickday.Text, error) { return catalogue() }

// Say returns the text of a key in a language. An unknown key is an error, which
// a test finds for every key that the program names.
func Say(lang, key string, args ...any) (string, error) {
	c, err := catalogue()
	if err != nil {
		return "", err
	}
	t, ok := c[key]
	if !ok {
		return "", fmt.Errorf("texts: no text %q", key)
	}
	if len(args) == 0 {
		return t.In(lang), nil
	}
	return fmt.Sprintf(t.In(lang), args...), nil
}
