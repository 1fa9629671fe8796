package loadgen

import (
	"math/bits"
	"time"
)

const (
	subBits = 7 // 128 buckets for each doubling: under 1 % wide
	subs    = 1 << subBits
	// histogramBuckets reaches beyond an hour in nanoseconds.
	histogramBuckets = (43 - subBits) * subs
)

// Histogram counts durations in buckets whose width is under 1 % of their
// value. The zero value is empty. Not safe for concurrent use.
type Histogram struct {
	counts [histogramBuckets]uint32
	total  int
	max    time.Duration
}

func bucketOf(d time.Duration) int {
	v := uint64(max(d, 0))
	if v < subs {
		return int(v)
	}
	shift := bits.Len64(v) - 1 - subBits
	return min((shift+1)*subs+int(v>>shift)-subs, histogramBuckets-1)
}

// upper is the greatest duration that falls into a bucket.
func upper(bucket int) time.Duration {
	if bucket < subs {
		return time.Duration(bucket)
	}
	shift := bucket/subs - 1
	return time.Duration((uint64(bucket%subs+subs)+1)<<shift - 1)
}

// Add counts one duration.
func (h *Histogram) Add(d time.Duration) {
	h.counts[bucketOf(d)]++
	h.total++
	h.max = max(h.max, d)
}

// Merge adds what another histogram has counted.
func (h *Histogram) Merge(o *Histogram) {
	for i, n := range o.counts {
		h.counts[i] += n
	}
	h.total += o.total
	h.max = max(h.max, o.max)
}

// Count returns how many durations were added.
func (h *Histogram) Count() int { return h.total }

// Max returns the longest one exactly.
func (h *Histogram) Max() time.Duration { return h.max }

// Quantile returns a duration that at least a share q (0 to 1) of the counted
// ones do not exceed, at most 1 % too long; 0 of none.
func (h *Histogram) Quantile(q float64) time.Duration {
	want := int(q * float64(h.total))
	seen := 0
	for i, n := range h.counts {
		if seen += int(n); n > 0 && seen >= want {
			return min(upper(i), h.max)
		}
	}
	return h.max
}
