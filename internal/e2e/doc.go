// Package e2e holds the end-to-end tests: the real programs as processes, on
// real PostgreSQL and Redis, with a real browser where a person has one. It has
// no code but tests.
package e2e
