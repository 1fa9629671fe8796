package intake

import (
	"context"
	"runtime/debug"
	"time"
)

const (
	// trimEvery is how long no connection must have come for a wave to be over,
	// trimWave how many make one.
	trimEvery = 2 * time.Second
	trimWave  = 256
)

// trim gives memory back after a wave of connections. A handshake needs several
// times what the connection keeps; without this the process would go on holding
// it, for as long as nothing happens, and before an opening nothing happens.
func (s *Server) trim(ctx context.Context) {
	tick := time.NewTicker(trimEvery)
	defer tick.Stop()
	var seen, trimmed int64
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		var now int64
		for _, d := range s.doors {
			now += d.entered.Load()
		}
		if now == seen && now-trimmed >= trimWave {
			debug.FreeOSMemory()
			trimmed = now
		}
		seen = now
	}
}
