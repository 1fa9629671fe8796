// Package keystore keeps the two secrets of the mini-client, the seed of the
// device key and the access token: in the system's keyring, or, where there is
// none, in a file encrypted with a passphrase (Argon2id, AES-256-GCM). The
// passphrase itself is never stored.
package keystore

import (
	"errors"
	"fmt"
)

// Names of the secrets.
const (
	DeviceSeed  = "device-seed"
	AccessToken = "access-token"
)

// Kinds of keystore, as they stand in the profile and in the settings.
const (
	KindKeyring = "keyring"
	KindFile    = "file"
)

var (
	// ErrNotFound: the secret is not there; pair this computer again.
	ErrNotFound = errors.New("secret not found: pair this computer again")
	// ErrPassphrase: the passphrase is wrong, or the file was altered.
	ErrPassphrase = errors.New("the passphrase of the key file is wrong")
	// ErrNoPassphrase: there is no keyring and nobody to ask for a passphrase.
	ErrNoPassphrase = errors.New("no system keyring here: set PUNTUALE_PASSPHRASE or run on a terminal")
)

// Keystore holds secrets by name. A Save is durable when it returns.
type Keystore interface {
	// Save stores a secret, replacing an older one.
	Save(name string, secret []byte) error
	// Load returns a secret, or ErrNotFound.
	Load(name string) ([]byte, error)
	// Forget removes every secret. Nothing there is no error.
	Forget() error
	// Kind is KindKeyring or KindFile.
	Kind() string
}

// Passphrase is asked for when an encrypted file is opened (fresh: when it is
// made, so that a person is asked twice).
type Passphrase func(fresh bool) (string, error)

// Open returns the keystore of one profile directory. Kind "" takes the system
// keyring when it works and the file when it does not.
func Open(kind, dir string, ask Passphrase) (Keystore, error) {
	switch kind {
	case KindKeyring:
		return newKeyring(dir), nil
	case KindFile:
		return newFile(dir, ask), nil
	case "":
		if k := newKeyring(dir); k.works() {
			return k, nil
		}
		return newFile(dir, ask), nil
	default:
		return nil, fmt.Errorf("keystore %q: want %q or %q", kind, KindKeyring, KindFile)
	}
}
