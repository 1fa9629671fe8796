package bench

import (
	"fmt"
	"strconv"
	"strings"

	"puntuale/internal/batch"
	"puntuale/internal/clickday"
	"puntuale/internal/journal"
)

// parseMetrics reads lines "name value"; lines with labels are left out.
func parseMetrics(text string) map[string]float64 {
	out := map[string]float64{}
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || strings.ContainsAny(name, "#{") {
			continue
		}
		if v, err := strconv.ParseFloat(value, 64); err == nil {
			out[name] = v
		}
	}
	return out
}

// readJournal verifies a journal with all its signatures and returns the stamp
// of every submission in it.
func (g *Ground) readJournal(dir string) (map[clickday.SubmissionID]clickday.Stamp, error) {
	stamps := map[clickday.SubmissionID]clickday.Stamp{}
	_, err := journal.Scan(dir, g.Node, func(f *batch.Frame) error {
		for i := range f.Records {
			l := &f.Records[i].Leaf
			stamps[l.ID] = l.Stamp
		}
		return nil
	})
	return stamps, err
}

// journalHolds checks that the first acked envelopes of the pool are in a
// journal, and nothing else.
func (g *Ground) journalHolds(dir string, acked int) error {
	stamps, err := g.readJournal(dir)
	if err != nil {
		return err
	}
	if len(stamps) != acked {
		return fmt.Errorf("bench: %d acknowledged, %d in the journal", acked, len(stamps))
	}
	for i := range acked {
		if _, ok := stamps[g.Pool.ID(i)]; !ok {
			return fmt.Errorf("bench: envelope %d was acknowledged and is not in the journal", i)
		}
	}
	return nil
}
