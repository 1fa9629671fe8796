// Package ledger is the bytes of the public record of a click day: the line of
// one decided submission, the RFC 6962 tree over these lines, its tiles, its
// signed checkpoints, the proofs, and the evidence that a receipt carries.
//
//	leaf.go        one submission as a line of text; the tie-break
//	tile.go        C2SP tlog-tiles: hash tiles and entry bundles, and their paths
//	edge.go        the right edge of a tree: what is needed to append to it
//	checkpoint.go  C2SP checkpoints as signed notes
//	proof.go       inclusion and consistency, made from tiles and checked without
//	evidence.go    prova.json, the attachment of a receipt
//
// Nothing here reads a clock, a file or a database. docs/ledger.md describes the
// formats byte for byte. There is no personal data in them.
package ledger
