package hugepage

import "testing"

func TestWordsAreZeroAndWritable(t *testing.T) {
	for _, n := range []int{0, 1, 511, 513, 1 << 19, 1<<19 + 7, 3 << 19} {
		w := Words(n)
		if len(w) != n {
			t.Fatalf("%d words, want %d", len(w), n)
		}
		for i := range w {
			if w[i] != 0 {
				t.Fatalf("word %d of %d is %d", i, n, w[i])
			}
			w[i] = uint64(i)
		}
	}
}
