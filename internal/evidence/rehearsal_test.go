package evidence

import (
	"bytes"
	"strings"
	"testing"

	"puntuale/internal/ledger"
)

// TestNobodyTakesTheRehearsalOutOfItsProof: the evidence of a rehearsal says so,
// and what does not say so any more is not the evidence of a receipt.
func TestNobodyTakesTheRehearsalOutOfItsProof(t *testing.T) {
	e := ledger.Evidence{Day: "PROVA", Leaf: "x"}
	b, err := e.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	line := ` "rehearsal": "` + ledger.RehearsalNotice + "\",\n"
	if !strings.Contains(string(b), line) {
		t.Fatalf("%s", b)
	}
	if back, err := ledger.ParseEvidence(b); err != nil || back.Rehearsal != ledger.RehearsalNotice {
		t.Fatalf("%+v: %v", back, err)
	}
	if _, err := ledger.ParseEvidence(bytes.Replace(b, []byte(line), nil, 1)); err == nil {
		t.Error("evidence of a rehearsal passes for that of a click day")
	}
	e.Day, e.Rehearsal = "FLUSSI-2027", ledger.RehearsalNotice
	if b, err = e.Marshal(); err != nil || strings.Contains(string(b), "REHEARSAL") {
		t.Errorf("a click day is called a rehearsal: %s %v", b, err)
	}
}
