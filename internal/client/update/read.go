package update

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Signed is a manifest as it is published: its bytes and the signature over the
// domain and them.
type Signed struct {
	Manifest  []byte `json:"manifest"`
	Signature []byte `json:"signature"`
}

// Read returns what is published in a directory of releases, as it stands there;
// Open checks it. Where nothing is published the error is fs.ErrNotExist.
func Read(dir string) ([]byte, Signed, error) {
	var s Signed
	b, err := os.ReadFile(filepath.Join(dir, manifestFile))
	if err != nil {
		return nil, s, fmt.Errorf("update: %w", err)
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, s, ErrForm
	}
	return b, s, nil
}
