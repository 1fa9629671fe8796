package bench

import (
	"fmt"
	"io"
	"slices"
	"strconv"
)

// Figure is one measured value and its target.
type Figure struct {
	Name  string
	Value float64
	Unit  string
	// AtLeast and AtMost are the target; nil where it has none on that side.
	AtLeast, AtMost *float64
}

// OK reports whether the target is reached; a figure without one is.
func (f *Figure) OK() bool {
	return (f.AtLeast == nil || f.Value >= *f.AtLeast) && (f.AtMost == nil || f.Value <= *f.AtMost)
}

// Write prints the figure as one line of fields between tabs: FIGURE, name,
// value, unit, target ("-" for none), and "ok" or "short".
func (f *Figure) Write(w io.Writer) error {
	target, verdict := "-", "ok"
	switch {
	case f.AtLeast != nil:
		target = ">=" + number(*f.AtLeast)
	case f.AtMost != nil:
		target = "<=" + number(*f.AtMost)
	}
	if !f.OK() {
		verdict = "short"
	}
	_, err := fmt.Fprintf(w, "FIGURE\t%s\t%s\t%s\t%s\t%s\n", f.Name, number(f.Value), f.Unit, target, verdict)
	return err
}

func number(v float64) string {
	switch {
	case v == float64(int64(v)):
		return strconv.FormatInt(int64(v), 10)
	case v >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	default:
		return strconv.FormatFloat(v, 'f', 3, 64)
	}
}

// plain is a figure for information.
func plain(name string, value float64, unit string) Figure {
	return Figure{Name: name, Value: value, Unit: unit}
}

func atLeast(name string, value float64, unit string, target float64) Figure {
	return Figure{Name: name, Value: value, Unit: unit, AtLeast: &target}
}

func atMost(name string, value float64, unit string, target float64) Figure {
	return Figure{Name: name, Value: value, Unit: unit, AtMost: &target}
}

// median returns the middle of the values, the mean of the two middle ones for
// an even number; 0 of none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	v := slices.Sorted(slices.Values(values))
	m := len(v) / 2
	if len(v)%2 == 1 {
		return v[m]
	}
	return (v[m-1] + v[m]) / 2
}
