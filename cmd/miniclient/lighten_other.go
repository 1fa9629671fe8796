//go:build !headless && !linux

package main

import "runtime/debug"

// lighten gives back the heap that starting needed.
func lighten() { debug.FreeOSMemory() }
