package loadjudge

import (
	"crypto/ed25519"
	"fmt"

	"puntuale/internal/batch"
	"puntuale/internal/journal"
	"puntuale/internal/wire"
)

// ReadJournal verifies the journal of a node of one's own, with every signature,
// and adds its records of the day. Damage is evidence, not an error.
func (e *Evidence) ReadJournal(dir string, node ed25519.PublicKey) {
	if e.Records == nil {
		e.Records = []Record{}
	}
	report, err := journal.Scan(dir, node, func(f *batch.Frame) error {
		for i := range f.Records {
			r := &f.Records[i]
			envelope, err := wire.ParseEnvelope(r.Envelope)
			if err != nil {
				return fmt.Errorf("record %d: %w", r.Leaf.Stamp.Sequence, err)
			}
			if wire.IDOf(r.Envelope) != r.Leaf.ID {
				return fmt.Errorf("record %d is not that of its submission", r.Leaf.Stamp.Sequence)
			}
			if envelope.Ticket.Day == e.Day.ID {
				e.Records = append(e.Records, Record{r.Leaf.ID, envelope.Ticket.Application, r.Leaf.Stamp})
			}
		}
		return nil
	})
	if err != nil {
		e.JournalWrong = append(e.JournalWrong, err.Error())
	}
	if report.Torn != nil {
		e.JournalWrong = append(e.JournalWrong, fmt.Sprintf("unfinished write in %s at %d", report.Torn.Path, report.Torn.From))
	}
}
