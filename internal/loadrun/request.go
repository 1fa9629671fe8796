package loadrun

import (
	"encoding/binary"
	"time"
)

// Kind says why a request is sent, and so what must become of it.
type Kind uint8

// The kinds of requests.
const (
	Good   Kind = 1 // the first of its envelope: accepted and numbered
	Repeat Kind = 2 // an envelope that was planned before: the same acknowledgement, or the first if that was lost
	Bad    Kind = 3 // never numbered: refused at once or by the worker (see Badness)
	Early  Kind = 4 // before the opening: refused with 425, never stored
	Cut    Kind = 5 // a good one whose connection is closed after the last byte, before the answer: asked for later
)

var kindNames = [...]string{"", "good", "repeat", "bad", "early", "cut"}

// Kinds are all kinds.
var Kinds = []Kind{Good, Repeat, Bad, Early, Cut}

// String returns the name: good, repeat, bad, early or cut.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}

// Badness says what is wrong with the envelope of a bad request.
type Badness uint8

// What may be wrong.
const (
	NotBad       Badness = 0
	BadTicket    Badness = 1 // its MAC does not match: refused by the intake
	BadDay       Badness = 2 // of a click day that the calendar does not know: refused by the intake
	BadSignature Badness = 3 // not signed by the device of the ticket: acknowledged, refused by the worker
	BadSeal      Badness = 4 // of an older sealed version: acknowledged, refused by the worker
)

var badNames = [...]string{"", "ticket", "day", "signature", "seal"}

// String returns the name: ticket, day, signature, seal, or nothing.
func (b Badness) String() string {
	if int(b) < len(badNames) {
		return badNames[b]
	}
	return "unknown"
}

// Request is one planned request. A run's plan is sorted by At; the index of a
// request in it is its name.
type Request struct {
	At       time.Duration // when its last byte is to reach the intake's host, from the opening
	Envelope uint32        // index of its envelope in the part
	Sender   uint32        // who sends: one workstation of one account
	Kind     Kind
	Bad      Badness
	Delay    time.Duration // of the way to the intake, contained in At; up to 4 s
	Skew     time.Duration // error of the sender's clock, contained in At; positive is too late
}

const (
	planMagic  = "PLP1"
	requestLen = 8 + 4 + 4 + 1 + 1 + 4 + 8
)

func (r *Request) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(r.At))
	b = binary.BigEndian.AppendUint32(b, r.Envelope)
	b = binary.BigEndian.AppendUint32(b, r.Sender)
	b = append(b, byte(r.Kind), byte(r.Bad))
	b = binary.BigEndian.AppendUint32(b, uint32(min(r.Delay, 4*time.Second)))
	return binary.BigEndian.AppendUint64(b, uint64(r.Skew))
}

func parseRequest(b []byte) Request {
	return Request{
		At: time.Duration(binary.BigEndian.Uint64(b)), Envelope: binary.BigEndian.Uint32(b[8:]), Sender: binary.BigEndian.Uint32(b[12:]),
		Kind: Kind(b[16]), Bad: Badness(b[17]),
		Delay: time.Duration(binary.BigEndian.Uint32(b[18:])), Skew: time.Duration(binary.BigEndian.Uint64(b[22:])),
	}
}
