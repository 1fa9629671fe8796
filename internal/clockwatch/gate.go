package clockwatch

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"puntuale/internal/clickday"
)

// gate remembers which click days were opened, for those are never refused
// again. The sets are never changed once made: the hot path reads them.
type gate struct {
	path   string // "" keeps nothing
	opened map[clickday.DayID]struct{}
}

// openGate reads which days a process before this one had opened, so that a
// restart in mid-event is no reason to refuse. A file that cannot be read is an
// error of the caller to log: it only costs the memory of the days.
func openGate(path string) (gate, error) {
	g := gate{path: path}
	if path == "" {
		return g, nil
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return g, nil
	}
	if err != nil {
		return g, fmt.Errorf("clockwatch: %w", err)
	}
	var days []clickday.DayID
	if err := json.Unmarshal(b, &days); err != nil {
		return g, fmt.Errorf("clockwatch: %s: %w", path, err)
	}
	g.opened = setOf(days)
	return g, nil
}

func setOf(days []clickday.DayID) map[clickday.DayID]struct{} {
	set := make(map[clickday.DayID]struct{}, len(days))
	for _, d := range days {
		set[d] = struct{}{}
	}
	return set
}

// next returns the gate at an instant. trusted says whether days that are open
// now have been accepted until now. A day that was opened stays so until it is
// closed or moved to later; a suspension in between changes nothing.
func (g gate) next(days []clickday.Day, at int64, trusted bool) gate {
	var now []clickday.DayID
	for i := range days {
		d := &days[i]
		_, was := g.opened[d.ID]
		running := d.State != clickday.DayClosed && d.Opens <= at && at < d.Closes
		if running && (was || trusted && d.PhaseAt(at) == clickday.PhaseOpen) {
			now = append(now, d.ID)
		}
	}
	return gate{g.path, setOf(now)}
}

// keep writes the opened days, whole or not at all.
func (g gate) keep() error {
	if g.path == "" {
		return nil
	}
	b, err := json.Marshal(slices.Sorted(maps.Keys(g.opened)))
	if err != nil {
		return fmt.Errorf("clockwatch: %w", err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(g.path), ".clock-*")
	if err != nil {
		return fmt.Errorf("clockwatch: %w", err)
	}
	defer os.Remove(tmp.Name()) // after the rename there is nothing to remove
	_, werr := tmp.Write(b)
	if err := errors.Join(werr, tmp.Sync(), tmp.Close()); err != nil {
		return fmt.Errorf("clockwatch: %w", err)
	}
	if err := os.Rename(tmp.Name(), g.path); err != nil {
		return fmt.Errorf("clockwatch: %w", err)
	}
	return nil
}
