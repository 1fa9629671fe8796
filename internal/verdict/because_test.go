package verdict

import (
	"errors"
	"fmt"
	"testing"
)

func TestBecause(t *testing.T) {
	known, other := errors.New("of another key"), errors.New("broken")
	causes := []Cause{{known, "di un’altra chiave"}}
	for err, want := range map[error]string{
		fmt.Errorf("seal: %w", known): "Il sigillo non vale (di un’altra chiave).",
		other:                         "Il sigillo non vale.",
	} {
		got := Because("Il sigillo non vale", "The seal does not hold", err, causes)
		if got.IT != want || got.EN != "The seal does not hold ("+err.Error()+")." {
			t.Errorf("%+v", got)
		}
	}
}
