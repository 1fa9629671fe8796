package forwarder

import "time"

// confirm notes whether what has just been sent has all its copies; few is nil or
// queue.ErrFewCopies. While copies are lacking, batches go on flowing to the
// worker. When they are complete again, the server that answers may be another
// one than the server that took them, so all that was sent in between is sent
// once more before it counts as copied.
func (f *Forwarder) confirm(few error) {
	switch {
	case few != nil:
		if !f.short {
			f.cfg.Log.Warn("the queue lacks copies; who waits for them is not acknowledged", "error", few, "from_batch", f.copied+1)
		}
		f.short = true
		f.cfg.Metrics.Failures.Inc()
	case f.short:
		f.cfg.Log.Info("the queue has its copies again", "sending_again_from", f.copied+1)
		f.short = false
		f.at = min(f.at, f.copied)
	case f.at > f.copied:
		f.copied = f.at
		if f.cfg.Copied != nil {
			f.cfg.Copied(f.copied)
		}
	}
}

// backoffMost is the longest pause before a queue that fails is tried again.
func (f *Forwarder) backoffMost() time.Duration {
	if f.cfg.Copied != nil {
		return backoffAwaited
	}
	return backoffMost
}
