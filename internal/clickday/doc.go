// Package clickday is the domain: click days, calendars, applications, stamps
// and the vocabulary of refusals. It imports the standard library only, and
// everything else in the project may import it.
//
// The words are those of docs/glossary.md; the states of a submission, and what
// is lost if a process dies in each of them, are described there too.
package clickday
