package listtest

import (
	"context"
	"time"

	"puntuale/internal/postgres"
)

const (
	leadPatience = 30 * time.Second
	leadPause    = 5 * time.Millisecond
)

// Lead takes the lead of the sequencer. The server gives up the lock of a term
// that was closed a moment ago when it notices the end of its connection, so it
// is asked again for a while.
func Lead(t T, db *postgres.DB) *postgres.Term {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), leadPatience)
	defer cancel()
	pause := time.NewTicker(leadPause)
	defer pause.Stop()
	for {
		term, ok, err := db.Lead(ctx)
		switch {
		case err != nil:
			t.Fatalf("lead: %v", err)
		case ok:
			return term
		}
		<-pause.C
	}
}
