package keys

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// SessionsFile holds the keys of TLS session tickets. Nodes that are given the
// same file resume each other's sessions.
const SessionsFile = "tls-sessions.json"

// SessionKeep is how many session keys a rotation keeps: with one a day, a
// session can be resumed for two days at least.
const SessionKeep = 3

const sessionKeysMax = 16

// SessionKeys are the keys of TLS session tickets, newest first. The first one
// encrypts, all of them decrypt.
type SessionKeys struct {
	Keys [][]byte `json:"keys"` // 32 bytes each
}

// ParseSessions reads the content of SessionsFile.
func ParseSessions(b []byte) ([][32]byte, error) {
	var k SessionKeys
	if err := json.Unmarshal(b, &k); err != nil {
		return nil, fmt.Errorf("session keys: %w", err)
	}
	if len(k.Keys) == 0 || len(k.Keys) > sessionKeysMax {
		return nil, fmt.Errorf("session keys: %d of them, want 1 to %d", len(k.Keys), sessionKeysMax)
	}
	out := make([][32]byte, len(k.Keys))
	for i, key := range k.Keys {
		if len(key) != len(out[i]) {
			return nil, fmt.Errorf("session keys: key %d has %d bytes, want %d", i+1, len(key), len(out[i]))
		}
		out[i] = [32]byte(key)
	}
	return out, nil
}

// InitSessions makes the session keys in dir unless they are there.
func InitSessions(dir string) error {
	if exists(filepath.Join(dir, SessionsFile)) {
		return nil
	}
	return rotateInto(filepath.Join(dir, SessionsFile), SessionKeys{})
}

// RotateSessions puts a new key before the others and drops what is over
// SessionKeep. Give the file to every node; a session made with a key that a
// node does not have yet costs a full handshake there, nothing else.
func RotateSessions(dir string) error {
	path := filepath.Join(dir, SessionsFile)
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return InitSessions(dir)
	}
	if err != nil {
		return fmt.Errorf("session keys: %w", err)
	}
	if _, err := ParseSessions(b); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	var k SessionKeys
	if err := json.Unmarshal(b, &k); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return rotateInto(path, k)
}

func rotateInto(path string, k SessionKeys) error {
	key := make([]byte, 32)
	rand.Read(key)
	k.Keys = append([][]byte{key}, k.Keys[:min(len(k.Keys), SessionKeep-1)]...)
	b, err := json.MarshalIndent(k, "", "  ")
	if err != nil {
		return fmt.Errorf("session keys: %w", err)
	}
	return Write(path, append(b, '\n'), 0o600)
}
