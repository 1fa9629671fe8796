package redisfaults

import (
	"testing"
	"time"

	"puntuale/internal/devstack"
)

func startRedis(t *testing.T) *devstack.Redis {
	t.Helper()
	r, err := devstack.StartRedis(t.Context(), devstack.Options{})
	must(t, err)
	t.Cleanup(func() { must(t, r.Stop()) })
	return r
}

func do(t *testing.T, r *devstack.Redis, command string) {
	t.Helper()
	_, err := r.Do(t.Context(), command)
	must(t, err)
}

// serverFaults are what happens to Redis while submissions come in. Between two
// steps the load goes on. Absent says that Redis takes nothing meanwhile.
var serverFaults = map[string]struct {
	absent      bool
	strike, end func(t *testing.T, r *devstack.Redis)
}{
	"restart": {true,
		func(t *testing.T, r *devstack.Redis) { must(t, r.Shutdown()) },
		func(t *testing.T, r *devstack.Redis) { must(t, r.Restart(t.Context())) }},
	"kill -9": {true,
		func(t *testing.T, r *devstack.Redis) { must(t, r.Kill()) },
		func(t *testing.T, r *devstack.Redis) { must(t, r.Restart(t.Context())) }},
	"FLUSHALL by mistake": {false,
		func(t *testing.T, r *devstack.Redis) { do(t, r, "FLUSHALL") },
		func(t *testing.T, r *devstack.Redis) { do(t, r, "FLUSHALL") }},
	"stream deleted": {false,
		func(t *testing.T, r *devstack.Redis) { do(t, r, "DEL puntuale:{node-1}:batches") },
		func(t *testing.T, r *devstack.Redis) { do(t, r, "DEL puntuale:{node-1}:batches") }},
	"mark deleted": {false,
		func(t *testing.T, r *devstack.Redis) { do(t, r, "DEL puntuale:{node-1}:mark") },
		func(t *testing.T, r *devstack.Redis) { do(t, r, "DEL puntuale:{node-1}:mark") }},
	"maxmemory reached and raised": {true,
		func(t *testing.T, r *devstack.Redis) { do(t, r, "CONFIG SET maxmemory 1") },
		func(t *testing.T, r *devstack.Redis) { do(t, r, "CONFIG SET maxmemory 0") }},
}

var modes = map[string]time.Duration{"journal": 0, "journal+redis": copyWait}

// TestWhateverHappensToRedisNothingIsLost strikes twice in the middle of the load.
// Until after the first time no sequencer has looked, so what Redis loses then was
// in the journal alone.
func TestWhateverHappensToRedisNothingIsLost(t *testing.T) {
	for name, fault := range serverFaults {
		for mode, wait := range modes {
			t.Run(name+", "+mode, func(t *testing.T) {
				t.Parallel()
				r := startRedis(t)
				w := newWorld(t, wait)
				runForwarder(t, w.journal, openQueue(t, r.URL), w.safe)
				w.load(3 * time.Millisecond)
				for round := range 2 {
					w.more(300)
					fault.strike(t, r)
					w.more(100)
					if round == 0 {
						runSequencer(t, w.db, openQueue(t, r.URL))
					}
					if fault.absent && wait != 0 {
						eventually(t, "refusals without a copy", func() bool { return w.refusals() > 0 })
					}
					fault.end(t, r)
				}
				w.more(300)
				w.compare()
				if wait == 0 && w.refusals() != 0 {
					t.Errorf("%d refusals, though the journal is enough", w.refusals())
				}
			})
		}
	}
}
