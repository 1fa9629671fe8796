package ledger

import (
	"fmt"

	"golang.org/x/mod/sumdb/note"
)

// listName is what stands behind the origin in the name of the key that signs
// lists. No code of a click day has lower-case letters, so that it can never be
// the name of a day.
const listName = "/lists"

// ListSigner returns what signs the exported lists of the installation: the
// same key under the name "<origin>/lists".
func (s *Signer) ListSigner() (note.Signer, error) {
	k, err := newDayKey(s.origin+listName, s.Verifier().key)
	if err != nil {
		return nil, err
	}
	return daySigner{k, s.key}, nil
}

// ListVerifier returns what checks the signature of exported lists.
func (v *Verifier) ListVerifier() (note.Verifier, error) {
	out, err := note.NewVerifier(vkey(v.origin+listName, v.key))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	return out, nil
}
