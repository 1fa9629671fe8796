package client

import (
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/client/keystore"
	"puntuale/internal/client/sending"
	"puntuale/internal/client/store"
	"puntuale/internal/client/timing"
	"puntuale/internal/client/update"
)

// Snapshot is everything a terminal or window shows, at one moment. Nobody
// changes it after it was made.
type Snapshot struct {
	Paired     bool
	Portal     string // address
	PortalName string
	Help       store.Help // whom to ask
	Computer   string     // how the portal lists this computer
	Version    string     // of this program, "" when it was built from the sources
	Account    store.Account
	// KeyFile says that secrets lie in a file (there is no keyring), Locked
	// that its passphrase has not been given yet.
	KeyFile bool
	Locked  bool
	Clock   ClockView
	Awake   AwakeView
	Tickets []store.Ticket // requests for help, the oldest first
	Update  *UpdateView    // a newer version; nil when there is none or nothing is to be said
	Days    []DayView

	// Of a Session only:
	Activity Activity
	Preview  PreviewView
	PairURL  string // address of the log-in page while pairing
	Notice   Notice
	// Checks are those of the last self-test, Rehearsal the one under way or the last.
	Checks    []Check
	Rehearsal RehearsalView

	// Of a Desk only:
	Accounts []AccountView
	Settings Settings
	Report   string // for the help desk, once it was asked for; no secret is in it
}

// ClockView is what is known of the intake's clock.
type ClockView struct {
	Known     bool
	Node      clickday.NodeID
	Now       time.Time     // the intake's clock, UTC; this computer's when not Known
	Offset    time.Duration // the intake's clock minus this computer's
	Bound     time.Duration // error of Offset
	RoundTrip time.Duration
	NodeBound time.Duration // distance of the intake's clock from UTC; 0 is not measured
	Reference *timing.Reference
}

// DayView is one click day with the applications for it.
type DayView struct {
	ID            clickday.DayID
	Code          string
	Title         clickday.Text
	Opens, Closes time.Time
	Phase         clickday.Phase // by the intake's clock
	Running       bool           // a Send is under way
	Progress      sending.Progress
	Counts        Counts
	Rows          []Row
}

// Counts of a day's applications, by state; together they are Total.
type Counts struct{ Total, Prepared, Armed, Sending, Acknowledged, Refused, Sequenced, Receipted int }

// Open is how many still can or may have to be sent.
func (c Counts) Open() int { return c.Prepared + c.Armed + c.Sending }

// Arrived is how many have their acknowledgement.
func (c Counts) Arrived() int { return c.Acknowledged + c.Sequenced + c.Receipted }

// Row is one application.
type Row struct {
	Application    string
	Rank           int // the person's own order; 0 until it is set
	Submission     string
	Model          clickday.ModelCode
	Worker         string
	Employer       string
	State          store.State
	Arrived        time.Time // zero before the acknowledgement
	Bound          time.Duration
	Node           clickday.NodeID
	Number         int64
	ProtocolNumber string
	Code           clickday.Code // of a refusal
	Reason         clickday.Text
	ReceiptFile    string
	List           *store.Standing // what the newest published list gave to it; nil without one
	Proof          bool            // the node's signed acknowledgement is on disk
}

// Snapshot takes a picture now.
func (c *Client) Snapshot() Snapshot {
	c.mu.Lock()
	p, paired, given := c.profile, c.paired, c.passphrase != ""
	m, ref := c.measured, c.reference
	kept, newer, tickets := c.awake, c.newer, c.tickets
	progress := make(map[string]sending.Progress, len(c.progress))
	for k, v := range c.progress {
		progress[k] = v
	}
	c.mu.Unlock()
	s := Snapshot{
		Paired: paired, Portal: p.Portal, PortalName: p.Name, Account: p.Account, Help: p.Help, Computer: p.Computer, Version: c.version(),
		Clock: c.clockView(m, ref), Tickets: tickets,
	}
	if newer != nil && !update.Quiet(c.calendars.Current(), c.base.Now()) {
		s.Update = newer
	}
	if kept != nil {
		s.Awake = *kept
	}
	s.KeyFile = c.usesFile(&p, paired)
	s.Locked = s.KeyFile && !given && c.Passphrase == nil
	s.Days = c.days(progress, s.Clock.Now.UnixNano())
	return s
}

