// Package ranking is the chronological list of a click day as a file, and the
// recomputation of everything in it.
//
//	Header, Row   what a list says (docs/verify.md gives the file line by line)
//	Writer        writes a list, row after row, and signs it as a whole
//	Reader        reads one back; accepts only what Writer writes
//	Verify        recomputes order, numbers, root, places and proofs of a list
//	Extends       whether a later list contains an earlier one unchanged
//
// A list is read in one pass and never held in memory; what grows with it is
// one set of submission ids. There is no personal data in a list.
package ranking
