package ledger

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Head is a signed head of the ledger of one click day.
type Head struct {
	Origin string // "<origin of the installation>/<code of the day>"
	Size   int64  // number of leaves
	Root   tlog.Hash
	// Note is the checkpoint as it was signed: the text that proves it.
	Note []byte
	// Timestamp is an RFC 3161 token (DER) over the SHA-256 of Note; nil for none.
	Timestamp []byte
}

// Day returns the code of the click day, which is what the origin ends in.
func (h *Head) Day() string { return h.Origin[strings.LastIndexByte(h.Origin, '/')+1:] }

var (
	// ErrCheckpoint is wrapped by every error about a checkpoint that cannot
	// be read.
	ErrCheckpoint = errors.New("ledger: not a checkpoint")
	// ErrSignature says that nobody whom we trust has signed a checkpoint.
	ErrSignature = errors.New("ledger: the checkpoint is not signed with the ledger's key")
	// ErrKey is wrapped by errors about signer and verifier keys.
	ErrKey = errors.New("ledger: key")
)

const (
	privatePrefix = "PRIVATE+KEY+"
	ed25519Type   = 1       // algorithm byte of note keys
	maxNote       = 4 << 10 // longer checkpoints are not read
)

// Signer signs the checkpoints of an installation, each click day under an
// origin and a key name of its own: "<origin>/<code of the day>".
type Signer struct {
	origin string
	key    ed25519.PrivateKey
}

// NewSigner reads a signer key as note.GenerateKey writes it; the key's name is
// the origin of the installation.
func NewSigner(skey string) (*Signer, error) {
	if _, err := note.NewSigner(skey); err != nil {
		return nil, fmt.Errorf("%w: not a signer key of a note: %w", ErrKey, err)
	}
	// PRIVATE+KEY+<name>+<hash>+<base64 of the type and the seed>
	f := strings.SplitN(strings.TrimPrefix(skey, privatePrefix), "+", 3)
	raw, err := base64.StdEncoding.DecodeString(f[2])
	if err != nil || len(raw) != 1+ed25519.SeedSize {
		return nil, fmt.Errorf("%w: not an Ed25519 seed", ErrKey)
	}
	return &Signer{origin: f[0], key: ed25519.NewKeyFromSeed(raw[1:])}, nil
}

// SignerOf returns the signer with that key and origin.
func SignerOf(origin string, key ed25519.PrivateKey) (*Signer, error) {
	if _, err := newDayKey(origin, key.Public().(ed25519.PublicKey)); err != nil {
		return nil, err
	}
	return &Signer{origin: origin, key: key}, nil
}

// PrivateString returns the signer key as NewSigner reads it. It is a secret.
func (s *Signer) PrivateString() string {
	raw := append([]byte{ed25519Type}, s.key.Seed()...)
	hash := keyHash(s.origin, s.key.Public().(ed25519.PublicKey))
	return fmt.Sprintf("%s%s+%08x+%s", privatePrefix, s.origin, hash, base64.StdEncoding.EncodeToString(raw))
}

// Verifier returns what checks the signer's checkpoints.
func (s *Signer) Verifier() *Verifier {
	return &Verifier{origin: s.origin, key: s.key.Public().(ed25519.PublicKey)}
}

// Sign returns the signed head of the ledger of a day. The same tree gives the
// same bytes again.
func (s *Signer) Sign(dayCode string, size int64, root tlog.Hash) (Head, error) {
	h := Head{Origin: s.origin + "/" + dayCode, Size: size, Root: root}
	name, err := newDayKey(h.Origin, s.key.Public().(ed25519.PublicKey))
	if err != nil {
		return Head{}, err
	}
	text := h.Origin + "\n" + strconv.FormatInt(size, 10) + "\n" + root.String() + "\n"
	h.Note, err = note.Sign(&note.Note{Text: text}, daySigner{name, s.key})
	if err != nil {
		return Head{}, fmt.Errorf("ledger: sign checkpoint: %w", err)
	}
	return h, nil
}

// Verifier checks the checkpoints of an installation.
type Verifier struct {
	origin string
	key    ed25519.PublicKey
}

