package journal

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"puntuale/internal/clickday"
)

const (
	lockFile = "journal.lock"
	metaFile = "journal.json"
	// metaVersion is that of the form of the directory.
	metaVersion = 1
)

// meta says whose journal this is. Its file is written last when a journal is
// made, so whoever finds it finds a whole journal.
type meta struct {
	Version int             `json:"version"`
	Node    clickday.NodeID `json:"node"`
	Journal uint64          `json:"-"`
	ID      string          `json:"journal"` // Journal in hexadecimal
}

func newMeta(node clickday.NodeID) meta {
	m := meta{Version: metaVersion, Node: node}
	var b [8]byte
	for m.Journal == 0 {
		rand.Read(b[:]) // never fails; it ends the program instead
		m.Journal = binary.BigEndian.Uint64(b[:])
	}
	m.ID = hex.EncodeToString(b[:])
	return m
}

// readMeta returns an error that is os.ErrNotExist when there is no journal.
func readMeta(dir string) (meta, error) {
	path := filepath.Join(dir, metaFile)
	b, err := os.ReadFile(path)
	if err != nil {
		return meta{}, fmt.Errorf("journal: %w", err)
	}
	m, err := parseMeta(b)
	if err != nil {
		return meta{}, fmt.Errorf("%w: %s: %w; restore the file from a copy", ErrCorrupt, path, err)
	}
	return m, nil
}

// parseMeta reads what writeMeta has written, and nothing besides.
func parseMeta(b []byte) (meta, error) {
	var m meta
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&m); err != nil {
		return meta{}, err
	}
	if rest := bytes.TrimSpace(b[dec.InputOffset():]); len(rest) > 0 {
		return meta{}, fmt.Errorf("%d bytes too many", len(rest))
	}
	id, err := hex.DecodeString(m.ID)
	if err != nil || len(id) != 8 || m.Version != metaVersion || m.Node == 0 {
		return meta{}, fmt.Errorf("want version %d, a node and a journal id of 16 digits", metaVersion)
	}
	if m.Journal = binary.BigEndian.Uint64(id); m.Journal == 0 {
		return meta{}, errors.New("the journal id must not be 0")
	}
	return m, nil
}

func writeMeta(dir string, m meta) error {
	b, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	tmp, err := os.CreateTemp(dir, ".meta-*")
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	defer os.Remove(tmp.Name()) // after the rename there is nothing to remove
	_, werr := tmp.Write(append(b, '\n'))
	if err := errors.Join(werr, tmp.Sync(), tmp.Close()); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	if err := os.Rename(tmp.Name(), filepath.Join(dir, metaFile)); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return syncDir(dir)
}
