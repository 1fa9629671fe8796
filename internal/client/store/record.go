package store

import (
	"errors"
	"fmt"
	"math"
	"time"

	"puntuale/internal/clickday"
)

// State is where an application stands on this computer.
type State string

const (
	// Prepared: the envelope is built, signed and on disk ("preparata").
	Prepared State = "prepared"
	// Armed: the person has said that it shall be sent at the opening ("armata").
	Armed State = "armed"
	// Sending: it may have been sent, the answer is not known ("in invio").
	// From here the envelope never changes and is never dropped.
	Sending State = "sending"
	// Acknowledged: the node's signed acknowledgement is on disk ("invio corretto").
	Acknowledged State = "acknowledged"
	// Refused: a final refusal with its code ("respinta").
	Refused State = "refused"
	// Sequenced: it has its protocol number ("numerata").
	Sequenced State = "sequenced"
	// Receipted: the PDF receipt is ready ("con ricevuta").
	Receipted State = "receipted"
)

// Unsent reports whether no byte of the envelope can have left this computer.
func (s State) Unsent() bool { return s == Prepared || s == Armed }

// Arrived reports whether the intake's promise is on disk.
func (s State) Arrived() bool { return s == Acknowledged || s == Sequenced || s == Receipted }

// next lists the changes of state that there are; every other is a fault of
// the program.
var next = map[State][]State{
	"":           {Prepared},
	Prepared:     {Prepared, Armed},
	Armed:        {Armed, Prepared, Sending, Refused},
	Sending:      {Sending, Armed, Acknowledged, Refused, Sequenced, Receipted},
	Acknowledged: {Acknowledged, Sequenced, Receipted, Refused},
	Refused:      {Refused, Prepared},
	Sequenced:    {Sequenced, Receipted},
	Receipted:    {Receipted},
}

// Record is everything this computer knows of one application. It is a value:
// change a copy and Put it.
type Record struct {
	Application  string             `json:"application"`
	Day          clickday.DayID     `json:"day"`
	Model        clickday.ModelCode `json:"model"`
	ModelVersion uint16             `json:"model_version"`
	SealVersion  uint32             `json:"seal_version"`
	Employer     string             `json:"employer"`
	Worker       string             `json:"worker"`
	// Rank is the person's own order within the day, from 1: lower ones are sent
	// first, those without (0) after them.
	Rank int `json:"rank,omitempty"`
	// Envelope is what is sent, byte for byte; Submission is its id.
	Envelope   []byte `json:"envelope"`
	Submission string `json:"submission"`

	State State `json:"state"`
	// Acknowledgement is the node's signed answer, checked before it was put here.
	Acknowledgement []byte `json:"acknowledgement,omitempty"`
	// Arrived is the stamp in nanoseconds since 1970 UTC, Bound its error, Node the intake node.
	Arrived int64           `json:"arrived,string,omitempty"`
	Bound   time.Duration   `json:"bound,omitempty"`
	Node    clickday.NodeID `json:"node,omitempty"`
	// Code is the reason of a refusal; Reason its text where the server gave one.
	Code   clickday.Code `json:"code,omitempty"`
	Reason clickday.Text `json:"reason,omitzero"`
	// Number and ProtocolNumber are given by the sequencer.
	Number         int64  `json:"number,omitempty"`
	ProtocolNumber string `json:"protocol_number,omitempty"`
	// List is what the newest published list gave to it; nil before there is one.
	List *Standing `json:"list,omitempty"`
	// ReceiptFile is where the receipt was saved last.
	ReceiptFile string `json:"receipt_file,omitempty"`
	// Past holds the refused attempts that a new seal has replaced, oldest first.
	Past []Attempt `json:"past,omitempty"`
}

// place is where the record stands in the person's own order.
func (r *Record) place() int {
	if r.Rank == 0 {
		return math.MaxInt
	}
	return r.Rank
}

// Attempt is one earlier envelope of the same application, kept as evidence.
type Attempt struct {
	Submission      string        `json:"submission"`
	Envelope        []byte        `json:"envelope"`
	Acknowledgement []byte        `json:"acknowledgement,omitempty"`
	Code            clickday.Code `json:"code"`
}

// ID returns the submission id, or the zero id for a damaged record.
func (r *Record) ID() clickday.SubmissionID {
	id, err := clickday.ParseSubmissionID(r.Submission)
	if err != nil {
		return clickday.SubmissionID{}
	}
	return id
}

// ErrMayBeSent means that an envelope which may have left this computer was
// about to be changed or dropped.
var ErrMayBeSent = errors.New("the envelope may have been sent and cannot be changed")

// ErrTransition means a change of state that does not exist.
var ErrTransition = errors.New("no such change of state")

func checkChange(old *Record, r *Record) error {
	if _, err := clickday.ParseApplicationID(r.Application); err != nil {
		return err
	}
	from := State("")
	if old != nil {
		from = old.State
	}
	ok := false
	for _, s := range next[from] {
		ok = ok || s == r.State
	}
	if !ok {
		return fmt.Errorf("%w: application %s from %q to %q", ErrTransition, r.Application, from, r.State)
	}
	if old == nil || old.Submission == r.Submission || old.State.Unsent() {
		return nil
	}
	if old.State != Refused || len(r.Past) != len(old.Past)+1 || r.Past[len(old.Past)].Submission != old.Submission {
		return fmt.Errorf("%w: application %s is %s", ErrMayBeSent, r.Application, old.State)
	}
	return nil
}