// NewVerifier reads a verifier key as note.GenerateKey writes it, whose name is
// the origin of the installation: "<origin>+<hash>+<base64>".
func NewVerifier(vkey string) (*Verifier, error) {
	v, err := note.NewVerifier(vkey)
	if err != nil {
		return nil, fmt.Errorf("%w: not a verifier key of a note: %w", ErrKey, err)
	}
	f := strings.SplitN(vkey, "+", 3)
	raw, err := base64.StdEncoding.DecodeString(f[2])
	if err != nil || len(raw) != 1+ed25519.PublicKeySize {
		return nil, fmt.Errorf("%w: not an Ed25519 key", ErrKey)
	}
	return &Verifier{origin: v.Name(), key: raw[1:]}, nil
}

// Origin returns the origin of the installation.
func (v *Verifier) Origin() string { return v.origin }

// String returns the verifier key of the installation, as NewVerifier reads it.
func (v *Verifier) String() string { return vkey(v.origin, v.key) }

// DayKey returns the verifier key of one click day, which other tools that read
// notes take as it is.
func (v *Verifier) DayKey(dayCode string) string { return vkey(v.origin+"/"+dayCode, v.key) }

// Open checks a checkpoint of a day and returns what it says.
func (v *Verifier) Open(dayCode string, signed []byte) (Head, error) {
	h, err := ReadHead(signed)
	if err != nil {
		return Head{}, err
	}
	if want := v.origin + "/" + dayCode; h.Origin != want {
		return Head{}, fmt.Errorf("%w: it is of %.80q instead of %q", ErrCheckpoint, h.Origin, want)
	}
	verifier, err := note.NewVerifier(v.DayKey(dayCode))
	if err != nil {
		return Head{}, fmt.Errorf("%w: %w", ErrKey, err)
	}
	if _, err := note.Open(signed, note.VerifierList(verifier)); err != nil {
		return Head{}, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return h, nil
}

// ReadHead reads a checkpoint without checking who signed it. It accepts only a
// text of exactly three lines, written the one way it can be.
func ReadHead(signed []byte) (Head, error) {
	if len(signed) > maxNote {
		return Head{}, fmt.Errorf("%w: %d bytes", ErrCheckpoint, len(signed))
	}
	text, _, ok := strings.Cut(string(signed), "\n\n")
	lines := strings.Split(text, "\n")
	if !ok || len(lines) != 3 || lines[0] == "" {
		return Head{}, fmt.Errorf("%w: want origin, size and root, one a line, then an empty line", ErrCheckpoint)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return Head{}, fmt.Errorf("%w: size %.40q", ErrCheckpoint, lines[1])
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil || root.String() != lines[2] {
		return Head{}, fmt.Errorf("%w: root %.60q", ErrCheckpoint, lines[2])
	}
	return Head{Origin: lines[0], Size: size, Root: root, Note: signed}, nil
}

// dayKey is the name and hash of a note key.
type dayKey struct {
	name string
	hash uint32
}

func newDayKey(name string, key ed25519.PublicKey) (dayKey, error) {
	if _, err := note.NewVerifier(vkey(name, key)); err != nil {
		return dayKey{}, fmt.Errorf("%w: name %q has a space or a plus sign", ErrKey, name)
	}
	return dayKey{name, keyHash(name, key)}, nil
}

// Name is the name of the key.
func (k dayKey) Name() string { return k.name }

// KeyHash is the key's hash as notes define it.
func (k dayKey) KeyHash() uint32 { return k.hash }

type daySigner struct {
	dayKey
	key ed25519.PrivateKey
}

// Sign implements note.Signer.
func (s daySigner) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(s.key, msg), nil }

func keyHash(name string, key ed25519.PublicKey) uint32 {
	sum := sha256.Sum256(append([]byte(name+"\n"), append([]byte{ed25519Type}, key...)...))
	return binary.BigEndian.Uint32(sum[:])
}

func vkey(name string, key ed25519.PublicKey) string {
	raw := append([]byte{ed25519Type}, key...)
	return fmt.Sprintf("%s+%08x+%s", name, keyHash(name, key), base64.StdEncoding.EncodeToString(raw))
}
