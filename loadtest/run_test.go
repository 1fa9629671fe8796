//go:build linux

package main

import "testing"

func TestScalesAreWrittenAsFractions(t *testing.T) {
	for scale, want := range map[float64]string{0.05: "1/20", 0.003: "3/1000", 1: "1", 2: "2", 0.5: "1/2", 1.5: "3/2", 0.0000001: "0"} {
		if got := fraction(scale); got != want {
			t.Errorf("%g: %s, want %s", scale, got, want)
		}
	}
}
