// Package loadfault breaks an installation of one's own while a load run is
// going on, as a scenario file says: programs are killed or paused, Redis is
// restarted or emptied, the opening is moved, the time servers of the node jump,
// the network is cut, held or slowed down.
//
//	scenario.go  Scenario: what a file says, checked
//	play.go      Play: does it, step after step, at the instants it names
//	ground.go    Ground: the installation that is broken
//	link.go      a link that can be disturbed: toxiproxy, within the process
//	times.go     time servers that can be wrong
package loadfault
