package keys

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// AccountFile holds the portal's own secret: it encrypts the second factors of
// accounts and signs the challenges of the registration. Every process of the
// portal needs the same file; who loses it loses the second factors.
const AccountFile = "account.key"

// accountKeyLen is the length of the secret in bytes.
const accountKeyLen = 32

// Account reads the portal's own secret, and makes it first where there is none,
// as in a directory of keys made before there was one.
func Account(dir string) ([]byte, error) {
	path := filepath.Join(dir, AccountFile)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := initAccount(dir, path); err != nil {
			return nil, err
		}
		b, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(b)))
	if err != nil || len(key) != accountKeyLen {
		return nil, fmt.Errorf("key %s: want %d bytes in hexadecimal digits", path, accountKeyLen)
	}
	return key, nil
}

// initAccount links a complete file to its name: of two processes that start at
// once, one makes the secret and both read the same.
func initAccount(dir, path string) (err error) {
	if exists(path) {
		return nil
	}
	f, err := os.CreateTemp(dir, ".account-*")
	if err != nil {
		return fmt.Errorf("%s: %w: run \"portal keys\" where the directory can be written", AccountFile, err)
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	key := make([]byte, accountKeyLen)
	rand.Read(key)
	_, err = f.WriteString(hex.EncodeToString(key) + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("%s: %w", AccountFile, err)
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s: %w", AccountFile, err)
	}
	return nil
}
