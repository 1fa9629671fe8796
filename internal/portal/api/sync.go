package api

import (
	"context"
	"strconv"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/forms"
	"puntuale/internal/wire"
)

// ticketGrace is how long a ticket outlives the close of its day, so that a send
// after the close is refused as too late and not for its ticket.
const ticketGrace = time.Hour

type dictionaryJSON struct {
	Code         clickday.ModelCode `json:"code"`
	Version      uint16             `json:"version"`
	DictionaryID uint32             `json:"dictionary_id"`
	Dictionary   []byte             `json:"dictionary"`
}

type sealedApplicationJSON struct {
	ID           string             `json:"id"`
	Day          clickday.DayID     `json:"click_day"`
	Model        clickday.ModelCode `json:"model"`
	ModelVersion uint16             `json:"model_version"`
	SealVersion  uint32             `json:"seal_version"`
	Digest       string             `json:"digest"`
	Document     []byte             `json:"document"`
	Ticket       []byte             `json:"ticket"`
	Employer     string             `json:"employer"`
	Worker       string             `json:"worker"`
	DictionaryID uint32             `json:"dictionary_id"`
}

type syncJSON struct {
	Account      accountJSON             `json:"account"`
	ServerTime   time.Time               `json:"server_time"`
	Calendar     []byte                  `json:"calendar"`
	Models       []dictionaryJSON        `json:"models"`
	Applications []sealedApplicationJSON `json:"applications"`
}

// sync gives out the sealed applications with their tickets, for the days whose
// sync has begun and that are not over.
func (a *API) sync(ctx context.Context, _ *struct{}) (*body[syncJSON], error) {
	c := callerOf(ctx)
	if c.Device == nil {
		return nil, refuse(codeNoDevice)
	}
	cal, signed, err := a.Calendar.Current(ctx)
	if err != nil {
		return nil, err
	}
	now := a.Clock.Now()
	list, err := a.Store.Unnumbered(ctx, c.Account.ID, syncable(&cal, now))
	if err != nil {
		return nil, err
	}
	if n := len(list); n > 0 { // they are in order of their seals
		if err := a.Store.NoteSync(ctx, c.Account.ID, c.Device.ID, list[n-1].Seal.SealedAt, now); err != nil {
			return nil, err
		}
	}
	out := syncJSON{
		Account: accountOf(&c.Account), ServerTime: now.UTC(), Calendar: signed,
		Models: []dictionaryJSON{}, Applications: make([]sealedApplicationJSON, 0, len(list)),
	}
	used := map[*forms.Model]bool{}
	for i := range list {
		m, ok := a.Models.Model(list[i].Model, list[i].ModelVersion)
		if !ok { // only an older portal than the one that sealed it lacks the model
			a.Log.ErrorContext(ctx, "sync: model missing", "application", list[i].ID, "model", list[i].Model)
			continue
		}
		if !used[m] {
			used[m] = true
			d := m.Dictionary()
			out.Models = append(out.Models, dictionaryJSON{m.Code, m.Version, d.ID, d.Content})
		}
		out.Applications = append(out.Applications, a.application(&list[i], m, c, cal.Day(list[i].Day), now))
	}
	return answer(out), nil
}

// syncable returns the days for which tickets are given out now.
func syncable(cal *clickday.Calendar, now time.Time) []clickday.DayID {
	days := []clickday.DayID{}
	for i := range cal.Days {
		d := &cal.Days[i]
		t := now.UnixNano()
		if !d.Rehearsal && d.Sync <= t && t < d.Closes && d.State != clickday.DayClosed {
			days = append(days, d.ID)
		}
	}
	return days
}

func (a *API) application(s *accounts.SealedApplication, m *forms.Model, c *caller, day *clickday.Day, now time.Time) sealedApplicationJSON {
	ticket := wire.Ticket{
		KeyID: a.Tickets.Current, Day: s.Day, Model: s.Model, ModelVersion: s.ModelVersion, Application: s.ID,
		SealVersion: s.Seal.Version, Digest: s.Seal.Digest, Device: c.Device.PublicKey, Account: c.Account.ID,
		IssuedAt: now.Unix(), NotAfter: day.ClosesAt().Add(ticketGrace).Unix(),
	}
	employer, worker := m.SummaryOf(s.Answers)
	return sealedApplicationJSON{
		ID: s.ID.String(), Day: s.Day, Model: s.Model, ModelVersion: s.ModelVersion, SealVersion: s.Seal.Version,
		Digest: s.Seal.Digest.String(), Document: s.Seal.Document,
		Ticket:   wire.SealTicket(&ticket, a.Tickets.TicketKey(a.Tickets.Current)),
		Employer: employer, Worker: worker, DictionaryID: m.Dictionary().ID,
	}
}

type outcomeJSON struct {
	Application    string                   `json:"application_id"`
	Submission     string                   `json:"submission_id"`
	State          clickday.SubmissionState `json:"state"`
	Number         int64                    `json:"number,omitempty"`
	ProtocolNumber string                   `json:"protocol_number,omitempty"`
	Arrived        string                   `json:"arrived"` // RFC 3339, nanoseconds, UTC
	ArrivedNS      string                   `json:"arrived_ns"`
	Reason         clickday.Code            `json:"reason,omitempty"`
	ReasonText     *clickday.Text           `json:"reason_text,omitempty"`
	Receipt        bool                     `json:"receipt"`
	// List is what the newest published list of the day gave to it; absent
	// while there is none.
	List *standingJSON `json:"list,omitempty"`
}

type outcomesJSON struct {
	Outcomes []outcomeJSON `json:"outcomes" nullable:"false"`
}

func (a *API) outcomes(ctx context.Context, _ *struct{}) (*body[outcomesJSON], error) {
	account := callerOf(ctx).Account.ID
	list, err := a.Store.Outcomes(ctx, account)
	if err != nil {
		return nil, err
	}
	cal, _, err := a.Calendar.Current(ctx)
	if err != nil {
		return nil, err
	}
	standings, err := a.Store.Standings(ctx, account)
	if err != nil {
		return nil, err
	}
	out := make([]outcomeJSON, len(list))
	for i := range list {
		out[i] = outcomeOf(&list[i], &cal)
		if s, ok := standings[list[i].Submission]; ok {
			out[i].List = standingOf(&s)
		}
	}
	return answer(outcomesJSON{out}), nil
}

func outcomeOf(o *accounts.Outcome, cal *clickday.Calendar) outcomeJSON {
	j := outcomeJSON{
		Application: o.Application.String(), Submission: o.Submission.String(), State: o.State, Number: o.Number,
		Arrived: o.Stamp.Time().Format(time.RFC3339Nano), ArrivedNS: strconv.FormatInt(o.Stamp.UnixNano, 10),
		Reason: o.Reason, Receipt: o.Receipt,
	}
	if d := cal.Day(o.Day); d != nil && o.Number > 0 {
		j.ProtocolNumber = clickday.ProtocolNumber(d.Code, o.Number)
	}
	if o.Reason != "" {
		t := clickday.MeaningOf(o.Reason).Detail
		j.ReasonText = &t
	}
	return j
}
