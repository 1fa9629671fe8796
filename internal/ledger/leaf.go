package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"puntuale/internal/clickday"
)

// Outcome is what was decided about a submission.
type Outcome string

const (
	// Numbered: it has its protocol number.
	Numbered Outcome = "numbered"
	// Repeated: its application had a number already, which stands in the leaf.
	Repeated Outcome = "repeated"
	// Refused: its content did not hold; the leaf gives the reason.
	Refused Outcome = "refused"
)

// Leaf is one decision about one submission, as the public may know it.
type Leaf struct {
	Outcome Outcome
	Number  int64 // protocol number, from 1; 0 when refused
	// Arrived is the arrival in nanoseconds since 1970 UTC, cut to the
	// granularity of the click day.
	Arrived int64
	Source  clickday.StampSource
	Clock   clickday.ClockState
	Bound   time.Duration // of the clock's error; 0 for not measured
	Node    clickday.NodeID
	// Late says that it came in behind the watermark, and so stands behind
	// where its arrival would have put it.
	Late       bool
	Submission clickday.SubmissionID
	Reason     clickday.Code // when refused, else empty
}

// ErrLeaf is wrapped by every error of ParseLeaf and Leaf.Check.
var ErrLeaf = errors.New("ledger: not a leaf")

const (
	leafFields = 10
	maxLine    = 512 // longer lines are not read
)

// AppendLine appends the leaf as it stands in the ledger:
//
//	outcome,number,arrived,source,clock,bound_us,node,late,submission,reason
//
// without a newline. arrived is RFC 3339 in UTC with as many decimals as the
// grain has (1 µs has six, 1 s none) and is cut to the grain; bound_us is
// rounded up. grain is a power of ten from 1 µs to 1 s, as clickday.Day.Grain
// returns it.
func (l *Leaf) AppendLine(b []byte, grain time.Duration) []byte {
	b = append(append(b, l.Outcome...), ',')
	if l.Number != 0 {
		b = strconv.AppendInt(b, l.Number, 10)
	}
	b = time.Unix(0, l.Arrived).UTC().Truncate(grain).AppendFormat(append(b, ','), arrivedLayout(grain))
	b = append(append(b, ','), l.Source.String()...)
	b = append(append(b, ','), l.Clock.String()...)
	b = strconv.AppendInt(append(b, ','), int64((l.Bound+time.Microsecond-1)/time.Microsecond), 10)
	b = strconv.AppendUint(append(b, ','), uint64(l.Node), 10)
	late := byte('0')
	if l.Late {
		late = '1'
	}
	b = append(b, ',', late, ',')
	b = append(hex.AppendEncode(b, l.Submission[:]), ',')
	return append(b, l.Reason...)
}

// arrivedLayout is RFC 3339 with the decimals of a grain.
func arrivedLayout(grain time.Duration) string {
	const seconds, micros = "2006-01-02T15:04:05", ".000000"
	n := decimals(grain)
	if n == 0 {
		return seconds + "Z"
	}
	return seconds + micros[:n+1] + "Z"
}

// decimals of a second that a grain shows: 6 for 1 µs, 0 for 1 s.
func decimals(grain time.Duration) int {
	n := 0
	for g := time.Second; g > grain && n < 6; g /= 10 {
		n++
	}
	return n
}

// Check reports the first thing that makes the leaf contradict itself.
func (l *Leaf) Check() error {
	refused := l.Outcome == Refused
	switch {
	case l.Outcome != Numbered && l.Outcome != Repeated && !refused:
		return fmt.Errorf("%w: outcome %q", ErrLeaf, string(l.Outcome))
	case l.Number < 0 || (l.Number == 0) != refused:
		return fmt.Errorf("%w: %s with number %d", ErrLeaf, l.Outcome, l.Number)
	case (l.Reason != "") != refused || !reasonLike(l.Reason):
		return fmt.Errorf("%w: %s with reason %q", ErrLeaf, l.Outcome, string(l.Reason))
	case l.Bound < 0 || l.Node == 0:
		return fmt.Errorf("%w: bound %v, node %d", ErrLeaf, l.Bound, l.Node)
	case l.Source != clickday.StampKernel && l.Source != clickday.StampUserSpace:
		return fmt.Errorf("%w: source %d", ErrLeaf, l.Source)
	case l.Clock < clickday.ClockOK || l.Clock > clickday.ClockRefused:
		return fmt.Errorf("%w: clock state %d", ErrLeaf, l.Clock)
	}
	return nil
}

