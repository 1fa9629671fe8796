// Package proofofwork asks a browser for a little work before it may register:
// what a picture captcha is for, without asking anything of people who cannot
// see, hear or hurry. Challenges are signed and not stored. A solution belongs
// to one challenge and one subject (the e-mail address), so that it is worth
// nothing for another.
//
// A challenge is the text base64url(random 16 | issued 8 | bits 1 | MAC 16). It
// is solved by a number n such that SHA-256(SHA-256(challenge "\n" subject) | n
// as 8 bytes, big-endian) begins with so many zero bits.
package proofofwork

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"time"

	"puntuale/internal/clock"
)

// Lifetime is how long a challenge may be solved: long enough to fill in a form
// with interruptions.
const Lifetime = 2 * time.Hour

// MaxBits bounds the difficulty: 24 bits are about a minute on a telephone.
const MaxBits = 24

const (
	randomLen = 16
	bodyLen   = randomLen + 8 + 1
	macLen    = 16
)

// Errors of Check and Age.
var (
	// ErrChallenge: not one of ours, or too old; a fresh one is needed.
	ErrChallenge = errors.New("proofofwork: challenge is not ours or too old")
	// ErrUnsolved: no number, or not one that solves it.
	ErrUnsolved = errors.New("proofofwork: not solved")
)

// Desk gives out challenges and checks solutions. It is safe for concurrent use.
type Desk struct {
	key   []byte
	bits  int
	clock clock.Clock
}

// New derives its key from a secret that all processes of an installation
// share. bits is the difficulty: every bit more doubles the work; 18 are about
// a quarter of a million hashes.
func New(master []byte, bits int, c clock.Clock) (*Desk, error) {
	if len(master) != 32 {
		return nil, fmt.Errorf("proofofwork: secret of %d bytes, want 32", len(master))
	}
	if bits < 1 || bits > MaxBits {
		return nil, fmt.Errorf("proofofwork: difficulty %d: want 1 to %d bits", bits, MaxBits)
	}
	key, err := hkdf.Key(sha256.New, master, nil, "puntuale proof of work", 32)
	if err != nil {
		return nil, fmt.Errorf("proofofwork: %w", err)
	}
	return &Desk{key: key, bits: bits, clock: c}, nil
}

// Bits is the difficulty of new challenges.
func (d *Desk) Bits() int { return d.bits }

// Challenge returns a fresh one.
func (d *Desk) Challenge() string {
	b := make([]byte, randomLen, bodyLen+macLen)
	rand.Read(b)
	b = binary.BigEndian.AppendUint64(b, uint64(d.clock.Now().UnixMilli()))
	b = append(b, byte(d.bits))
	return base64.RawURLEncoding.EncodeToString(append(b, d.mac(b)...))
}

func (d *Desk) mac(body []byte) []byte {
	m := hmac.New(sha256.New, d.key)
	m.Write(body)
	return m.Sum(nil)[:macLen]
}

// open returns when a challenge was given out, and its difficulty.
func (d *Desk) open(challenge string) (issued time.Time, bits int, err error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(challenge)
	if err != nil || len(b) != bodyLen+macLen || !hmac.Equal(b[bodyLen:], d.mac(b[:bodyLen])) {
		return time.Time{}, 0, ErrChallenge
	}
	issued = time.UnixMilli(int64(binary.BigEndian.Uint64(b[randomLen:])))
	if age := d.clock.Now().Sub(issued); age < -time.Minute || age > Lifetime {
		return time.Time{}, 0, ErrChallenge
	}
	return issued, int(b[bodyLen-1]), nil
}

// Age is how long ago a challenge was given out, or ErrChallenge.
func (d *Desk) Age(challenge string) (time.Duration, error) {
	issued, _, err := d.open(challenge)
	return d.clock.Now().Sub(issued), err
}

// Check judges a solution, the number in decimal digits.
func (d *Desk) Check(challenge, subject, solution string) error {
	_, bits, err := d.open(challenge)
	if err != nil {
		return err
	}
	n, err := strconv.ParseUint(solution, 10, 53) // what a script can count to
	if err != nil || zeros(start(challenge, subject), n) < bits {
		return ErrUnsolved
	}
	return nil
}

// Solve does the work; for tests and programs that register on purpose.
func Solve(challenge, subject string, bits int) string {
	first := start(challenge, subject)
	n := uint64(0)
	for zeros(first, n) < bits {
		n++
	}
	return strconv.FormatUint(n, 10)
}

func start(challenge, subject string) [32]byte {
	return sha256.Sum256([]byte(challenge + "\n" + subject))
}

func zeros(first [32]byte, n uint64) int {
	var b [40]byte
	copy(b[:], first[:])
	binary.BigEndian.PutUint64(b[32:], n)
	sum := sha256.Sum256(b[:])
	return bits.LeadingZeros64(binary.BigEndian.Uint64(sum[:]))
}