// usesFile reports whether secrets lie, or before the pairing would lie, in a
// file. Only a window asks before the pairing: it has to show where to type.
func (c *Client) usesFile(p *store.Profile, paired bool) bool {
	if paired || c.Passphrase != nil {
		return paired && p.Keystore == keystore.KindFile
	}
	k, err := c.keystore()
	return err == nil && k.Kind() == keystore.KindFile
}

func (c *Client) clockView(m *measured, ref *timing.Reference) ClockView {
	local := c.base.Now()
	v := ClockView{Now: time.Unix(0, local).UTC(), Reference: ref}
	if m != nil {
		e := m.estimate.Later(time.Duration(local - m.at))
		v.Known, v.Node, v.Now = true, m.node, time.Unix(0, e.Node(local)).UTC()
		v.Offset, v.Bound, v.RoundTrip, v.NodeBound = e.Offset, e.Bound, e.RoundTrip, e.NodeBound
	}
	return v
}

// days groups the applications by click day, the next opening first as the
// calendar has them; days without applications are left out.
func (c *Client) days(progress map[string]sending.Progress, now int64) []DayView {
	byDay := c.grouped()
	cal := c.calendars.Current()
	var out []DayView
	for i := range cal.Days {
		d := &cal.Days[i]
		group, some := byDay[d.ID]
		if !some {
			continue
		}
		v := DayView{
			ID: d.ID, Code: d.Code, Title: clickday.Text{IT: d.TitleIT, EN: d.TitleEN},
			Opens: d.OpensAt(), Closes: d.ClosesAt(), Phase: d.PhaseAt(now),
		}
		v.Progress, v.Running = progress[d.Code]
		v.Rows, v.Counts = group.rows, group.counts
		out = append(out, v)
	}
	return out
}

// group is what the records of one day look like.
type group struct {
	rows   []Row
	counts Counts
}

// grouped returns the rows of every day. They are made anew only when a record
// has changed: a countdown asks for them five times a second.
func (c *Client) grouped() map[clickday.DayID]group {
	version := c.store.Version()
	c.mu.Lock()
	kept, at := c.groups, c.groupsAt
	c.mu.Unlock()
	if kept != nil && at == version {
		return kept
	}
	out := map[clickday.DayID]group{}
	for _, r := range c.store.All() {
		g := out[r.Day]
		g.rows = append(g.rows, rowOf(&r))
		g.counts.add(r.State)
		out[r.Day] = g
	}
	c.mu.Lock()
	c.groups, c.groupsAt = out, version
	c.mu.Unlock()
	return out
}

func rowOf(r *store.Record) Row {
	row := Row{
		Application: r.Application, Rank: r.Rank, Submission: r.Submission, Model: r.Model, Worker: r.Worker, Employer: r.Employer,
		State: r.State, Bound: r.Bound, Node: r.Node, Number: r.Number, ProtocolNumber: r.ProtocolNumber,
		Code: r.Code, Reason: r.Reason, ReceiptFile: r.ReceiptFile,
		List: r.List, Proof: len(r.Acknowledgement) > 0,
	}
	if r.Arrived != 0 {
		row.Arrived = time.Unix(0, r.Arrived).UTC()
	}
	if row.Code != "" && row.Reason == (clickday.Text{}) {
		row.Reason = clickday.MeaningOf(row.Code).Detail
	}
	return row
}

func (c *Counts) add(s store.State) {
	c.Total++
	switch s {
	case store.Prepared:
		c.Prepared++
	case store.Armed:
		c.Armed++
	case store.Sending:
		c.Sending++
	case store.Acknowledged:
		c.Acknowledged++
	case store.Refused:
		c.Refused++
	case store.Sequenced:
		c.Sequenced++
	case store.Receipted:
		c.Receipted++
	}
}
