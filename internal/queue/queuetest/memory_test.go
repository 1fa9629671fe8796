package queuetest

import (
	"errors"
	"testing"

	"puntuale/internal/clickday"
	"puntuale/internal/queue"
)

func TestMemoryKeepsTheContract(t *testing.T) {
	Run(t, func(*testing.T) Harness {
		m := &Memory{}
		return Harness{Queue: m, Beyond: "1000000", Lose: m.Lose}
	})
}

func TestMemoryFailsAsTold(t *testing.T) {
	for _, c := range []struct {
		fault  Fault
		frames int
		mark   bool
	}{{NotApplied, 0, false}, {Applied, 2, true}, {Half, 1, false}} {
		fault := c.fault
		m := &Memory{Decide: func(call Call, _ clickday.NodeID) Fault {
			if call == CallAppend {
				return fault
			}
			return None
		}}
		err := m.Append(t.Context(), 1, frames("one", "two"), queue.Mark{LastBatch: 2})
		if !errors.Is(err, queue.ErrUnavailable) {
			t.Fatalf("fault %d: %v", c.fault, err)
		}
		_, ok, err := m.LastMark(t.Context(), 1)
		if err != nil || ok != c.mark || len(m.Entries(1)) != c.frames {
			t.Fatalf("fault %d: %d frames, mark %v, %v", c.fault, len(m.Entries(1)), ok, err)
		}
	}
}
