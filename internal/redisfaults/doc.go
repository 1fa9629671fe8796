// Package redisfaults holds the tests that break what lies between intake and
// worker: Redis restarted, killed, emptied, full, failed over, the network to it
// cut, slow or in single bytes; and the same submission sent over and over to two
// nodes. Everything else is real and in one process: journal, forwarder, queue on
// Redis, sequencer, Postgres.
package redisfaults
