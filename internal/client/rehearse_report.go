package client

import (
	"fmt"
	"slices"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/client/sending"
	"puntuale/internal/client/store"
)

// note keeps what was known of clock and connections, and every trouble once. A
// run reports one picture at a time.
func (r *RehearsalReport) note(p sending.Progress) {
	r.Connections = max(r.Connections, p.Connections)
	if p.Known {
		r.Offset, r.Bound, r.RoundTrip = p.Estimate.Offset, p.Estimate.Bound, p.Estimate.RoundTrip
	}
	if p.Trouble != nil {
		if t := Explain(p.Trouble); !slices.Contains(r.Trouble, t) {
			r.Trouble = append(r.Trouble, t)
		}
	}
}

// read gathers the arrivals.
func (r *RehearsalReport) read(st *store.Store, s *stage) {
	for i, rec := range st.All() {
		if !rec.State.Arrived() {
			continue
		}
		r.Acknowledged++
		after := time.Duration(rec.Arrived - s.opens)
		if i == 0 || after < r.First {
			r.First = after
		}
		r.Last = max(r.Last, after)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r.Early = s.early
	for n := range s.nodes {
		r.Nodes = append(r.Nodes, n)
	}
	slices.Sort(r.Nodes)
}

// judge sums up.
func (r *RehearsalReport) judge() {
	checks := CheckReport{Checks: r.Checks}
	r.Good = r.Early == 0 && r.Acknowledged == r.Applications && checks.Worst() != Bad
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	switch {
	case r.Acknowledged < r.Applications:
		r.Verdict = clickday.Text{
			IT: fmt.Sprintf("La prova non è riuscita: %d arrivi su %d. Guarda i controlli e i problemi di rete.", r.Acknowledged, r.Applications),
			EN: fmt.Sprintf("The rehearsal failed: %d arrivals of %d. Look at the checks and the network trouble.", r.Acknowledged, r.Applications),
		}
	case r.Early > 0:
		r.Verdict = clickday.Text{
			IT: fmt.Sprintf("%d invii sono arrivati prima dell’apertura e sono stati ripetuti: segnalalo all’assistenza.", r.Early),
			EN: fmt.Sprintf("%d requests arrived before the opening and were repeated: tell the help desk.", r.Early),
		}
	default:
		r.Verdict = clickday.Text{
			IT: fmt.Sprintf("Prova riuscita: nessun invio in anticipo, il primo arrivo %.1f ms dopo l’apertura, l’ultimo dopo %.1f ms.", ms(r.First), ms(r.Last)),
			EN: fmt.Sprintf("The rehearsal went well: nothing early, the first arrival %.1f ms after the opening, the last after %.1f ms.", ms(r.First), ms(r.Last)),
		}
	}
}
