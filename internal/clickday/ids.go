package clickday

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// SubmissionID identifies one signed envelope: the SHA-256 of all its bytes.
// Repeating the same envelope repeats the same id, on any connection or node.
type SubmissionID [32]byte

// String returns the id as 64 lower-case hexadecimal digits.
func (id SubmissionID) String() string { return hex.EncodeToString(id[:]) }

// ParseSubmissionID reads 64 hexadecimal digits.
func ParseSubmissionID(s string) (SubmissionID, error) {
	var id SubmissionID
	if len(s) != 2*len(id) {
		return id, fmt.Errorf("submission id: want %d hexadecimal digits, got %d characters", 2*len(id), len(s))
	}
	if _, err := hex.Decode(id[:], []byte(s)); err != nil {
		return id, fmt.Errorf("submission id: %w", err)
	}
	return id, nil
}

// ApplicationID identifies an application for life, as a random UUID (RFC 9562
// version 4). All sealed versions of an application share it, and at most one
// of its submissions is ever given a protocol number.
type ApplicationID [16]byte

// NewApplicationID returns a fresh random id.
func NewApplicationID() ApplicationID {
	var id ApplicationID
	rand.Read(id[:]) // crypto/rand.Read never fails; it ends the program instead
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id
}

// String returns the id in the usual 8-4-4-4-12 form.
func (id ApplicationID) String() string {
	h := hex.EncodeToString(id[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// ParseApplicationID reads the 8-4-4-4-12 form.
func ParseApplicationID(s string) (ApplicationID, error) {
	var id ApplicationID
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return id, errors.New("application id: want the form xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx")
	}
	if _, err := hex.Decode(id[:], []byte(strings.ReplaceAll(s, "-", ""))); err != nil {
		return id, fmt.Errorf("application id: %w", err)
	}
	return id, nil
}

// Digest is the SHA-256 of the canonical bytes of a sealed document.
type Digest [32]byte

// String returns the digest as 64 lower-case hexadecimal digits.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// AccountID numbers an account of the portal. Zero is no account.
type AccountID int64

// DayID numbers a click day within an installation. Zero is no click day.
type DayID uint32

// NodeID numbers an intake node, 1 to 65535. Zero is no node.
type NodeID uint16

// ModelCode is the short name of a form, "B" or "C-STAG": one to eight
// upper-case letters, digits or hyphens.
type ModelCode string

// Validate reports whether the code can stand in a ticket.
func (m ModelCode) Validate() error {
	if len(m) < 1 || len(m) > 8 {
		return fmt.Errorf("model code %q: want one to eight characters", string(m))
	}
	for _, r := range m {
		if (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' {
			return fmt.Errorf("model code %q: only A-Z, 0-9 and - are allowed", string(m))
		}
	}
	return nil
}
