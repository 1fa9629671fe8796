package timing

import (
	"runtime/debug"
	"sync"
)

// calm keeps the garbage collector from running while anybody waits for an
// instant: on a busy machine its helpers would take turns behind everybody else's.
var calm struct {
	mu      sync.Mutex
	waiting int // guarded by mu
	percent int // guarded by mu; the setting before
}

// stayCalm begins it; calmOver, once for each, ends it.
func stayCalm() {
	calm.mu.Lock()
	defer calm.mu.Unlock()
	if calm.waiting++; calm.waiting == 1 {
		calm.percent = debug.SetGCPercent(-1)
	}
}

func calmOver() {
	calm.mu.Lock()
	defer calm.mu.Unlock()
	if calm.waiting--; calm.waiting == 0 {
		debug.SetGCPercent(calm.percent)
	}
}
