package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"puntuale/internal/client/link"
	"puntuale/internal/client/store"
)

// settingsName is the file of Settings, beside the first account.
const settingsName = "settings.json"

// Settings is what a person has chosen for this computer, for all accounts.
// Flags and environment go before it.
type Settings struct {
	Lang  string `json:"lang,omitempty"`  // "it" or "en"; "" is the system's
	Theme string `json:"theme,omitempty"` // "light" or "dark"; "" is the system's
	Zoom  int    `json:"zoom,omitempty"`  // of all texts, in percent; 0 is 100
	Proxy string `json:"proxy,omitempty"` // as Config.Proxy; may hold a password, so the file is the owner's alone
	// Account is the one shown last.
	Account string `json:"account,omitempty"`
}

// Zooms are the sizes of text that can be chosen, in percent.
var Zooms = []int{100, 125, 150}

// LoadSettings reads the settings below a directory; the zero value when there
// are none.
func LoadSettings(dir string) (Settings, error) {
	var s Settings
	b, err := os.ReadFile(filepath.Join(dir, settingsName))
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &s)
	}
	if err != nil {
		return s, fmt.Errorf("settings: %w", err)
	}
	return s, nil
}

// Save makes the settings durable. It checks the proxy first.
func (s Settings) Save(dir string) error {
	if _, err := link.ParseProxy(s.Proxy); err != nil {
		return err
	}
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	return store.WriteFile(filepath.Join(dir, settingsName), append(b, '\n'), false)
}
