package loadjudge

import (
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/ledger"
	"puntuale/internal/loadrun"
	"puntuale/internal/trust"
)

// Answer is what came back for one attempt.
type Answer uint8

const (
	// NoAnswer: nobody knows what became of it.
	NoAnswer Answer = iota
	// Acknowledged: status 200 with an acknowledgement.
	Acknowledged
	// TooEarly: refused because the day was not open; nothing may be stored.
	TooEarly
	// Refused: refused for another reason that is final for this attempt.
	Refused
)

// Attempt is one request as a generator saw it. Times are nanoseconds since 1970
// of the generator's clock.
type Attempt struct {
	Submission  clickday.SubmissionID
	Application clickday.ApplicationID
	// Generator numbers the process that sent it; Skew in Evidence bounds how
	// far two of their clocks are apart.
	Generator uint16
	Answer    Answer
	// Bad says that it was made to be refused, at once or later.
	Bad bool
	// Sent is not after the first byte left; Answered is not before the last
	// byte of the answer came in, 0 without one.
	Sent, Answered int64
	// Code is that of a refusal.
	Code clickday.Code
	// ReceivedAt and OpensAt are what a refusal says; 0 when it does not.
	ReceivedAt, OpensAt int64
	// Ack are the bytes of the acknowledgement.
	Ack []byte
}

// Record is one durable record of a journal.
type Record struct {
	Submission  clickday.SubmissionID
	Application clickday.ApplicationID
	Stamp       clickday.Stamp
}

// Row is a submission as the system of record has it.
type Row struct {
	Submission  clickday.SubmissionID
	Application clickday.ApplicationID
	State       clickday.SubmissionState
	Number      int64 // 0 for none
	Arrived     int64
	Reason      clickday.Code
	// Receipts is how many receipts are stored; Issued when the first was, or 0.
	Receipts int
	Issued   int64
}

// Receipt is one PDF and what its verification found.
type Receipt struct {
	Submission clickday.SubmissionID
	// Claims is the submission and Number the protocol number that the
	// evidence in the file speaks of.
	Claims clickday.SubmissionID
	Number int64
	// Wrong is what the verification found, empty when everything is proven.
	Wrong string
}

// Ledger is the public ledger of the day, recomputed from its lines.
type Ledger struct {
	Leaves []ledger.Leaf
	// Wrong are disagreements between lines, tiles, root and signatures.
	Wrong []string
	// Heads is how many signed heads were compared with the tree.
	Heads int
}

// Evidence is everything that a judgement rests on. Nil slices and maps mean
// that this place was not asked; what depends on it is then unchecked.
type Evidence struct {
	Day clickday.Day // from a signed calendar
	// Openings are all that the nodes went by while requests were sent; without
	// any it is that of Day.
	Openings []loadrun.Opening
	Seed     []byte // that breaks ties; nil while it is secret
	Keys     *trust.Keys
	Attempts []Attempt
	// Skew bounds how far the clocks of two generators are apart.
	Skew time.Duration
	// Shared says that others may have sent to this click day too.
	Shared bool
	// Asked is what the intake answered afterwards when it was asked for an
	// acknowledgement again; an empty value is 404.
	Asked map[clickday.SubmissionID][]byte
	// Ledger is nil when it was not read.
	Ledger *Ledger
	// Records are all records of the day in all journals; JournalWrong is what a
	// scan found in them.
	Records      []Record
	JournalWrong []string
	Rows         []Row
	Receipts     []Receipt
	// ReceiptsOf is how many receipts there should be when Receipts is a
	// sample; 0 when they are all.
	ReceiptsOf int
	// Lists are findings of the verification of the newest published list; nil
	// when there is none.
	Lists *ListCheck
	// Voids say why nothing can be concluded from the run.
	Voids []clickday.Text
	// Figures are what the generators have measured.
	Figures Figures
}

// ListCheck is the verification of a published list.
type ListCheck struct {
	Rows  int64
	Wrong []string
}

// Figures are measurements that goals are held against.
type Figures struct {
	// P50, P99, P999 and Max are latencies of acknowledgements, from the planned
	// instant; Measured tells whether there were any.
	P50, P99, P999, Max time.Duration
	Measured            bool
	// Offered and Accepted are rates per second over the run.
	Offered, Accepted float64
}
