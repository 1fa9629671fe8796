package site

import (
	"bytes"
	"maps"
	"testing"
	"time"
)

func TestSessionsAreWrittenTheSameWay(t *testing.T) {
	values := map[string]any{"account": int64(7), "flash": "x", "acting": int64(9), "step": true, "empty": ""}
	deadline := time.Date(2027, 1, 12, 9, 0, 0, 0, time.UTC)
	first, err := steadyCodec{}.Encode(deadline, values)
	if err != nil {
		t.Fatal(err)
	}
	for range 50 {
		again, err := steadyCodec{}.Encode(deadline, maps.Clone(values))
		if err != nil || !bytes.Equal(first, again) {
			t.Fatalf("another time another way (%v)", err)
		}
	}
	at, back, err := steadyCodec{}.Decode(first)
	if err != nil || !at.Equal(deadline) || !maps.Equal(back, values) {
		t.Errorf("%v, %v, %v", at, back, err)
	}
	if _, _, err := (steadyCodec{}).Decode([]byte("nothing")); err == nil {
		t.Error("anything is taken for a session")
	}
}
