package clock

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestFakeMovesOnlyWhenTold(t *testing.T) {
	start := time.Date(2026, 2, 12, 8, 0, 0, 0, time.UTC)
	f := NewFake(start)
	if !f.Now().Equal(start) || !f.Now().Equal(start) {
		t.Error("it moved by itself")
	}
	f.Advance(3 * time.Nanosecond)
	f.Advance(-time.Hour)
	if got := f.Now().Sub(start); got != 3-time.Hour {
		t.Errorf("moved by %v", got)
	}
	f.Set(start)
	if !f.Now().Equal(start) {
		t.Errorf("stands at %v", f.Now())
	}
}

func TestFakeIsSafeForConcurrentUse(t *testing.T) {
	f := NewFake(time.Unix(0, 0))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				f.Advance(time.Nanosecond)
				f.Now()
			}
		})
	}
	wg.Wait()
	if got := f.Now().UnixNano(); got != 800 {
		t.Errorf("%d steps of 800 counted", got)
	}
}

func TestSystemIsTheMachinesClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c Clock = System{}
		before := c.Now()
		<-time.After(time.Minute)
		if got := c.Now().Sub(before); got != time.Minute {
			t.Errorf("a minute took %v", got)
		}
	})
}
