package clickday

import "time"

// Submission is one durable envelope as the worker has judged it. An envelope
// that cannot be read leaves every field empty but ID, Envelope and Stamp.
type Submission struct {
	ID           SubmissionID
	Application  ApplicationID
	SealVersion  uint32
	Day          DayID
	Account      AccountID
	Model        ModelCode
	ModelVersion uint16
	Device       [32]byte // Ed25519 public key
	Digest       Digest
	Envelope     []byte
	Stamp        Stamp
	State        SubmissionState // Queued or Refused
	Reason       Code            // when refused
	Passport     string          // of the worker, when queued and the model asks for it
}

// JournalProgress says how far the journal of a node has been taken.
type JournalProgress struct {
	Node      NodeID
	Journal   uint64
	LastBatch uint64
	Chain     [32]byte // hash that the next batch must carry
	Position  string   // entry of the queue that held LastBatch
}

// Intake is what goes into the record in one transaction: submissions out of
// one node's stream, and how far they bring us.
type Intake struct {
	Node        NodeID
	Submissions []Submission // one per durable record, repeats included
	Batches     []Batch      // that they came in
	// From and To are the progress before and after, journal by journal.
	From, To []JournalProgress
	// Watermark is the node's promise in nanoseconds since 1970, kept when
	// it is higher than the one before; 0 changes nothing.
	Watermark int64
}

// IntakeCount says what became of an Intake.
type IntakeCount struct {
	New     int // submissions seen for the first time, accepted
	Refused int // submissions seen for the first time, refused
	Late    int // records stamped before the node's own earlier promise
}

// NumberCount says what one round of numbering decided.
type NumberCount struct {
	Numbered int // given a protocol number
	Repeated int // their application had one
	Refused  int // for their content, or beyond their account's limit
	// Watermark is the instant below which this round took submissions,
	// nanoseconds since 1970.
	Watermark int64
}

// SealRef names one sealed version of an application.
type SealRef struct {
	Application ApplicationID
	Version     uint32
}

// SealFact is what the portal knows of a sealed version.
type SealFact struct {
	Account      AccountID // owner of the application
	Digest       Digest
	SealedAt     time.Time
	SupersededAt time.Time // zero: it still counts
}

// DeviceFact is what the portal knows of a paired computer.
type DeviceFact struct {
	Account   AccountID
	RevokedAt time.Time // zero: it may send
}

// Batch is one group commit of a node without its records: what it takes to give
// every record its acknowledgement again.
type Batch struct {
	Journal   uint64
	Number    uint64
	First     uint64 // sequence of the first record
	Prev      [32]byte
	KeyID     uint32
	Signature [64]byte
	Leaves    [][32]byte // hashes of the records' leaves, in order
}

// Numbered is a submission with its protocol number and all that its receipt
// says beyond that.
type Numbered struct {
	Submission       SubmissionID
	Application      ApplicationID
	Day              DayID
	DayCode          string
	Model            ModelCode
	ModelVersion     uint16
	Digest           Digest
	Stamp            Stamp
	Number           int64
	Document         []byte // canonical bytes of the sealed version
	Applicant        string
	ApplicantTaxCode string

	LedgerIndex int64       // of its leaf in the ledger of the click day, from 0
	Ledger      LedgerProof // that it stands there
	// Acknowledgement is the answer of the intake to the arrival that counts,
	// byte for byte; nil when the record of its batch is missing. NodeKey is
	// the public key that its node is known by.
	Acknowledgement []byte
	NodeKey         []byte

	// Edition counts how often the receipt has been issued, this time
	// included. From 2 on, Renew says why and FirstIssued when the first was.
	Edition     int
	Renew       string
	FirstIssued time.Time
}

// LedgerProof is what shows that a leaf stands in the ledger of a click day.
type LedgerProof struct {
	Line       []byte // the leaf
	Size       int64  // of the tree of the checkpoint
	Root       [32]byte
	Checkpoint []byte     // the signed note
	Timestamp  []byte     // RFC 3161 token over it; nil for none
	Inclusion  [][32]byte // the way from the leaf to the root
}

// Receipt is the sealed PDF of one submission.
type Receipt struct {
	Submission SubmissionID
	PDF        []byte
	IssuedAt   time.Time
	Edition    int
}

// ReceiptProgress says how far the receipts of a click day are.
type ReceiptProgress struct {
	Day       DayID
	DayCode   string
	Numbered  int // submissions with a protocol number
	Receipted int // of these, with a receipt
	Renewing  int // receipts that wait to be issued again
}
