package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	// TileHeight is the height of a tile: 2^8 hashes side by side.
	TileHeight = 8
	// TileWidth is the number of hashes in a full tile, and of entries in a
	// full bundle.
	TileWidth = 1 << TileHeight
	// Entries is the Level of an entry bundle.
	Entries = -1

	maxLevel = 7 // 8*7 + 8 = 64 bits are more than any size
)

// Tile is up to 256 neighbouring hashes of a tree, or up to 256 leaves.
//
// At Level 0 the hashes are those of the leaves; a hash at level l+1 covers one
// full tile of level l. At level Entries, Data holds the leaves themselves, each
// behind its length as a big-endian uint16.
type Tile struct {
	Level int
	Index int64 // 0 for the leftmost tile of its level
	Width int   // 1 to 256
	Data  []byte
}

// ErrTile is wrapped by every error about the bytes or the path of a tile.
var ErrTile = errors.New("ledger: not a tile")

// Path returns the path below the ledger's address as C2SP tlog-tiles has it:
// "tile/0/x001/067", "tile/entries/000.p/12".
func (t *Tile) Path() string {
	level := "entries"
	if t.Level >= 0 {
		level = strconv.Itoa(t.Level)
	}
	index := fmt.Sprintf("%03d", t.Index%1000)
	for n := t.Index / 1000; n > 0; n /= 1000 {
		index = fmt.Sprintf("x%03d/%s", n%1000, index)
	}
	path := "tile/" + level + "/" + index
	if t.Width < TileWidth {
		path += fmt.Sprintf(".p/%d", t.Width)
	}
	return path
}

// ParsePath reads the path of a tile. It accepts only what Path writes.
func ParsePath(path string) (Tile, error) {
	bad := fmt.Errorf("%w: path %.80q", ErrTile, path)
	rest, ok := strings.CutPrefix(path, "tile/")
	level, index, ok2 := strings.Cut(rest, "/")
	if !ok || !ok2 {
		return Tile{}, bad
	}
	t := Tile{Level: Entries, Width: TileWidth}
	var err error
	if level != "entries" {
		if t.Level, err = strconv.Atoi(level); err != nil || t.Level < 0 || t.Level > maxLevel {
			return Tile{}, bad
		}
	}
	if whole, width, partial := strings.Cut(index, ".p/"); partial {
		index = whole
		if t.Width, err = strconv.Atoi(width); err != nil || t.Width < 1 || t.Width >= TileWidth {
			return Tile{}, bad
		}
	}
	digits := strings.ReplaceAll(strings.ReplaceAll(index, "x", ""), "/", "")
	if t.Index, err = strconv.ParseInt(digits, 10, 62); err != nil || t.Path() != path {
		return Tile{}, bad
	}
	return t, nil
}

// Cut returns the first width hashes or entries of the tile. Because a tree only
// grows to the right, that is what the tile was when it was that wide.
func (t *Tile) Cut(width int) (Tile, error) {
	out := *t
	if width < 1 || width > t.Width {
		return out, fmt.Errorf("%w: %d of %d asked for", ErrTile, width, t.Width)
	}
	out.Width = width
	if t.Level >= 0 {
		if len(t.Data) != t.Width*tlog.HashSize {
			return out, fmt.Errorf("%w: %d bytes for %d hashes", ErrTile, len(t.Data), t.Width)
		}
		out.Data = t.Data[:width*tlog.HashSize]
		return out, nil
	}
	end := 0
	for range width {
		_, next, err := cutEntry(t.Data, end)
		if err != nil {
			return out, err
		}
		end = next
	}
	out.Data = t.Data[:end]
	return out, nil
}

// Lines returns the leaves of an entry bundle; they share its memory.
func (t *Tile) Lines() ([][]byte, error) {
	if t.Level != Entries || t.Width < 1 || t.Width > TileWidth {
		return nil, fmt.Errorf("%w: level %d, width %d", ErrTile, t.Level, t.Width)
	}
	out := make([][]byte, 0, t.Width)
	end := 0
	for range t.Width {
		line, next, err := cutEntry(t.Data, end)
		if err != nil {
			return nil, err
		}
		out, end = append(out, line), next
	}
	if end != len(t.Data) {
		return nil, fmt.Errorf("%w: %d bytes behind the last entry", ErrTile, len(t.Data)-end)
	}
	return out, nil
}

// Hashes returns the hashes of a hash tile.
func (t *Tile) Hashes() ([]tlog.Hash, error) {
	if t.Level < 0 || t.Width < 1 || t.Width > TileWidth || len(t.Data) != t.Width*tlog.HashSize {
		return nil, fmt.Errorf("%w: level %d, width %d, %d bytes", ErrTile, t.Level, t.Width, len(t.Data))
	}
	out := make([]tlog.Hash, t.Width)
	for i := range out {
		copy(out[i][:], t.Data[i*tlog.HashSize:])
	}
	return out, nil
}

// cutEntry reads the entry of a bundle that begins at from, and where the next begins.
func cutEntry(data []byte, from int) ([]byte, int, error) {
	if len(data)-from < 2 {
		return nil, 0, fmt.Errorf("%w: bundle ends in a length", ErrTile)
	}
	begin := from + 2
	end := begin + int(binary.BigEndian.Uint16(data[from:]))
	if end > len(data) {
		return nil, 0, fmt.Errorf("%w: bundle ends in an entry", ErrTile)
	}
	return data[begin:end], end, nil
}

func appendEntry(b, line []byte) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(line))), line...)
}
