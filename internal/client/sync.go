package client

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"slices"

	"puntuale/internal/clickday"
	"puntuale/internal/client/portalapi"
	"puntuale/internal/client/store"
	"puntuale/internal/wire"
)

// SyncReport says what a sync has done.
type SyncReport struct {
	Prepared  int // new envelopes
	Replaced  int // envelopes of a newer seal or ticket in the place of unsent ones
	Unchanged int
	Dropped   int // unsent, and no longer listed by the portal
	// Rejected are applications whose data do not hold together; they are not
	// prepared.
	Rejected []Rejection
}

// Rejection is one application that was not prepared, and why.
type Rejection struct {
	Application string
	Worker      string
	Err         error
}

// Sync fetches the sealed applications, checks everything that came, and puts
// one signed envelope per application on disk. An envelope that may have been
// sent is never touched.
func (c *Client) Sync(ctx context.Context) (SyncReport, error) {
	var report SyncReport
	if c.Reader {
		return report, ErrReader
	}
	if !c.work.TryLock() {
		return report, ErrBusy
	}
	defer c.work.Unlock()
	defer c.touch()
	api, err := c.portal()
	if err != nil {
		return report, err
	}
	if err := c.syncSettings(ctx, api); err != nil {
		return report, err
	}
	data, err := api.Sync(ctx)
	if err != nil {
		return report, err
	}
	if _, err := c.calendars.Offer(data.Calendar); err != nil {
		return report, err
	}
	k, err := c.keystore()
	if err != nil {
		return report, err
	}
	key, err := deviceKey(k)
	if err != nil {
		return report, err
	}
	return report, c.apply(data, key, &report)
}

// syncSettings follows changes of the portal's configuration: nodes may come
// and go, the calendar key may not.
func (c *Client) syncSettings(ctx context.Context, api *portalapi.Client) error {
	s, err := api.Settings(ctx)
	if err != nil {
		return err
	}
	p, _ := c.Profile()
	if !bytes.Equal(s.CalendarKey, p.CalendarKey) {
		return ErrCalendar
	}
	p.Name, p.Nodes, p.NTPServers, p.Help = s.Name, s.Nodes, s.NTPServers, s.Help
	if p.ReleaseKey == nil {
		p.ReleaseKey = s.ReleaseKey // paired before there were releases
	}
	return c.setProfile(p)
}

// apply writes what changed with one Put, then drops what is gone.
func (c *Client) apply(data portalapi.Sync, key ed25519.PrivateKey, report *SyncReport) error {
	b := newBuilder(data.Models, key)
	defer b.close()
	var changed []store.Record
	listed := make(map[string]bool, len(data.Applications))
	for i := range data.Applications {
		a := &data.Applications[i]
		listed[a.ID] = true
		old, known := c.store.Get(a.ID)
		if known && !c.replaceable(&old, a) {
			report.Unchanged++
			continue
		}
		r, err := b.build(a)
		if err != nil {
			report.Rejected = append(report.Rejected, Rejection{a.ID, a.Worker, err})
			continue
		}
		if known {
			report.Replaced++
			r = succeed(old, r)
		} else {
			report.Prepared++
		}
		changed = append(changed, r)
	}
	if err := c.store.Put(changed...); err != nil {
		return err
	}
	return c.dropGone(listed, report)
}

func (c *Client) dropGone(listed map[string]bool, report *SyncReport) error {
	for _, r := range c.store.All() {
		if listed[r.Application] || !r.State.Unsent() {
			continue
		}
		if err := c.store.DropUnsent(r.Application); err != nil {
			return err
		}
		report.Dropped++
	}
	return nil
}

// replaceable reports whether the portal's version should take the place of
// the record: never when it may have been sent; when unsent, if seal, day or
// validity differ; after a refusal, if there is a newer seal, or if nothing was
// stored and the day can still be met.
func (c *Client) replaceable(old *store.Record, a *portalapi.Application) bool {
	e, err := wire.ParseEnvelope(old.Envelope)
	t, terr := wire.ParseTicket(a.Ticket)
	if err != nil || terr != nil {
		return old.State.Unsent()
	}
	was := e.Ticket
	switch {
	case old.State.Unsent():
		return differs(&t, &was)
	case old.State == store.Refused && old.Acknowledgement != nil:
		return t.SealVersion > was.SealVersion
	case old.State == store.Refused:
		return t.SealVersion > was.SealVersion || t.IssuedAt > was.IssuedAt && c.stillOpen(t.Day)
	default:
		return false
	}
}

func differs(t, was *wire.Ticket) bool {
	return t.SealVersion != was.SealVersion || t.Digest != was.Digest || t.Day != was.Day ||
		t.NotAfter != was.NotAfter || t.KeyID != was.KeyID || t.Device != was.Device
}

// stillOpen reports whether the day can still be met.
func (c *Client) stillOpen(id clickday.DayID) bool {
	day := c.calendars.Current().Day(id)
	return day != nil && day.State != clickday.DayClosed && c.base.Now() < day.Closes
}

// succeed is the record that follows old: an armed one stays armed, a refused
// one starts anew and keeps its past.
func succeed(old, r store.Record) store.Record {
	r.Past, r.Rank = old.Past, old.Rank
	switch old.State {
	case store.Armed:
		r.State = store.Armed
	case store.Refused:
		r.Past = append(slices.Clone(old.Past), store.Attempt{
			Submission: old.Submission, Envelope: old.Envelope, Acknowledgement: old.Acknowledgement, Code: old.Code,
		})
	}
	return r
}
