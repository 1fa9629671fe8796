package clockwatch

import (
	"slices"
	"time"

	"puntuale/internal/clickday"
)

// tickEvery is how often the clocks are compared.
const tickEvery = time.Second

// starting is the reason to refuse until every server had its chance.
const starting = "the time servers are being asked for the first time"

// engine turns readings and answers into views. It knows no goroutine, socket or
// timer: time is what the readings say.
type engine struct {
	servers []*server
	k       int // that must agree
	poll    time.Duration
	policy  Policy
	days    func() []clickday.Day

	steps    steps
	count    uint64
	lastStep time.Duration
	stepped  bool    // k servers have not answered since the last step
	stepAt   Reading // when it was seen
	// correction is UTC minus the clock as it was known last, steps included; 0
	// until servers have agreed.
	correction time.Duration
	agreed     bool // servers have agreed once
	gate       gate
	view       *View
}

func newEngine(c *Config, g gate) *engine {
	e := &engine{k: c.Agree, poll: c.Poll, policy: c.Policy, days: c.Days, gate: g}
	for _, name := range c.Servers {
		e.servers = append(e.servers, &server{name: name, rate: drift})
	}
	e.view = &View{Level: Refuse, Reason: starting, opened: g.opened}
	for _, name := range c.Servers {
		e.view.Servers = append(e.view.Servers, ServerView{Name: name})
	}
	if len(e.servers) == 0 {
		e.view.Level, e.view.Reason = e.policy.Judge(Finding{})
		e.view.trusted = true
	}
	return e
}

// pace is the pause between questions to a server: shorter until all is well and
// there are answers enough to tell how fast the clock drifts.
func (e *engine) pace(s *server) time.Duration {
	if e.view.Level == OK && s.asked >= kept {
		return e.poll
	}
	return min(e.poll, fastPoll)
}

// due returns the servers to ask now, and takes note that they are asked.
func (e *engine) due(now Reading) []int {
	var out []int
	for i, s := range e.servers {
		if s.due(now, e.pace(s)) {
			s.begin(now)
			out = append(out, i)
		}
	}
	return out
}

// tick looks at the clocks and judges again.
func (e *engine) tick(now Reading) {
	e.look(now, true)
	e.judge(now)
}

// take judges what a server answered to the question asked at began.
func (e *engine) take(i int, began, now Reading, a Answer, err error) {
	e.look(now, false)
	s := e.servers[i]
	switch {
	case err != nil:
		s.failed(e.pace(s), a.Kiss, err)
	case e.count > 0 && began.Raw <= e.stepAt.Raw:
		s.asking = false // the clock was set between question and answer
	default:
		s.answered(now, a)
	}
	e.judge(now)
}

// look notices steps.
func (e *engine) look(now Reading, tick bool) {
	jump := e.steps.see(now, tick)
	if jump == 0 {
		return
	}
	e.count++
	e.lastStep, e.stepped, e.stepAt = jump, true, now
	if e.agreed {
		e.correction -= jump
	}
	for _, s := range e.servers {
		s.shift(jump)
	}
}

// at is the time that tells which days are open. A clock that is off by more
// than policy allows is not asked: were it set forward by an hour, it would open
// days an hour early.
func (e *engine) at(now Reading) int64 {
	if e.correction.Abs() > e.policy.Refuse {
		return now.Real + int64(e.correction)
	}
	return now.Real
}

// judge makes the view of this moment. The bound is that of the next moment but
// one, so that it holds until another view replaces this one.
func (e *engine) judge(now Reading) {
	until := Reading{Real: now.Real + 2*int64(tickEvery), Raw: now.Raw + 2*int64(tickEvery)}
	v := &View{Steps: e.count, LastStep: e.lastStep, Servers: make([]ServerView, len(e.servers))}
	a, ok := agree(e.intervals(now, until, v), e.k)
	f := Finding{Watched: len(e.servers) > 0, Agreed: ok}
	if ok {
		v.Offset, v.Bound, v.Agreeing = a.Offset, a.Bound(), len(a.Agreeing)
		for _, i := range a.False {
			v.Servers[i].False = true
		}
		e.freshness(now, &a, &f)
		v.Leap = e.leap(&a)
		f.Bound = v.Bound
		e.agreed, e.correction = true, v.Offset
	}
	v.Level, v.Reason = e.policy.Judge(f)
	if !ok && e.starts() {
		v.Reason = starting
	}
	v.trusted = v.Level != Refuse
	e.pass(now, v)
	e.view = v
}

// starts tells whether the first question to a server is still open.
func (e *engine) starts() bool {
	return slices.ContainsFunc(e.servers, func(s *server) bool { return s.asked == 0 || s.asked == 1 && s.asking })
}

// intervals returns what the servers allow, and describes them in the view.
func (e *engine) intervals(now, until Reading, v *View) []Interval {
	var out []Interval
	for i, s := range e.servers {
		s.expire(now, e.poll)
		v.Servers[i] = ServerView{Name: s.name, Denied: s.denied, Failure: s.failure}
		p := s.best(now)
		if p == nil {
			continue
		}
		w := p.width(until, s.rate)
		out = append(out, Interval{i, p.offset - w, p.offset + w})
		v.Servers[i].Heard, v.Servers[i].Offset, v.Servers[i].Bound = true, p.offset, w
	}
	return out
}

// freshness tells whether k of those that agree have answered lately, and since
// the clock was set.
func (e *engine) freshness(now Reading, a *Agreement, f *Finding) {
	lately, after := 0, 0
	for _, i := range a.Agreeing {
		s := e.servers[i]
		if s.heardSince(now.Raw - int64(3*max(e.poll, s.every))) {
			lately++
		}
		if s.heardSince(e.stepAt.Raw + 1) {
			after++
		}
	}
	if after >= e.k {
		e.stepped = false
	}
	f.Fresh, f.Stepped = lately >= e.k, e.stepped
}

// leap tells whether k of those that agree announce a leap second.
func (e *engine) leap(a *Agreement) bool {
	n := 0
	for _, i := range a.Agreeing {
		if e.servers[i].leap {
			n++
		}
	}
	return n >= e.k
}

// pass lets the gate see the days. What was open under the view before stays
// open; while such a day runs, the level never says Refuse.
func (e *engine) pass(now Reading, v *View) {
	var days []clickday.Day
	if e.days != nil {
		days = e.days()
	}
	e.gate = e.gate.next(days, e.at(now), e.view.trusted || v.trusted)
	v.opened = e.gate.opened
	if v.Level == Refuse && len(v.opened) > 0 {
		v.Level, v.Reason = Degraded, v.Reason+"; a click day is open and stays so"
	}
}

// again passes once more, for a view that takes trust away and was put in force at
// now: a day that opened while it was being made has been accepted already.
func (e *engine) again(now Reading) {
	v := *e.view
	e.view = &View{trusted: true}
	e.pass(now, &v)
	e.view = &v
}
