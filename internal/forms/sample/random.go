package sample

import (
	"fmt"
	"math/rand/v2"
	"time"
)

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// number returns that many digits, the first not zero.
func number(r *rand.Rand, length int) string {
	b := make([]byte, length)
	for i := range b {
		b[i] = '0' + byte(r.IntN(10))
	}
	b[0] = '1' + byte(r.IntN(9))
	return string(b)
}

func capitals(r *rand.Rand, length int) string {
	b := make([]byte, length)
	for i := range b {
		b[i] = 'A' + byte(r.IntN(26))
	}
	return string(b)
}

// date returns a day of the years first to last.
func date(r *rand.Rand, first, last int) time.Time {
	return time.Date(first+r.IntN(last-first+1), time.Month(1+r.IntN(12)), 1+r.IntN(28), 0, 0, 0, 0, time.UTC)
}

func day(r *rand.Rand, first, last int) string { return date(r, first, last).Format(time.DateOnly) }

func marital(r *rand.Rand) string {
	return pick(r, "single", "married", "married", "married", "separated", "divorced", "widowed")
}

func italianName(r *rand.Rand, sex string) string {
	names := italianMen
	if sex == "F" {
		names = italianWomen
	}
	name := pick(r, names...)
	if r.IntN(8) == 0 {
		name += " " + pick(r, names...)
	}
	return name
}

// location is an address in a town.
type location struct {
	street string
	town   town
}

func address(r *rand.Rand, t town) location {
	street := fmt.Sprintf("%s %d", pick(r, streets...), 1+r.IntN(190))
	return location{street + pick(r, "", "", "", "/A", ", int. 3"), t}
}
