// Package crash takes the power, the disk and the process away from an intake
// node under load and counts what acknowledgements were worth. The senders and
// what they remember (Witness) stay outside what crashes: the rule is that every
// acknowledgement they verified is answered again, byte for byte, afterwards.
//
// The power cut is that of a file system on a loop device (Disk): the shutdown
// ioctl of ext4 drops everything that was not synced. What the storage below may
// hold back in spite of a flush is not part of it. Where there is no root or no
// loop device, Undo takes back a random part of the sectors that were written
// but not synced. Both are also run on a journal whose sync does nothing: an
// experiment that finds no loss there would prove nothing anywhere.
package crash

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"time"
)

// ErrImpossible says that this machine cannot cut the power of a disk: it needs
// root, loop devices and ext4.
var ErrImpossible = errors.New("crash: no simulated power cut on this machine")

// Figure is one result. OK says that the target is met.
type Figure struct {
	Name   string
	Value  float64
	Unit   string
	Target string
	OK     bool
}

// String writes the line that every benchmark of the repository prints.
func (f Figure) String() string {
	word := "ok"
	if !f.OK {
		word = "short"
	}
	value := strconv.FormatFloat(f.Value, 'f', 3, 64)
	if f.Value == math.Trunc(f.Value) {
		value = strconv.FormatFloat(f.Value, 'f', 0, 64)
	}
	return fmt.Sprintf("FIGURE\t%s\t%s\t%s\t%s\t%s", f.Name, value, f.Unit, f.Target, word)
}

// none is a figure that must be zero.
func none(name string, n int) Figure {
	return Figure{name, float64(n), "submissions", "0", n == 0}
}

// some is a figure that must not be zero, or the experiment was none.
func some(name string, n int, unit string) Figure {
	return Figure{name, float64(n), unit, "> 0", n > 0}
}

// atMost is a duration with a limit.
func atMost(name string, d, limit time.Duration) Figure {
	return Figure{name, d.Seconds(), "s", fmt.Sprintf("<= %g", limit.Seconds()), d <= limit}
}

// NewRand returns the random source of one experiment.
func NewRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0x6372617368)) }
