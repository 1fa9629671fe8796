package installation

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Day is a click day to publish.
type Day struct {
	ID      uint32
	Code    string
	TitleIT string
	TitleEN string
	Opens   time.Time
	Closes  time.Time
	State   string // empty is "scheduled"
	// Rehearsal makes it a day of rehearsals, whose code begins with PROVA.
	Rehearsal bool
	// Models are the codes of the models that the day takes; nil is B alone.
	Models []string
}

func (d *Day) models() string {
	if len(d.Models) == 0 {
		return "B"
	}
	return strings.Join(d.Models, ",")
}

// SetDay publishes a click day: a new version of the calendar, pushed to the
// intake when it runs.
func (in *Installation) SetDay(ctx context.Context, d Day) error {
	args := []string{"day", "set", "--keys", in.keys(), "--id", fmt.Sprint(d.ID), "--code", d.Code,
		"--title-it", d.TitleIT, "--title-en", d.TitleEN, "--models", d.models(),
		"--opens", d.Opens.UTC().Format(time.RFC3339Nano), "--closes", d.Closes.UTC().Format(time.RFC3339Nano),
		"--push", in.AdminURL}
	if d.State != "" {
		args = append(args, "--state", d.State)
	}
	if d.Rehearsal {
		args = append(args, "--rehearsal")
	}
	return in.Run(ctx, "portal", args...)
}

// rehearsalID is far from the ids of other days.
const rehearsalID = 4_000_000_000

// OpenRehearsals publishes the standing click day of rehearsals, which takes
// these models at any time.
func (in *Installation) OpenRehearsals(ctx context.Context, now time.Time, models ...string) error {
	opens := now.Truncate(24 * time.Hour)
	return in.SetDay(ctx, Day{
		ID: rehearsalID, Code: "PROVA", TitleIT: "Prova generale", TitleEN: "Rehearsal", Rehearsal: true, Models: models,
		Opens: opens, Closes: opens.AddDate(10, 0, 0),
	})
}

// Seed makes the demo accounts and their applications to a click day, of these
// models in turn; of model B where none is given.
func (in *Installation) Seed(ctx context.Context, dayCode, password string, intermediaryApplications int, models ...string) error {
	d := Day{Models: models}
	return in.Run(ctx, "portal", "seed", "--day", dayCode, "--password", password,
		"--intermediary-applications", fmt.Sprint(intermediaryApplications), "--models", d.models())
}
