// Package clockwatch tells how far the machine's clock may be from UTC, and
// whether a click day may be opened by it. It never sets the clock: that is the
// business of chrony or whatever else disciplines it.
//
//   - It asks several NTP servers, keeps the best recent answer of each, and looks
//     for an interval on which at least k of n agree (agree.go, server.go).
//   - Once a second it compares CLOCK_REALTIME with CLOCK_MONOTONIC_RAW, so that
//     a clock that was set is noticed within a second (step.go).
//   - It decides between OK, DEGRADED and REFUSE (policy.go); a click day that was
//     opened stays open, whatever happens to the clock (gate.go).
//
// What the intake asks on its hot path is one atomic load. docs/intake.md, "Clock",
// defines the bound and the states.
package clockwatch
