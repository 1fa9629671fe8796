package clockwatch

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// attempts bounds how often the clocks are read to get them close together.
const attempts = 5

// ReadClocks reads both clocks of the machine. The two are read within the
// shortest of a few attempts, so that being interrupted between them is not
// mistaken for a step.
func ReadClocks() (Reading, error) {
	var best Reading
	shortest := int64(-1)
	for range attempts {
		var before, real, after unix.Timespec
		for _, c := range []struct {
			id int32
			ts *unix.Timespec
		}{{unix.CLOCK_MONOTONIC_RAW, &before}, {unix.CLOCK_REALTIME, &real}, {unix.CLOCK_MONOTONIC_RAW, &after}} {
			if err := unix.ClockGettime(c.id, c.ts); err != nil {
				return Reading{}, fmt.Errorf("clockwatch: read clock %d: %w", c.id, err)
			}
		}
		took := after.Nano() - before.Nano()
		if shortest < 0 || took < shortest {
			shortest, best = took, Reading{Real: real.Nano(), Raw: before.Nano() + took/2}
		}
	}
	return best, nil
}
