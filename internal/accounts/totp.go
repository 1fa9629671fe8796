package accounts

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"puntuale/internal/clickday"
)

// Parameters of TOTP (RFC 6238): those that every authenticator app knows.
const (
	totpPeriod = 30 * time.Second
	totpDigits = 6
	totpSecret = 20 // bytes
	totpDrift  = 1  // steps that a telephone's clock may be off, either way
)

// RecoveryCodes is how many are given out at a time.
const RecoveryCodes = 10

// recoveryBytes of randomness: too many to guess even from a stolen hash.
const recoveryBytes = 10

var secretCode = base32.StdEncoding.WithPadding(base32.NoPadding)

// NewSecret returns a fresh secret for an authenticator app.
func NewSecret() []byte {
	b := make([]byte, totpSecret)
	rand.Read(b)
	return b
}

// SecretText is the secret as a person types it into an app, in groups of four.
func SecretText(secret []byte) string { return grouped(secretCode.EncodeToString(secret)) }

// SecretURL is the address in the QR code (Key URI format). issuer is the name
// of the installation.
func SecretURL(secret []byte, issuer, email string) string {
	q := url.Values{
		"secret": {secretCode.EncodeToString(secret)}, "issuer": {issuer}, "algorithm": {"SHA1"},
		"digits": {fmt.Sprint(totpDigits)}, "period": {fmt.Sprint(int(totpPeriod.Seconds()))},
	}
	// Apps read %20, not all of them a plus sign.
	return "otpauth://totp/" + url.PathEscape(issuer+":"+email) + "?" + strings.ReplaceAll(q.Encode(), "+", "%20")
}

// TOTPStep is the number of the interval that t lies in.
func TOTPStep(t time.Time) int64 { return t.Unix() / int64(totpPeriod/time.Second) }

// TOTP is the code of one interval.
func TOTP(secret []byte, step int64) string { return hotp(secret, uint64(step), totpDigits) }

// hotp is RFC 4226.
func hotp(secret []byte, counter uint64, digits int) string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], counter)
	mac := hmac.New(sha1.New, secret)
	mac.Write(b[:])
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0x0f
	n := binary.BigEndian.Uint32(sum[at:]) & 0x7fffffff
	mod := uint32(1)
	for range digits {
		mod *= 10
	}
	return fmt.Sprintf("%0*d", digits, n%mod)
}

// MatchTOTP returns the interval whose code was typed, if it is now or a
// neighbour and later than last: a code counts once.
func MatchTOTP(secret []byte, typed string, now time.Time, last int64) (step int64, ok bool) {
	typed = strings.Join(strings.Fields(typed), "")
	at := TOTPStep(now)
	for s := at - totpDrift; s <= at+totpDrift; s++ {
		if subtle.ConstantTimeCompare([]byte(TOTP(secret, s)), []byte(typed)) == 1 && s > last {
			step, ok = s, true
		}
	}
	return step, ok
}

// NewRecoveryCodes returns codes to show once, and their hashes to store.
func NewRecoveryCodes() (codes []string, hashes [][32]byte) {
	for range RecoveryCodes {
		b := make([]byte, recoveryBytes)
		rand.Read(b)
		text := secretCode.EncodeToString(b)
		codes, hashes = append(codes, grouped(text)), append(hashes, sha256.Sum256([]byte(text)))
	}
	return codes, hashes
}

// RecoveryHash is the hash of a code as it was typed; false if it is none.
func RecoveryHash(typed string) ([32]byte, bool) {
	text := strings.ToUpper(strings.NewReplacer(" ", "", "-", "", "\t", "").Replace(typed))
	b, err := secretCode.DecodeString(text)
	if err != nil || len(b) != recoveryBytes || len(text) != secretCode.EncodedLen(recoveryBytes) {
		return [32]byte{}, false
	}
	return sha256.Sum256([]byte(text)), true
}

func grouped(s string) string {
	var out strings.Builder
	for i := range len(s) {
		if i > 0 && i%4 == 0 {
			out.WriteByte(' ')
		}
		out.WriteByte(s[i])
	}
	return out.String()
}

// Vault encrypts secrets of second factors, so that a copy of the database alone
// opens no account (AES-256-GCM, bound to the account).
type Vault struct{ aead cipher.AEAD }

// NewVault derives its key from the portal's own secret of 32 bytes.
func NewVault(master []byte) (*Vault, error) {
	if len(master) != 32 {
		return nil, fmt.Errorf("accounts: account key of %d bytes, want 32", len(master))
	}
	key, err := hkdf.Key(sha256.New, master, nil, "puntuale second factor", 32)
	if err != nil {
		return nil, fmt.Errorf("accounts: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("accounts: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("accounts: %w", err)
	}
	return &Vault{aead}, nil
}

// Seal encrypts a secret of an account.
func (v *Vault) Seal(id clickday.AccountID, secret []byte) []byte {
	nonce := make([]byte, v.aead.NonceSize())
	rand.Read(nonce)
	return v.aead.Seal(nonce, nonce, secret, binary.BigEndian.AppendUint64(nil, uint64(id)))
}

// Open decrypts it; an error means another key, or a row that was moved.
func (v *Vault) Open(id clickday.AccountID, sealed []byte) ([]byte, error) {
	n := v.aead.NonceSize()
	if len(sealed) < n {
		return nil, errors.New("accounts: secret of a second factor is cut")
	}
	secret, err := v.aead.Open(nil, sealed[:n], sealed[n:], binary.BigEndian.AppendUint64(nil, uint64(id)))
	if err != nil {
		return nil, errors.New("accounts: secret of a second factor does not open: is account.key that of the installation?")
	}
	return secret, nil
}
