package journal

// recent is the last batches, for whoever carries them on: they are in memory
// anyway, and reading them back would cost as much as carrying them.
type recent struct {
	kept  []kept // of consecutive batches, oldest first
	bytes int
}

// kept is the frame of a durable batch.
type kept struct {
	batch uint64
	frame []byte // nil when its buffer serves another batch
	lent  int
}

// keep takes the frame of a batch that has become durable. Called with mu held.
func (j *Journal) keep(batch uint64, frame []byte) {
	r := &j.recent
	r.kept = append(r.kept, kept{batch: batch, frame: frame})
	r.bytes += len(frame)
	for len(r.kept) > 0 && (r.bytes > recentMax || r.kept[0].frame == nil) {
		old := &r.kept[0]
		if old.lent == 0 {
			j.reuse(old.frame)
		}
		r.bytes -= len(old.frame)
		*old = kept{}
		r.kept = r.kept[1:]
	}
}

// reuse keeps a buffer for another group. Called with mu held.
func (j *Journal) reuse(frame []byte) {
	if frame != nil && j.free+cap(frame) <= freeMax {
		j.frames = append(j.frames, frame)
		j.free += cap(frame)
	}
}

// lend returns the frame of a batch, if it is in memory.
func (j *Journal) lend(batch uint64) []byte {
	j.mu.Lock()
	defer j.mu.Unlock()
	r := &j.recent
	if len(r.kept) == 0 || batch < r.kept[0].batch {
		return nil
	}
	at := batch - r.kept[0].batch
	if at >= uint64(len(r.kept)) || r.kept[at].frame == nil {
		return nil
	}
	r.kept[at].lent++
	return r.kept[at].frame
}

// takeBack gives the buffer of a frame that was lent to other batches, when the
// last borrower has brought it back; false means that it was never lent.
func (j *Journal) takeBack(frame []byte) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	r := &j.recent
	for i := range r.kept {
		k := &r.kept[i]
		if len(k.frame) == 0 || &k.frame[0] != &frame[0] {
			continue
		}
		if k.lent--; k.lent == 0 {
			j.reuse(k.frame)
			r.bytes -= len(k.frame)
			k.frame = nil
		}
		return true
	}
	return false
}
