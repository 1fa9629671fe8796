// Package recording keeps how a real click day went, without whose it was, to
// play it again as load:
//
//	Recording  arrivals from the opening on: when, which sender, which application
//	Recorder   makes one out of the journals of the intake nodes
//	Plan       turns one into the plan of a run
//
// What identifies anybody stays behind: senders and applications become numbers
// in an order drawn at random, with nothing kept that would lead back; instants
// are cut to a grain and counted from the opening; contents, tickets, keys and
// submission ids are not in the file at all.
package recording
