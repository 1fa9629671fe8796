package pades

import (
	"crypto"
	"encoding/asn1"
	"fmt"
	"math/big"
	"time"
)

// Certificate returns the DER of the seal's certificate; it must not be changed.
func (s *Seal) Certificate() []byte { return s.certificate.Raw }

// SignDigest signs a SHA-256 for formats other than PDF: r and s, each 32 bytes,
// one behind the other, as XML signatures want them (RFC 4050). The same digest
// gives the same bytes.
func (s *Seal) SignDigest(sum [32]byte) ([]byte, error) {
	der, err := s.key.Sign(nil, sum[:], crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	var pair struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &pair); err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	size := (s.key.Curve.Params().BitSize + 7) / 8
	out := make([]byte, 2*size)
	pair.R.FillBytes(out[:size])
	pair.S.FillBytes(out[size:])
	return out, nil
}

// Seal returns the seal as its files are at an instant.
func (w *Watched) Seal(at time.Time) *Seal { return w.current(at) }
