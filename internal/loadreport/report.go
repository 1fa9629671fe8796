package loadreport

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/loadrun"
)

// Report is what was found in a run directory.
type Report struct {
	Manifest loadrun.Manifest `json:"manifest"`
	Outcome  loadrun.Outcome  `json:"outcome"` // empty when nobody has judged, and the run is not void
	Planned  int              `json:"planned"`
	Sent     int              `json:"sent"`
	Starved  int              `json:"starved"`
	// Postponed were refused as early because the opening was moved, and sent
	// again; what became of them then is counted as if they had not been.
	Postponed int                   `json:"postponed,omitempty"`
	Kinds     map[string]*KindCount `json:"kinds"`
	Problems  map[string]int        `json:"problems"` // refusals by code
	Failures  map[string]int        `json:"failures"` // requests without an answer, by reason; planned cuts are not among them
	Latency   Quantiles             `json:"latency"`  // of acknowledgements, from the planned instant
	Service   Quantiles             `json:"service"`  // of acknowledgements, from the sending
	Lateness  Quantiles             `json:"lateness"` // of the generator
	Seconds   []Second              `json:"seconds"`
	Samples   []loadrun.Sample      `json:"samples,omitempty"`
	Receipts  Receipts              `json:"receipts"`
	Verdict   *loadrun.Verdict      `json:"verdict,omitempty"`
	// LatencyHDR is the histogram behind Latency in microseconds, as
	// HdrHistogram's compressed V2 encoding in base64.
	LatencyHDR string `json:"latency_hdr"`
}

// KindCount is what became of one kind of request.
type KindCount struct {
	Planned  int `json:"planned"`
	Accepted int `json:"accepted"`
	Refused  int `json:"refused"`
	Cut      int `json:"cut"`
	Failed   int `json:"failed"`
}

// Quantiles are in milliseconds.
type Quantiles struct {
	Count int64   `json:"count"`
	P50   float64 `json:"p50_ms"`
	P90   float64 `json:"p90_ms"`
	P99   float64 `json:"p99_ms"`
	P999  float64 `json:"p999_ms"`
	Max   float64 `json:"max_ms"`
}

// Second is one second of a run: what was planned in it, what was answered in
// it, and how long what was planned in it took.
type Second struct {
	At       int `json:"at"` // from the opening
	Offered  int `json:"offered"`
	Accepted int `json:"accepted"`
	Refused  int `json:"refused"`
	Failed   int `json:"failed"`
	// Errors are refusals by code and requests without an answer by reason.
	Errors map[string]int `json:"errors,omitempty"`
	P50    float64        `json:"p50_ms,omitempty"`
	P90    float64        `json:"p90_ms,omitempty"`
	P99    float64        `json:"p99_ms,omitempty"`
	Max    float64        `json:"max_ms,omitempty"`
}

// Receipts says when the last one was there.
type Receipts struct {
	Numbered  int64   `json:"numbered"`
	Receipted int64   `json:"receipted"`
	All       bool    `json:"all"`               // everything that has a number has its receipt
	After     float64 `json:"after_s,omitempty"` // seconds from the opening to the sample that first saw the last one
}

// conclude draws what follows from the counts.
func (r *Report) conclude() {
	for i := range r.Samples {
		p := r.Samples[i].Progress
		if p == nil {
			continue
		}
		if p.Receipted > r.Receipts.Receipted {
			r.Receipts.After = r.Samples[i].At.Seconds()
		}
		r.Receipts.Numbered, r.Receipts.Receipted = p.Numbered, p.Receipted
	}
	r.Receipts.All = r.Receipts.Numbered > 0 && r.Receipts.Numbered == r.Receipts.Receipted
	switch {
	case len(r.Void()) > 0:
		r.Outcome = loadrun.Void
	case r.Verdict != nil:
		r.Outcome = r.Verdict.Outcome
	}
}

// Void says why the run tells nothing about its target; empty if it does.
func (r *Report) Void() []clickday.Text {
	var out []clickday.Text
	say := func(it, en string, a, b clickday.Text) {
		out = append(out, clickday.Text{IT: fmt.Sprintf(it, a.IT, b.IT), EN: fmt.Sprintf(en, a.EN, b.EN)})
	}
	b := &r.Manifest.Bounds
	if late := time.Duration(r.Lateness.P99 * float64(time.Millisecond)); b.Lateness > 0 && late > b.Lateness {
		say("Il generatore era in ritardo: 99 richieste su 100 entro %s, ammessi %s.", "The generator was late: 99 of 100 requests within %s, allowed are %s.",
			span(r.Lateness.P99), loadrun.Duration(b.Lateness))
	}
	if share := float64(r.Starved) / float64(max(1, r.Planned)); share > b.StarvedShare {
		say("Il %s %% delle richieste ha atteso una connessione libera, ammesso il %s %%: servono più connessioni (--conns).",
			"%s %% of the requests waited for a free connection, allowed are %s %%: more connections are needed (--conns).",
			loadrun.Number(100*share, 2), loadrun.Number(100*b.StarvedShare, 2))
	}
	if n := r.Failures[loadrun.Unsent.String()]; n > 0 {
		say("Su %[2]s richieste, %[1]s non sono mai partite.", "Of %[2]s requests, %[1]s were never sent.", plain(int64(n)), plain(int64(r.Planned)))
	}
	return out
}

// Quality is what the generators were worth.
func (r *Report) Quality() loadrun.Quality {
	var void []string
	for _, v := range r.Void() {
		void = append(void, v.IT+" / "+v.EN)
	}
	return loadrun.Quality{
		Lateness99:  time.Duration(r.Lateness.P99 * float64(time.Millisecond)),
		LatenessMax: time.Duration(r.Lateness.Max * float64(time.Millisecond)),
		Starved:     r.Starved, Void: void,
	}
}

// Total is the sum over all kinds.
func (r *Report) Total() KindCount {
	var t KindCount
	for _, k := range r.Kinds {
		t.Planned += k.Planned
		t.Accepted += k.Accepted
		t.Refused += k.Refused
		t.Cut += k.Cut
		t.Failed += k.Failed
	}
	return t
}

// Write stores report.json and report.html in the run directory.
func (r *Report) Write(runDir string) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("loadreport: %w", err)
	}
	page, err := r.HTML()
	if err != nil {
		return err
	}
	for name, b := range map[string][]byte{"report.json": append(b, '\n'), "report.html": page} {
		if err := os.WriteFile(filepath.Join(runDir, name), b, 0o644); err != nil {
			return fmt.Errorf("loadreport: %w", err)
		}
	}
	return nil
}

// Open analyses a run directory, or reads the report of one of which only that was
// kept.
func Open(runDir string) (*Report, error) {
	if _, err := loadrun.Parts(runDir); err != nil {
		return Read(runDir)
	}
	return Analyse(runDir)
}

// Read reads report.json of a run directory.
func Read(runDir string) (*Report, error) {
	b, err := os.ReadFile(filepath.Join(runDir, "report.json"))
	if err != nil {
		return nil, fmt.Errorf("loadreport: %w", err)
	}
	r := new(Report)
	if err := json.Unmarshal(b, r); err != nil {
		return nil, fmt.Errorf("loadreport: %s: %w", runDir, err)
	}
	return r, nil
}
