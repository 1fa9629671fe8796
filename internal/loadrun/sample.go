package loadrun

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Sample is one look at the processes and at how far they have come.
type Sample struct {
	At        time.Duration    `json:"at_ns"` // from the opening
	Processes map[string]Usage `json:"processes,omitempty"`
	Progress  *Progress        `json:"progress,omitempty"` // nil where nobody could be asked
}

// Usage is what one process has used.
type Usage struct {
	CPU time.Duration `json:"cpu_ns"` // since its start
	RSS int64         `json:"rss"`    // bytes, now
}

// Progress is how many submissions have come how far.
type Progress struct {
	Journalled int64 `json:"journalled"` // acknowledged by the intake, as it counts them itself; 0 if it was not asked
	Stored     int64 `json:"stored"`     // in Postgres
	Numbered   int64 `json:"numbered"`
	Receipted  int64 `json:"receipted"`
}

// SampleWriter appends samples to a run directory.
type SampleWriter struct{ f *os.File }

// NewSampleWriter creates samples.jsonl.
func NewSampleWriter(runDir string) (*SampleWriter, error) {
	f, err := os.Create(filepath.Join(runDir, "samples.jsonl"))
	if err != nil {
		return nil, fmt.Errorf("loadrun: %w", err)
	}
	return &SampleWriter{f}, nil
}

// Add writes one sample.
func (w *SampleWriter) Add(s *Sample) error {
	b, err := json.Marshal(s)
	if err == nil {
		_, err = w.f.Write(append(b, '\n'))
	}
	if err != nil {
		return fmt.Errorf("loadrun: %w", err)
	}
	return nil
}

// Close closes the file.
func (w *SampleWriter) Close() error { return w.f.Close() }

// Samples reads the samples of a run; none if there is no such file.
func Samples(runDir string) ([]Sample, error) {
	f, err := os.Open(filepath.Join(runDir, "samples.jsonl"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("loadrun: %w", err)
	}
	defer f.Close()
	var out []Sample
	in := bufio.NewScanner(f)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		var s Sample
		if err := json.Unmarshal(in.Bytes(), &s); err != nil {
			return out, fmt.Errorf("loadrun: samples: %w", err)
		}
		out = append(out, s)
	}
	return out, in.Err()
}
