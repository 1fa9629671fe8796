//go:build linux

package main

import (
	"fmt"
	"os"
)

// say writes a line for the person who watches.
func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

// progressOf tells how far the preparation is, every tenth.
func progressOf(of int) func(done, of int) {
	told := 0
	return func(done, _ int) {
		if tenth := 10 * done / max(1, of); tenth > told && of > 5000 {
			told = tenth
			say("  %d%%", 10*tenth)
		}
	}
}
