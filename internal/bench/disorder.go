package bench

import "slices"

// Disorder tells how far an order is from the true one.
type Disorder struct {
	Misplaced int // whose place is not their true one
	Farthest  int // places that one of them is away from its true one
	Inverted  int // pairs of true neighbours that are the wrong way round or tied
}

// disorder judges values that were given in true order: sorted by value, the
// later of two equal ones after the earlier.
func disorder(values []int64) Disorder {
	places := make([]int, len(values))
	for i := range places {
		places[i] = i
	}
	slices.SortStableFunc(places, func(a, b int) int {
		switch {
		case values[a] < values[b]:
			return -1
		case values[a] > values[b]:
			return 1
		}
		return 0
	})
	var d Disorder
	for got, want := range places {
		if got != want {
			d.Misplaced++
			d.Farthest = max(d.Farthest, got-want, want-got)
		}
	}
	for i := 1; i < len(values); i++ {
		if values[i] <= values[i-1] {
			d.Inverted++
		}
	}
	return d
}
