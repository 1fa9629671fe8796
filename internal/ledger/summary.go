package ledger

import (
	"time"

	"puntuale/internal/clickday"
)

// Summary is what there is to say about the ledger of one click day.
type Summary struct {
	Day      clickday.DayID
	Code     string
	Head     Head // the newest; its Timestamp is that of this very head, if any
	SignedAt time.Time
	Heads    int64 // signed so far
	// ClosePairs counts neighbours in the order that came through different
	// nodes, nearer to each other than the two clocks can tell.
	ClosePairs int64
	// StampedSize is the size of the newest head with an RFC 3161 token, 0 for
	// none; StampedAt is the token's time.
	StampedSize int64
	StampedAt   time.Time
	// Seed breaks ties; nil until it is revealed.
	Seed       []byte
	RevealedAt time.Time
}
