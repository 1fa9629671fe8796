package clockwatch

// Agree looks for the offsets that most servers allow, for whoever asks a few
// servers once rather than watching them; ok is false when fewer than k have one
// in common. Servers whose interval misses it are named as falsetickers.
func Agree(in []Interval, k int) (a Agreement, ok bool) { return agree(in, k) }
