// Package profile holds the traffic of click days as data, and turns it into
// plans: P1 (ALI 2023), P2 (Invitalia 2020) and P3 (synchronised mini-clients)
// are files in profiles/, and a file of the user's own is read the same way.
//
//	Profile   the curve over time and the mix of senders and mishaps
//	Plan      every request of a run with its instant, from profile, scale and seed
//	Summary   what a plan offers per second, before anything is sent
//
// The same profile, scale, end and seed give the same plan, byte for byte.
package profile

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"puntuale/internal/clickday"
)

//go:embed profiles
var embedded embed.FS

// Span is a duration that is written "250ms" in a profile.
type Span time.Duration

// MarshalText implements encoding.TextMarshaler.
func (s Span) MarshalText() ([]byte, error) { return []byte(time.Duration(s).String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Span) UnmarshalText(b []byte) error {
	d, err := time.ParseDuration(string(b))
	*s = Span(d)
	return err
}

// Window is a stretch of the curve, from and to as distances from the opening.
// Within it arrivals are as likely at any instant as at any other.
type Window struct {
	From  Span    `json:"from"`
	To    Span    `json:"to"`
	Share float64 `json:"share,omitempty"` // of the profile's applications
	Rate  float64 `json:"rate,omitempty"`  // or so many a second
}

// Mix says who sends, and what goes wrong.
type Mix struct {
	Private      float64 `json:"private"`       // share of applications sent by private accounts, 1 to PrivateMax each
	PrivateMax   int     `json:"private_max"`   // applications of a private account at most
	Workstation  int     `json:"workstation"`   // applications of one workstation of an association, typically
	WorkstationX int     `json:"workstation_x"` // and of the largest
	Repeats      float64 `json:"repeats"`       // share of submissions sent again
	Bad          float64 `json:"bad"`           // bad ones, relative to applications
	Early        float64 `json:"early"`         // applications fired up to two seconds before the opening first
	Cut          float64 `json:"cut"`           // connections cut after sending, before the answer
	ClockError   Span    `json:"clock_error"`   // standard deviation of senders' clocks
	ClockOff     float64 `json:"clock_off"`     // share of clocks that are wrong by ClockOffMin to ClockOffMax
	ClockOffMin  Span    `json:"clock_off_min"`
	ClockOffMax  Span    `json:"clock_off_max"`
	DelayMedian  Span    `json:"delay_median"` // of the way to the intake, lognormal
	Delay95      Span    `json:"delay_p95"`
	// Models are the models that are sent, each with its share; what they add up
	// to does not matter.
	Models map[clickday.ModelCode]float64 `json:"models,omitempty"`
}

// Usual is the mix of all profiles, as far as a profile says nothing else.
func Usual() Mix {
	return Mix{
		Private: 0.47, PrivateMax: 3, Workstation: 30, WorkstationX: 400,
		Repeats: 0.25, Bad: 0.02, Early: 0.01, Cut: 0.005,
		ClockError: Span(15 * time.Millisecond), ClockOff: 0.03, ClockOffMin: Span(time.Second), ClockOffMax: Span(5 * time.Second),
		DelayMedian: Span(15 * time.Millisecond), Delay95: Span(80 * time.Millisecond),
	}
}

// Profile is the traffic of one kind of click day at full size.
type Profile struct {
	Name         string        `json:"name"`
	Title        clickday.Text `json:"title"`
	Source       clickday.Text `json:"source"`                 // where the figures come from
	Applications int           `json:"applications,omitempty"` // what shares are of
	Windows      []Window      `json:"windows"`
	// DuplicatesInside says that the curve counts repeats too. Otherwise it
	// counts first submissions, and repeats come on top.
	DuplicatesInside bool `json:"duplicates_inside"`
	Connected        int  `json:"connected"` // clients that wait for the opening with a warm connection
	Mix              Mix  `json:"mix"`
}

// Names returns the names of the profiles that come with the program.
func Names() []string {
	files, err := fs.Glob(embedded, "profiles/*.json")
	if err != nil {
		return nil // the pattern is right
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(strings.TrimPrefix(f, "profiles/"), ".json")
	}
	return files
}

// Load returns the profile of that name, or reads it from a file if the name is
// a path or ends in .json.
func Load(name string) (*Profile, error) {
	read := func() ([]byte, error) { return embedded.ReadFile("profiles/" + strings.ToUpper(name) + ".json") }
	if strings.HasSuffix(name, ".json") || strings.ContainsAny(name, `/\`) {
		read = func() ([]byte, error) { return os.ReadFile(name) }
	}
	b, err := read()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("profile: no profile %q: want %s or a file ending in .json", name, strings.Join(Names(), ", "))
	}
	if err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	return Parse(b)
}

// Parse reads a profile. What its mix does not mention is as usual.
func Parse(b []byte) (*Profile, error) {
	p := &Profile{Mix: Usual()}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(p); err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	if p.Mix.Models == nil {
		p.Mix.Models = UsualModels()
	}
	return p, p.check()
}

func (p *Profile) check() error {
	if p.Name == "" || len(p.Windows) == 0 || p.Connected < 1 {
		return errors.New("profile: name, windows and connected are needed")
	}
	share, last := 0.0, Span(0)
	for i, w := range p.Windows {
		if w.From < last || w.To <= w.From {
			return fmt.Errorf("profile %s: window %d begins before the one before it ends, or ends before it begins", p.Name, i+1)
		}
		if (w.Share > 0) == (w.Rate > 0) {
			return fmt.Errorf("profile %s: window %d: want either share or rate, above 0", p.Name, i+1)
		}
		if w.Share > 0 && p.Applications < 1 {
			return fmt.Errorf("profile %s: shares need applications", p.Name)
		}
		share, last = share+w.Share, w.To
	}
	if share > 1.0001 {
		return fmt.Errorf("profile %s: the shares of the windows are %.3f together, above 1", p.Name, share)
	}
	return p.Mix.check(p.Name)
}

func (m *Mix) check(name string) error {
	for what, v := range map[string]float64{
		"private": m.Private, "repeats": m.Repeats, "bad": m.Bad, "early": m.Early, "cut": m.Cut, "clock_off": m.ClockOff,
	} {
		if v < 0 || v > 0.9 {
			return fmt.Errorf("profile %s: mix: %s is %g: want 0 to 0.9", name, what, v)
		}
	}
	switch {
	case m.PrivateMax < 1, m.Workstation < 1, m.WorkstationX < m.Workstation:
		return fmt.Errorf("profile %s: mix: private_max and workstation want 1 or more, workstation_x no less than workstation", name)
	case m.ClockError < 0, m.ClockOffMin < 0, m.ClockOffMax < m.ClockOffMin, m.DelayMedian < 0, m.Delay95 < m.DelayMedian:
		return fmt.Errorf("profile %s: mix: clock errors and delays want 0 or more, the greater no less than the smaller", name)
	}
	return checkModels(name, m.Models)
}
