package loadrun

import (
	"reflect"
	"testing"
	"time"

	"puntuale/internal/clickday"
)

func TestPartIsReadAsItWasWritten(t *testing.T) {
	p, err := NewPart(t.TempDir(), 0)
	if err != nil {
		t.Fatal(err)
	}
	plan := []Request{
		{At: -2 * time.Second, Envelope: 1, Sender: 7, Kind: Early, Skew: -3 * time.Second, Delay: time.Millisecond},
		{At: 5, Envelope: 0, Sender: 1 << 30, Kind: Bad, Bad: BadSeal, Skew: 15 * time.Millisecond, Delay: 4 * time.Second},
	}
	if err := p.WritePlan(plan); err != nil {
		t.Fatal(err)
	}
	if got, err := p.Plan(); err != nil || !reflect.DeepEqual(got, plan) {
		t.Errorf("plan %+v, %v", got, err)
	}
	w, err := p.NewEnvelopeWriter()
	if err != nil {
		t.Fatal(err)
	}
	entries := []Entry{
		{Offset: 4, Size: 3, Submission: clickday.SubmissionID{1}, Application: clickday.ApplicationID{2}, Account: 1 << 40},
		{Offset: 7, Size: 5, Submission: clickday.SubmissionID{31: 9}, Application: clickday.ApplicationID{15: 8}, Account: 3},
	}
	w.Add([]byte("abc"), entries[0])
	w.Add([]byte("defgh"), entries[1])
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := p.Entries(); err != nil || !reflect.DeepEqual(got, entries) {
		t.Errorf("entries %+v, %v", got, err)
	}
	f, err := p.Envelopes()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := make([]byte, 5)
	if _, err := f.ReadAt(b, entries[1].Offset); err != nil || string(b) != "defgh" {
		t.Errorf("envelope %q, %v", b, err)
	}
}

func TestAnswersAreReadAsTheyWereWritten(t *testing.T) {
	p, err := NewPart(t.TempDir(), 0)
	if err != nil {
		t.Fatal(err)
	}
	want := []Answer{
		{Request: 3, Sent: 10, First: 20, Done: 21, Status: 200, Body: []byte("acknowledged")},
		{Request: 0, Sent: -5, First: Never, Done: Never, Failure: Broken, Starved: true, Body: []byte{}},
	}
	f, err := p.AnswersFile()
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if _, err := f.Write(want[i].Append(nil)); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	i := 0
	for a, err := range p.Answers() {
		if err != nil || i >= len(want) || !reflect.DeepEqual(a, want[i]) {
			t.Fatalf("answer %d is %+v, %v", i, a, err)
		}
		i++
	}
	if i != len(want) {
		t.Errorf("%d answers, want %d", i, len(want))
	}
}
