package loadrun

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"time"
)

// Failure says why a request has no answer.
type Failure uint8

// Why there is no answer.
const (
	Answered Failure = 0
	CutOff   Failure = 1 // we closed the connection, as planned
	Refused  Failure = 2 // a connection could not be opened
	Broken   Failure = 3 // the other end closed or reset the connection
	TimedOut Failure = 4 // no answer within the patience of the run
	Garbled  Failure = 5 // what came is not an HTTP answer
	Unsent   Failure = 6 // never sent: the run ended before
	// Postponed is answered: refused as early because the opening was moved. The
	// request was sent again and has another answer besides.
	Postponed Failure = 7
)

var failureNames = [...]string{"answered", "cut", "connection refused", "connection broken", "timeout", "garbled answer", "unsent", "postponed"}

// String returns a short name.
func (f Failure) String() string {
	if int(f) < len(failureNames) {
		return failureNames[f]
	}
	return "unknown"
}

// Answer is what became of one planned request. Every planned request has
// exactly one in answers.bin, not counting those that were postponed.
type Answer struct {
	Request uint32 // index in the plan of the part
	// Sent is when the last byte was given to the kernel, taken just before that
	// write, so that no arrival is earlier (the judge's I7 rests on it); First
	// when the first byte of the answer was read; Done when its last was, taken
	// after that read. From the opening. What did not happen is Never.
	Sent, First, Done time.Duration
	// Moved is how much later it was due than planned, because the opening was
	// moved; mostly 0.
	Moved   time.Duration
	Status  uint16 // HTTP; 0 without an answer
	Failure Failure
	Starved bool   // it had to wait for a free connection of ours
	Body    []byte // acknowledgement (status 200) or problem JSON
}

// Never stands for an instant that did not come.
const Never = time.Duration(-1 << 63)

const (
	answerMagic = "PLA2"
	answerLen   = 4 + 8 + 8 + 8 + 8 + 2 + 1 + 1 + 2
)

// Append writes the answer as it stands in answers.bin.
func (a *Answer) Append(b []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, a.Request)
	b = binary.BigEndian.AppendUint64(b, uint64(a.Sent))
	b = binary.BigEndian.AppendUint64(b, uint64(a.First))
	b = binary.BigEndian.AppendUint64(b, uint64(a.Done))
	b = binary.BigEndian.AppendUint64(b, uint64(a.Moved))
	b = binary.BigEndian.AppendUint16(b, a.Status)
	starved := byte(0)
	if a.Starved {
		starved = 1
	}
	b = append(b, byte(a.Failure), starved)
	b = binary.BigEndian.AppendUint16(b, uint16(len(a.Body)))
	return append(b, a.Body...)
}

// Answers reads the answers of a part in order of completion. The body is valid
// until the next one.
func (p *Part) Answers() iter.Seq2[Answer, error] {
	return func(yield func(Answer, error) bool) {
		f, err := os.Open(p.path("answers.bin"))
		if err != nil {
			yield(Answer{}, fmt.Errorf("loadrun: %w", err))
			return
		}
		defer f.Close()
		in := bufio.NewReaderSize(f, 1<<20)
		if err := readMagic(in, answerMagic); err != nil {
			yield(Answer{}, err)
			return
		}
		var body []byte
		for {
			a, err := readAnswer(in, &body)
			if errors.Is(err, io.EOF) {
				return
			}
			if !yield(a, err) || err != nil {
				return
			}
		}
	}
}

func readAnswer(in io.Reader, body *[]byte) (Answer, error) {
	var b [answerLen]byte
	if _, err := io.ReadFull(in, b[:]); err != nil {
		if errors.Is(err, io.EOF) {
			return Answer{}, io.EOF
		}
		return Answer{}, fmt.Errorf("loadrun: answers end within one: %w", err)
	}
	n := int(binary.BigEndian.Uint16(b[40:]))
	if cap(*body) < n {
		*body = make([]byte, n)
	}
	a := Answer{
		Request: binary.BigEndian.Uint32(b[:]), Sent: time.Duration(binary.BigEndian.Uint64(b[4:])),
		First: time.Duration(binary.BigEndian.Uint64(b[12:])), Done: time.Duration(binary.BigEndian.Uint64(b[20:])),
		Moved:  time.Duration(binary.BigEndian.Uint64(b[28:])),
		Status: binary.BigEndian.Uint16(b[36:]), Failure: Failure(b[38]), Starved: b[39] == 1, Body: (*body)[:n],
	}
	if _, err := io.ReadFull(in, a.Body); err != nil {
		return a, fmt.Errorf("loadrun: answers end within one: %w", err)
	}
	return a, nil
}

func readMagic(in io.Reader, magic string) error {
	var b [4]byte
	if _, err := io.ReadFull(in, b[:]); err != nil || string(b[:]) != magic {
		return fmt.Errorf("loadrun: not a file of kind %s", magic)
	}
	return nil
}
