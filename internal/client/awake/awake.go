// Package awake keeps the computer from going to sleep while something is armed,
// and says what it cannot keep it from: a closed lid, an empty battery.
package awake

import "errors"

// ErrCannot means that this system offers no way to ask it to stay awake.
var ErrCannot = errors.New("this system cannot be asked to stay awake")

// Power is what is known of the computer's power.
type Power struct {
	Known     bool
	Battery   bool // there is one
	OnBattery bool // and it is what runs the computer
	Percent   int  // of its charge
	Lid       bool // there is a lid that can be closed
}

// Hold is a promise of the system not to sleep by itself.
type Hold struct {
	// Lid says that closing the lid does not put the computer to sleep either.
	Lid     bool
	release func() error
}

// Release takes the promise back.
func (h *Hold) Release() error { return h.release() }

// Keep asks the system to stay awake until the Hold is released or the program
// ends, however it ends. The reason is shown by systems that list such wishes.
func Keep(reason string) (*Hold, error) { return keep(reason) }

// Look returns what is known of the computer's power.
func Look() Power { return look() }
