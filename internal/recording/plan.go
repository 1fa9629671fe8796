package recording

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/loadrun"
	"puntuale/internal/profile"
)

// privateMax is how many applications a sender may have and count as private.
const privateMax = 3

// Profile describes the recording as a profile, for plans and reports.
func (r *Recording) Profile() *profile.Profile {
	p := &profile.Profile{
		Name: r.Name, Title: clickday.Text{IT: "Registrazione di un evento reale", EN: "Recording of a real event"},
		Source: clickday.Text{IT: "Giornali dei nodi di accettazione, pseudonimizzati.", EN: "Journals of the intake nodes, pseudonymised."},
		Mix:    profile.Mix{PrivateMax: privateMax, Workstation: 1, WorkstationX: 1, Models: profile.UsualModels()},
	}
	senders := map[uint32]bool{}
	for _, a := range r.Arrivals {
		senders[a.Sender] = true
		if a.Kind == Good {
			p.Applications++
		}
	}
	last := r.Arrivals[len(r.Arrivals)-1].At + r.Grain
	p.Windows = []profile.Window{{To: profile.Span(max(last, r.Grain)), Share: 1}}
	p.Connected = len(senders)
	return p
}

// Plan makes the plan of a run. A scale below 1 keeps whole senders, so that
// everyone who is left sends as he did; above 1 senders come more than once. An
// application that arrived in several envelopes is sent again with the same one.
func (r *Recording) Plan(o profile.Options) *profile.Plan {
	m := &planner{r: rand.New(rand.NewPCG(o.Seed, 0x7265706c6179)), grain: r.Grain, plan: new(profile.Plan), until: o.Until}
	copies := m.copies(r, o.Scale)
	for _, bad := range []bool{false, true} { // bad envelopes stand behind the others
		for _, a := range r.Arrivals {
			for c := range copies[a.Sender] {
				if (a.Kind == Bad) == bad {
					m.arrival(&a, uint32(c))
				}
			}
		}
	}
	for i := range m.plan.Senders {
		m.plan.Senders[i].Private = m.plan.Senders[i].Applications <= privateMax
	}
	slices.SortFunc(m.plan.Requests, func(a, b loadrun.Request) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Envelope, b.Envelope), cmp.Compare(a.Kind, b.Kind))
	})
	m.plan.Draw(profile.UsualModels(), o.Seed) // a recording does not tell the models
	return m.plan
}

// twin is one of the copies of a sender or application.
type twin struct{ number, copy uint32 }

type planner struct {
	r       *rand.Rand
	grain   time.Duration
	until   time.Duration
	plan    *profile.Plan
	senders map[twin]uint32
	sent    map[twin]uint32          // envelope of each application
	at      map[uint32]time.Duration // of each envelope
}

// copies draws how often each sender comes.
func (m *planner) copies(r *Recording, scale float64) map[uint32]int {
	m.senders, m.sent, m.at = map[twin]uint32{}, map[twin]uint32{}, map[uint32]time.Duration{}
	out := map[uint32]int{}
	for _, a := range r.Arrivals {
		if _, ok := out[a.Sender]; ok {
			continue
		}
		whole := int(scale)
		if m.r.Float64() < scale-float64(whole) {
			whole++
		}
		out[a.Sender] = whole
	}
	return out
}

// arrival plans one; within its grain it may fall anywhere.
func (m *planner) arrival(a *Arrival, c uint32) {
	at := a.At + time.Duration(m.r.Int64N(int64(m.grain)))
	if m.until > 0 && at > m.until || at < 0 {
		return
	}
	q := loadrun.Request{At: at, Sender: m.sender(twin{a.Sender, c}), Kind: loadrun.Good}
	envelope, had := m.sent[twin{a.Application, c}]
	switch {
	case a.Kind == Bad:
		q.Kind, q.Bad = loadrun.Bad, loadrun.BadSignature
		q.Envelope = m.envelope(q.Sender, q.Bad)
	case had:
		q.Kind, q.Envelope, q.Sender = loadrun.Repeat, envelope, m.plan.Of[envelope]
		q.At = max(q.At, m.at[envelope]+1)
	default:
		q.Envelope = m.envelope(q.Sender, loadrun.NotBad)
		m.sent[twin{a.Application, c}], m.at[q.Envelope] = q.Envelope, q.At
		m.plan.Senders[q.Sender].Applications++
	}
	m.plan.Requests = append(m.plan.Requests, q)
}

func (m *planner) sender(t twin) uint32 {
	s, ok := m.senders[t]
	if !ok {
		s = uint32(len(m.plan.Senders))
		m.senders[t] = s
		m.plan.Senders = append(m.plan.Senders, profile.Sender{})
	}
	return s
}

func (m *planner) envelope(sender uint32, bad loadrun.Badness) uint32 {
	m.plan.Of = append(m.plan.Of, sender)
	m.plan.Bad = append(m.plan.Bad, bad)
	return uint32(len(m.plan.Of) - 1)
}
