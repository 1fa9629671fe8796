// Package evidence checks what a receipt proves, offline and with nothing but
// published keys: that the body has sealed every byte of the PDF, that the line
// of the submission is in the ledger whose head the body has signed, that the
// intake has acknowledged the same submission at the same time, and when the
// head was time-stamped.
//
//	verify.go  the checks, from a PDF or from its prova.json alone
//	seal.go    the PAdES seal, byte for byte
//	attach.go  the attachment of a PDF
//	words.go   what is said about it
package evidence
