package keystore

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/zalando/go-keyring"
)

// service is the name under which the entries stand in the keyring.
const service = "Puntuale mini-client"

// keyringStore keeps each secret as one entry. Entries are 64 characters, far
// below the smallest limit of the systems (2,560 bytes on Windows).
type keyringStore struct{ prefix string }

func newKeyring(dir string) *keyringStore {
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	sum := sha256.Sum256([]byte(dir)) // two directories are two clients
	return &keyringStore{prefix: hex.EncodeToString(sum[:6]) + "/"}
}

// works tries the keyring with an entry of its own.
func (k *keyringStore) works() bool {
	user := k.prefix + "probe"
	if keyring.Set(service, user, "probe") != nil {
		return false
	}
	got, err := keyring.Get(service, user)
	return err == nil && got == "probe" && keyring.Delete(service, user) == nil
}

func (k *keyringStore) Kind() string { return KindKeyring }

func (k *keyringStore) Save(name string, secret []byte) error {
	if err := keyring.Set(service, k.prefix+name, hex.EncodeToString(secret)); err != nil {
		return fmt.Errorf("system keyring: %w", err)
	}
	return nil
}

func (k *keyringStore) Load(name string) ([]byte, error) {
	text, err := keyring.Get(service, k.prefix+name)
	if errors.Is(err, keyring.ErrNotFound) {
		return nil, fmt.Errorf("%s: %w", name, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("system keyring: %w", err)
	}
	secret, err := hex.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("system keyring: %s is damaged: %w", name, err)
	}
	return secret, nil
}

func (k *keyringStore) Forget() error {
	for _, name := range []string{DeviceSeed, AccessToken} {
		if err := keyring.Delete(service, k.prefix+name); err != nil && !errors.Is(err, keyring.ErrNotFound) {
			return fmt.Errorf("system keyring: %w", err)
		}
	}
	return nil
}
