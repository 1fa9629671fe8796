// Package loadrun is what a run of the load tester leaves on disk, and the
// types that its stages share: the generator writes it, the judge and the
// report read it. Nothing here sends or judges.
//
// A run directory holds
//
//	manifest.json           what was run against what, and what came of it
//	part-000/plan.bin       every planned request, in order of its instant
//	part-000/envelopes.bin  the envelopes, one after the other
//	part-000/envelopes.idx  where each lies, its submission id and application
//	part-000/answers.bin    what became of each request, in order of completion
//	samples.jsonl           what the processes used and how far they lagged, once a second
//	verdict.json            what the judge says, once it has
//	report.json report.html what people look at
//
// Every generator of a run has a part of its own; a run of one generator has
// part-000 only. Integers in .bin and .idx files are big-endian; every file
// begins with four bytes that name it. All instants are nanoseconds from the
// opening (Manifest.Opening, nanoseconds since 1970): what lies before it is
// negative.
package loadrun
