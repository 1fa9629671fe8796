package sequencer

import (
	"puntuale/internal/batch"
	"puntuale/internal/clickday"
	"puntuale/internal/queue"
)

// haul is what one reading of the queue has brought.
type haul struct {
	records  []batch.Record
	batches  []clickday.Batch
	next     map[uint64]clickday.JournalProgress // journals that have moved, by id
	position string                              // of the last entry looked at
	sighted  map[queue.Replay]bool               // batches that were next, good or not

	in      *clickday.Intake // what is to be recorded; nil for nothing
	mark    queue.Mark       // read before the entries
	marked  bool             // there was a mark
	drained bool             // there were no entries
}

// progressOf returns where a journal stands, this haul included.
func (l *lane) progressOf(h *haul, journal uint64) clickday.JournalProgress {
	if p, ok := h.next[journal]; ok {
		return p
	}
	if p, ok := l.journals[journal]; ok {
		return p
	}
	return clickday.JournalProgress{Node: l.node, Journal: journal}
}

// take goes through entries in order and keeps the batches that continue their
// journal. It stops early when the records are enough for one transaction.
func (l *lane) take(entries []queue.Entry) *haul {
	h := &haul{
		next: make(map[uint64]clickday.JournalProgress), position: l.position, sighted: make(map[queue.Replay]bool),
	}
	for i := range entries {
		if len(h.records) >= recordLimit {
			break
		}
		l.takeOne(h, &entries[i])
		h.position = entries[i].ID
	}
	return h
}

func (l *lane) takeOne(h *haul, e *queue.Entry) {
	head, err := batch.ParseHeader(e.Frame)
	if err != nil {
		l.refuse(e, &head, badUnreadable, err)
		return
	}
	if head.Node != l.node {
		l.refuse(e, &head, badNode, nil)
		return
	}
	p := l.progressOf(h, head.Journal)
	if head.Batch < p.LastBatch {
		l.s.Metrics.Duplicates.Inc()
		return
	}
	if head.Batch == p.LastBatch+1 {
		h.sighted[queue.Replay{Journal: head.Journal, Batch: head.Batch}] = true
	}
	f, err := batch.Parse(e.Frame)
	if err != nil {
		l.refuse(e, &head, badUnreadable, err)
		return
	}
	if err := f.CheckSignature(l.key); err != nil {
		l.refuse(e, &head, badSignature, err)
		return
	}
	l.takeSigned(h, e, &f, p)
}

// takeSigned places a batch that the node has certainly made.
func (l *lane) takeSigned(h *haul, e *queue.Entry, f *batch.Frame, p clickday.JournalProgress) {
	s := f.Statement()
	chain := s.Chain()
	switch {
	case f.Batch == p.LastBatch && chain == p.Chain:
		l.s.Metrics.Duplicates.Inc()
	case f.Batch == p.LastBatch:
		l.refuse(e, &f.Header, badFork, nil)
	case f.Batch > p.LastBatch+1:
		l.s.Metrics.Skipped.Inc()
		l.expect(f.Journal, f.Batch)
	case f.Prev != p.Chain:
		l.refuse(e, &f.Header, badChain, nil)
	default:
		h.records = append(h.records, f.Records...)
		h.batches = append(h.batches, withoutRecords(f))
		p.LastBatch, p.Chain, p.Position = f.Batch, chain, e.ID
		h.next[f.Journal] = p
	}
}

// withoutRecords returns what gives the records their acknowledgements again.
func withoutRecords(f *batch.Frame) clickday.Batch {
	return clickday.Batch{
		Journal: f.Journal, Number: f.Batch, First: f.First, Prev: f.Prev, KeyID: f.KeyID, Signature: f.Signature,
		Leaves: f.LeafHashes(),
	}
}

// refuse reports a frame loudly. It counts for nothing; if a true batch should
// stand in its place, the gap that it leaves is mended from the journal.
func (l *lane) refuse(e *queue.Entry, head *batch.Header, reason string, err error) {
	l.s.Metrics.BadFrames.WithLabelValues(reason).Inc()
	l.s.Log.Error("frame refused; it must not happen, look at the queue and at the node", "reason", reason,
		"stream_node", l.node, "entry", e.ID, "node", head.Node, "journal", head.Journal, "batch", head.Batch, "error", err)
}
