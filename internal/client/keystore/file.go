package keystore

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/crypto/argon2"

	"puntuale/internal/client/store"
)

// FileName is the encrypted file below the profile directory.
const FileName = "secrets.json"

// The cost of guessing: OWASP's Argon2id profile of 19 MiB, two passes, one lane.
// They are written into the file and may be raised without breaking old ones.
const (
	kdfMemory = 19456 // KiB
	kdfTime   = 2
	kdfLanes  = 1
	saltSize  = 16
	keySize   = 32
	// Limits for what a file may ask of us.
	kdfMemoryMax = 1 << 20
	kdfTimeMax   = 16
)

// fileStore holds all secrets in one authenticated ciphertext.
type fileStore struct {
	path string
	ask  Passphrase

	mu  sync.Mutex
	key []byte // guarded by mu; derived once per process
	hdr header // guarded by mu; belongs to key
}

type header struct {
	Version int    `json:"version"`
	Memory  uint32 `json:"argon2id_memory_kib"`
	Time    uint32 `json:"argon2id_passes"`
	Lanes   uint8  `json:"argon2id_lanes"`
	Salt    []byte `json:"salt"`
}

type sealedFile struct {
	header
	Nonce      []byte `json:"nonce"`
	Ciphertext []byte `json:"ciphertext"`
}

func newFile(dir string, ask Passphrase) *fileStore {
	return &fileStore{path: filepath.Join(dir, FileName), ask: ask}
}

func (f *fileStore) Kind() string { return KindFile }

func (f *fileStore) Save(name string, secret []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	secrets, err := f.open()
	if errors.Is(err, fs.ErrNotExist) {
		secrets, err = map[string][]byte{}, f.fresh()
	}
	if err != nil {
		return err
	}
	secrets[name] = secret
	return f.seal(secrets)
}

func (f *fileStore) Load(name string) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	secrets, err := f.open()
	if errors.Is(err, fs.ErrNotExist) || err == nil && secrets[name] == nil {
		return nil, fmt.Errorf("%s: %w", name, ErrNotFound)
	}
	return secrets[name], err
}

func (f *fileStore) Forget() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.key = nil
	if err := os.Remove(f.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("key file: %w", err)
	}
	return nil
}

// fresh asks for a new passphrase and derives the key of a new file.
func (f *fileStore) fresh() error {
	h := header{Version: 1, Memory: kdfMemory, Time: kdfTime, Lanes: kdfLanes, Salt: make([]byte, saltSize)}
	rand.Read(h.Salt)
	return f.derive(h, true)
}

func (f *fileStore) derive(h header, fresh bool) error {
	if f.ask == nil {
		return ErrNoPassphrase
	}
	pass, err := f.ask(fresh)
	if err != nil {
		return err
	}
	if pass == "" {
		return ErrNoPassphrase
	}
	f.key = argon2.IDKey([]byte(pass), h.Salt, h.Time, h.Memory, h.Lanes, keySize)
	f.hdr = h
	return nil
}

// open reads and decrypts the file; fs.ErrNotExist before the first Save.
func (f *fileStore) open() (map[string][]byte, error) {
	b, err := os.ReadFile(f.path)
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	var s sealedFile
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, fmt.Errorf("key file %s is damaged: %w", f.path, err)
	}
	if err := s.header.check(); err != nil {
		return nil, fmt.Errorf("key file %s: %w", f.path, err)
	}
	if f.key == nil || string(f.hdr.Salt) != string(s.Salt) {
		if err := f.derive(s.header, false); err != nil {
			return nil, err
		}
	}
	return f.decrypt(&s)
}

func (h *header) check() error {
	switch {
	case h.Version != 1:
		return fmt.Errorf("version %d is not known: install the newest mini-client", h.Version)
	case h.Memory < 8 || h.Memory > kdfMemoryMax || h.Time < 1 || h.Time > kdfTimeMax || h.Lanes < 1 || len(h.Salt) < saltSize:
		return errors.New("its parameters are out of range")
	}
	return nil
}

func (f *fileStore) decrypt(s *sealedFile) (map[string][]byte, error) {
	aead, aad, err := f.cipher()
	if err != nil {
		return nil, err
	}
	if len(s.Nonce) != aead.NonceSize() {
		return nil, fmt.Errorf("key file %s is damaged", f.path)
	}
	plain, err := aead.Open(nil, s.Nonce, s.Ciphertext, aad)
	if err != nil {
		f.key = nil // ask again next time
		return nil, ErrPassphrase
	}
	secrets := map[string][]byte{}
	if err := json.Unmarshal(plain, &secrets); err != nil {
		return nil, fmt.Errorf("key file %s is damaged: %w", f.path, err)
	}
	return secrets, nil
}

func (f *fileStore) seal(secrets map[string][]byte) error {
	plain, err := json.Marshal(secrets)
	if err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	aead, aad, err := f.cipher()
	if err != nil {
		return err
	}
	nonce := make([]byte, aead.NonceSize())
	rand.Read(nonce)
	out := sealedFile{header: f.hdr, Nonce: nonce, Ciphertext: aead.Seal(nil, nonce, plain, aad)}
	b, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	if err := store.WriteFile(f.path, append(b, '\n'), false); err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	return nil
}

// cipher returns the AEAD and the header as associated data, so that nobody can
// weaken the parameters unnoticed.
func (f *fileStore) cipher() (cipher.AEAD, []byte, error) {
	block, err := aes.NewCipher(f.key)
	if err != nil {
		return nil, nil, fmt.Errorf("key file: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, nil, fmt.Errorf("key file: %w", err)
	}
	aad, err := json.Marshal(f.hdr)
	if err != nil {
		return nil, nil, fmt.Errorf("key file: %w", err)
	}
	return aead, aad, nil
}
