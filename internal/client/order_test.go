package client

import (
	"slices"
	"testing"
	"time"
)

// TestTheOwnOrder: it is on disk, outlives a new seal, and is the order of the rows.
func TestTheOwnOrder(t *testing.T) {
	b := setup(t, time.Hour)
	ids := b.srv.Add(4)
	b.pair(t)
	b.sync(t)
	want := []string{ids[2].String(), ids[0].String()}
	if err := b.SetOrder(append(slices.Clone(want), "unknown")); err != nil {
		t.Fatal(err)
	}
	b.srv.Reseal(ids[2])
	b.sync(t)
	b.reopen(t)
	rows := b.Snapshot().Days[0].Rows
	if len(rows) != 4 || rows[0].Application != want[0] || rows[1].Application != want[1] || rows[2].Rank != 0 {
		t.Fatalf("%+v", rows)
	}
}
