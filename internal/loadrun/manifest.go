package loadrun

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"puntuale/internal/clickday"
)

// Format is the version of the run directory.
const Format = 1

// Manifest says what was run, and what the generators measured of themselves.
type Manifest struct {
	Format  int             `json:"format"`
	Name    string          `json:"name"`    // of the run, for people
	Profile json.RawMessage `json:"profile"` // as it was run
	Scale   float64         `json:"scale"`
	Seed    uint64          `json:"seed"`
	// Opening is the published opening, nanoseconds since 1970. A fault may have
	// moved it: see the calendar that the judge asks for.
	Opening int64          `json:"opening"`
	Day     clickday.DayID `json:"day"`
	DayCode string         `json:"day_code"`
	Target  Target         `json:"target"`
	Bounds  Bounds         `json:"bounds"`
	Counts  Counts         `json:"counts"`
	Quality Quality        `json:"quality"`
	Own     *Own           `json:"own,omitempty"` // the installation of a run with --own
	// Openings are all that the nodes went by while requests were sent, in order.
	Openings []Opening `json:"openings,omitempty"`
	Machine  Machine   `json:"machine"`
	Notes    []Note    `json:"notes,omitempty"` // faults and other events, in order of time
	Started  time.Time `json:"started"`
	Ended    time.Time `json:"ended"`
}

// Opening is one published opening. Times are nanoseconds since 1970.
type Opening struct {
	Opens int64 `json:"opens"`
	// From and Until bound when a node can have gone by it; 0 for ever.
	From  int64 `json:"from,omitempty"`
	Until int64 `json:"until,omitempty"`
}

// InForce reports whether a node can have gone by the opening at that time.
func (o *Opening) InForce(at int64) bool {
	return (o.From == 0 || at >= o.From) && (o.Until == 0 || at <= o.Until)
}

// Target is where requests go, and who may be asked afterwards.
type Target struct {
	Intake []string `json:"intake"`           // base addresses, https://127.0.0.1:8443
	Portal string   `json:"portal,omitempty"` // base address; empty if nobody is to be asked
}

// Bounds say when a run is void: it then tells nothing about the target.
type Bounds struct {
	Lateness     time.Duration `json:"lateness_ns"`   // 99th percentile of the generator's own
	StarvedShare float64       `json:"starved_share"` // of requests that waited for a free connection of ours
	Patience     time.Duration `json:"patience_ns"`   // for an answer
	// Skew is how far the clocks of two generators of the run may be apart; 0
	// with one.
	Skew time.Duration `json:"skew_ns,omitempty"`
}

// Counts are how much was planned.
type Counts struct {
	Requests     int            `json:"requests"`
	Envelopes    int            `json:"envelopes"`
	Applications int            `json:"applications"` // that must be numbered in the end
	Senders      int            `json:"senders"`
	Connections  int            `json:"connections"`
	Kinds        map[string]int `json:"kinds"`
	Models       []ModelCount   `json:"models,omitempty"` // by code
}

// ModelCount is what was prepared of one model. Sizes are of envelopes, in bytes.
type ModelCount struct {
	Code      clickday.ModelCode `json:"code"`
	Version   uint16             `json:"version"`
	Title     clickday.Text      `json:"title"`
	Envelopes int                `json:"envelopes"`
	Smallest  int                `json:"smallest"`
	Median    int                `json:"median"`
	Largest   int                `json:"largest"`
}

// Quality is what the generators measured of themselves.
type Quality struct {
	Lateness99  time.Duration `json:"lateness_p99_ns"` // from the planned instant to the write, where a connection was free
	LatenessMax time.Duration `json:"lateness_max_ns"`
	Starved     int           `json:"starved"`
	Void        []string      `json:"void,omitempty"` // why the run is void; empty if it is not
}

// Own is an installation that the run started itself.
type Own struct {
	Dir         string `json:"dir"`          // its state
	Journal     string `json:"journal"`      // directory of the intake's journal
	DatabaseURL string `json:"database_url"` // private, local
	RedisURL    string `json:"redis_url"`
	AdminURL    string `json:"admin_url"` // of the intake
	KeysDir     string `json:"keys_dir"`
}

// Machine is where the generator ran.
type Machine struct {
	OS         string `json:"os"`
	CPU        string `json:"cpu"`
	Processors int    `json:"processors"`
	MemoryMiB  int    `json:"memory_mib"`
}

// Note is something that happened during the run, such as a fault.
type Note struct {
	At   time.Duration `json:"at_ns"` // from the opening
	Kind string        `json:"kind"`  // a short word: "kill", "restart", …
	Text clickday.Text `json:"text"`
}

// Write stores the manifest in the directory, whole or not at all.
func (m *Manifest) Write(dir string) error {
	m.Format = Format
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("loadrun: %w", err)
	}
	return writeWhole(filepath.Join(dir, "manifest.json"), append(b, '\n'))
}

// ReadManifest reads the manifest of a run directory.
func ReadManifest(dir string) (*Manifest, error) {
	b, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err != nil {
		return nil, fmt.Errorf("loadrun: %w", err)
	}
	m := new(Manifest)
	if err := json.Unmarshal(b, m); err != nil {
		return nil, fmt.Errorf("loadrun: manifest of %s: %w", dir, err)
	}
	if m.Format != Format {
		return nil, fmt.Errorf("loadrun: %s has format %d, this program reads %d", dir, m.Format, Format)
	}
	return m, nil
}

func writeWhole(path string, b []byte) error {
	if err := os.WriteFile(path+".new", b, 0o644); err != nil {
		return fmt.Errorf("loadrun: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("loadrun: %w", err)
	}
	return nil
}
