// Package bench measures the intake against its targets, on this machine and in
// one go: the real `intake serve` with its Redis, and beside it the peers that
// do less: webdis writing into a Redis of the same settings, a fasthttp handler
// that answers "ok", nginx answering from memory. All get the same load from
// package loadgen, one after the other in turns, so that what the machine does
// meanwhile hits all of them; ratios are taken within a turn, and the median of
// the turns is the figure.
//
//	Ground   keys, calendar, envelopes and directories of one measurement
//	Peers    the servers: Intake, Webdis, OK, Nginx
//	Durable  acknowledgements a second and processor time, against the peers
//	Curve    the cost of an acknowledgement as batches grow
//	Order    misplaced arrivals at given rates, and the burst
//	Memory   of idle warm TLS connections
//	Figures  the lines that are printed
//
// It runs on Linux only.
package bench
