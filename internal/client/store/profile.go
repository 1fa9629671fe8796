package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"puntuale/internal/clickday"
)

// Profile is what the pairing gave: which portal, which account, which device,
// and where the intake is. It holds no secret.
type Profile struct {
	Portal  string  `json:"portal"` // without a final stroke
	Name    string  `json:"name"`   // of the installation, for people
	Account Account `json:"account"`
	// Device is the portal's id of this device, PublicKey its Ed25519 key.
	Device    string `json:"device"`
	PublicKey []byte `json:"public_key"`
	// Keystore says where the secrets lie: "keyring" or "file".
	Keystore string `json:"keystore"`
	// CalendarKey is pinned at the pairing.
	CalendarKey []byte `json:"calendar_key"`
	// ReleaseKey checks newer versions of this program; pinned when it is first
	// heard of, at the pairing.
	ReleaseKey []byte   `json:"release_key,omitempty"`
	Nodes      []Node   `json:"nodes"`
	NTPServers []string `json:"ntp_servers"`
	Help       Help     `json:"help,omitzero"`
	// Computer is how the portal lists this computer.
	Computer string `json:"computer,omitempty"`
}

// Help is whom to ask, as the portal says; empty fields are not given.
type Help struct {
	Phone string        `json:"phone,omitempty"`
	Hours clickday.Text `json:"hours,omitzero"`
	Email string        `json:"email,omitempty"`
	Page  string        `json:"page,omitempty"` // address
}

// Account is the portal account that this computer sends for.
type Account struct {
	ID    clickday.AccountID `json:"id"`
	Name  string             `json:"name"`
	Email string             `json:"email"`
}

// Node is one intake node.
type Node struct {
	Node      clickday.NodeID `json:"node"`
	URL       string          `json:"url"`
	WarmURL   string          `json:"warm_url,omitempty"` // ticketed address, if there is one
	PublicKey []byte          `json:"public_key"`         // Ed25519, checks acknowledgements and time answers
	CAPEM     string          `json:"ca_pem"`             // empty: the system's authorities
}

// Profile reads the profile, and false before the first pairing.
func (s *Store) Profile() (Profile, bool, error) {
	var p Profile
	b, err := os.ReadFile(filepath.Join(s.dir, profileName))
	if errors.Is(err, fs.ErrNotExist) {
		return p, false, nil
	}
	if err != nil {
		return p, false, fmt.Errorf("store: %w", err)
	}
	if err := json.Unmarshal(b, &p); err != nil {
		return p, false, fmt.Errorf("store: %s is damaged: %w", profileName, err)
	}
	return p, true, nil
}

// PutProfile makes the profile durable.
func (s *Store) PutProfile(p Profile) error {
	b, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return s.putFile(profileName, append(b, '\n'))
}

// Calendar returns the signed bytes of the newest calendar seen, nil when none.
func (s *Store) Calendar() ([]byte, error) {
	b, err := os.ReadFile(filepath.Join(s.dir, calendarName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return b, nil
}

// PutCalendar makes signed calendar bytes durable. The caller has checked the
// signature and that the version does not go back.
func (s *Store) PutCalendar(signed []byte) error { return s.putFile(calendarName, signed) }

// Reference reads what the time servers said last into v; false when nothing is
// kept.
func (s *Store) Reference(v any) (bool, error) {
	b, err := os.ReadFile(filepath.Join(s.dir, timeName))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("store: %w", err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		return false, fmt.Errorf("store: %s is damaged: %w", timeName, err)
	}
	return true, nil
}

// PutReference keeps what the time servers said.
func (s *Store) PutReference(v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return s.putFile(timeName, append(b, '\n'))
}

func (s *Store) putFile(name string, b []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dead != nil {
		return fmt.Errorf("store: stopped after a failed write: %w", s.dead)
	}
	return s.write(s.dir, []blob{{name, b}})
}

// Forget removes everything below the directory, whatever it is called, except
// the lock, which stays until Close. The caller decides whether that is wise.
func (s *Store) Forget() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	clear(s.records)
	s.version++
	for _, e := range entries {
		if e.Name() == lockName || e.Name() == accountsDir {
			continue // other accounts have stores of their own
		}
		err = errors.Join(err, os.RemoveAll(filepath.Join(s.dir, e.Name())))
	}
	return errors.Join(err, os.MkdirAll(filepath.Join(s.dir, applicationsDir), 0o700), syncDir(s.dir))
}
