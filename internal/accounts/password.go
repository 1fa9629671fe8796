package accounts

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// Parameters of argon2id. They are fixed, so that a check costs the same for
// every account; a change needs a new branch in CheckPassword.
const (
	argonMemory  = 19456 // KiB
	argonTime    = 2
	argonThreads = 1
	argonSalt    = 16
	argonKey     = 32
)

// MinPassword is the shortest password that is hashed, in bytes. What people may
// choose is the matter of Weak.
const MinPassword = 8

// maxPassword keeps a log-in from being used to make the server hash megabytes.
const maxPassword = 1024

// HashPassword returns the PHC string of a password with a fresh salt.
func HashPassword(password string) (string, error) {
	if len(password) < MinPassword || len(password) > maxPassword {
		return "", fmt.Errorf("accounts: password of %d bytes, want %d to %d", len(password), MinPassword, maxPassword)
	}
	salt := make([]byte, argonSalt)
	rand.Read(salt)
	return phc(salt, derive(password, salt)), nil
}

// CheckPassword reports whether the password belongs to the hash. The time it
// takes does not depend on the answer.
func CheckPassword(hash, password string) (bool, error) {
	salt, want, err := parsePHC(hash)
	if err != nil {
		return false, err
	}
	if len(password) > maxPassword {
		password = "" // no hash was ever made of an empty one
	}
	return subtle.ConstantTimeCompare(derive(password, salt), want) == 1, nil
}

func derive(password string, salt []byte) []byte {
	// Keyboards differ in how they write an accented letter.
	return argon2.IDKey(norm.NFC.Bytes([]byte(password)), salt, argonTime, argonMemory, argonThreads, argonKey)
}

func phc(salt, key []byte) string {
	enc := base64.RawStdEncoding
	return prefix() + enc.EncodeToString(salt) + "$" + enc.EncodeToString(key)
}

func prefix() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$", argon2.Version, argonMemory, argonTime, argonThreads)
}

func parsePHC(s string) (salt, key []byte, err error) {
	rest, ok := strings.CutPrefix(s, prefix())
	if !ok {
		return nil, nil, errors.New("accounts: password hash has other parameters than ours")
	}
	a, b, ok := strings.Cut(rest, "$")
	if !ok {
		return nil, nil, errors.New("accounts: password hash is cut")
	}
	enc := base64.RawStdEncoding
	salt, err1 := enc.DecodeString(a)
	key, err2 := enc.DecodeString(b)
	if err := errors.Join(err1, err2); err != nil {
		return nil, nil, fmt.Errorf("accounts: password hash: %w", err)
	}
	if len(salt) != argonSalt || len(key) != argonKey {
		return nil, nil, errors.New("accounts: password hash has a wrong length")
	}
	return salt, key, nil
}
