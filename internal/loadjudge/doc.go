// Package loadjudge says whether a load run has passed. It holds what the
// generators have seen (who sent what and when, and what was answered) against
// what the installation says afterwards, and checks the invariants I1 to I11 of
// docs/loadtest.md and the goals of the run.
//
//	verdict.go   Verdict: what verdict.json and the report say
//	evidence.go  Evidence: everything a judgement rests on
//	judge.go     Judge: from evidence to verdict
//	invariants…  one check for each invariant, on its own data only
//	goals.go     figures of the run against what was asked
//	collect…     asks intake and portal over HTTP
//	journals.go  reads the journals of an installation of one's own
//
// The order of arrivals is recomputed here and not with the code that gave it.
package loadjudge