// reasonLike keeps anything but a plain word out of the line.
func reasonLike(c clickday.Code) bool {
	for _, r := range c {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' {
			return false
		}
	}
	return len(c) <= 64
}

// ParseLeaf reads a line of the ledger. It accepts only what AppendLine writes
// for a leaf that passes Check, at any granularity.
func ParseLeaf(line []byte) (Leaf, error) {
	var l Leaf
	if len(line) > maxLine {
		return l, fmt.Errorf("%w: %d bytes", ErrLeaf, len(line))
	}
	f := bytes.Split(line, []byte{','})
	if len(f) != leafFields {
		return l, fmt.Errorf("%w: %d fields instead of %d", ErrLeaf, len(f), leafFields)
	}
	grain, err := l.read(f)
	if err == nil {
		err = l.Check()
	}
	if err != nil {
		return Leaf{}, err
	}
	if !bytes.Equal(l.AppendLine(nil, grain), line) {
		return Leaf{}, fmt.Errorf("%w: not written the one way it can be", ErrLeaf)
	}
	return l, nil
}

// read fills the leaf from its fields and returns the granularity that the
// arrival is written with. It is lenient where ParseLeaf compares afterwards.
func (l *Leaf) read(f [][]byte) (time.Duration, error) {
	l.Outcome, l.Reason = Outcome(f[0]), clickday.Code(f[9])
	l.Late = string(f[7]) == "1"
	l.Source, l.Clock = parseSource(string(f[3])), parseClock(string(f[4]))
	var err error
	if len(f[1]) > 0 {
		if l.Number, err = strconv.ParseInt(string(f[1]), 10, 64); err != nil {
			return 0, fmt.Errorf("%w: number: %w", ErrLeaf, err)
		}
	}
	arrived, err := time.Parse(time.RFC3339, string(f[2]))
	if err != nil {
		return 0, fmt.Errorf("%w: arrival: %w", ErrLeaf, err)
	}
	l.Arrived = arrived.UnixNano()
	bound, err := strconv.ParseInt(string(f[5]), 10, 48)
	if err != nil {
		return 0, fmt.Errorf("%w: bound: %w", ErrLeaf, err)
	}
	l.Bound = time.Duration(bound) * time.Microsecond
	node, err := strconv.ParseUint(string(f[6]), 10, 16)
	if err != nil {
		return 0, fmt.Errorf("%w: node: %w", ErrLeaf, err)
	}
	l.Node = clickday.NodeID(node)
	if l.Submission, err = clickday.ParseSubmissionID(string(f[8])); err != nil {
		return 0, fmt.Errorf("%w: %w", ErrLeaf, err)
	}
	return grainOf(f[2]), nil
}

// grainOf returns the granularity that an arrival of that length has.
func grainOf(arrived []byte) time.Duration {
	grain := time.Second
	for range len(arrived) - len("2006-01-02T15:04:05.Z") {
		grain /= 10
	}
	return max(grain, time.Microsecond)
}

func parseSource(s string) clickday.StampSource {
	for _, v := range []clickday.StampSource{clickday.StampKernel, clickday.StampUserSpace} {
		if v.String() == s {
			return v
		}
	}
	return 0
}

func parseClock(s string) clickday.ClockState {
	for _, v := range []clickday.ClockState{clickday.ClockOK, clickday.ClockDegraded, clickday.ClockUnknown, clickday.ClockRefused} {
		if v.String() == s {
			return v
		}
	}
	return 0
}

// Tie returns what orders submissions that arrived within the same grain:
// SHA-256 of the day's seed followed by the submission id, compared as bytes.
// The SHA-256 of the seed is published before the day opens, the seed after it.
func Tie(seed []byte, id clickday.SubmissionID) [32]byte {
	b := make([]byte, 0, 64)
	return sha256.Sum256(append(append(b, seed...), id[:]...))
}
