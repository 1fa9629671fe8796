// Package timestamping gets RFC 3161 tokens for the heads of the ledger from an
// authority outside: proof, by somebody with nothing to gain, that a head and
// with it every place in the order existed at that time.
//
//	token.go      reads and checks a token
//	authority.go  asks an authority, over HTTP
//	job.go        asks for the newest heads, again and again, apart from everything
//
// Package tsatest is an authority for tests.
package timestamping
