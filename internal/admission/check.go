package admission

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/forms"
	"puntuale/internal/wire"
)

func refuse(code clickday.Code, format string, args ...any) error {
	return &wire.Error{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// open does every check that needs the envelope and our keys only. What a ticket
// claims is written down once its MAC holds, and not before.
func (j *Judge) open(c *candidate) error {
	s := c.submission
	e, err := wire.ParseEnvelope(s.Envelope)
	if err != nil {
		return err
	}
	t := &e.Ticket
	err = wire.CheckTicket(e.TicketBytes, t, j.Tickets, s.Stamp.Time())
	if err != nil && !expired(err) {
		return err
	}
	c.envelope = e
	s.Application, s.SealVersion, s.Day, s.Account = t.Application, t.SealVersion, t.Day, t.Account
	s.Model, s.ModelVersion, s.Device, s.Digest = t.Model, t.ModelVersion, t.Device, t.Digest
	if err != nil {
		return err
	}
	if err := e.CheckSignature(); err != nil {
		return err
	}
	m, ok := j.Models.Model(t.Model, t.ModelVersion)
	if !ok {
		return nil // the seal decides whether this is the sender's fault or ours
	}
	c.model = m
	return j.openDocument(c)
}

// expired: the ticket is ours, only too old.
func expired(err error) bool {
	return errors.Is(err, &wire.Error{Code: clickday.CodeTicketExpired})
}

// openDocument decompresses the document and holds it against the ticket.
func (j *Judge) openDocument(c *candidate) error {
	document, err := j.decompressor.Document(&c.envelope)
	if err != nil {
		return err
	}
	if sha256.Sum256(document) != c.envelope.Ticket.Digest {
		return refuse(clickday.CodeDigest, "digest of the document is not that of the ticket")
	}
	c.document = document
	return nil
}

// read reads the document that has been opened.
func (c *candidate) read() (forms.Answers, error) {
	t := &c.envelope.Ticket
	d, err := forms.Thaw(c.document)
	if err != nil {
		return nil, refuse(clickday.CodeDocument, "%v", err)
	}
	switch {
	case d.Day != t.Day:
		return nil, refuse(clickday.CodeDayMismatch, "document for click day %d, ticket for %d", d.Day, t.Day)
	case d.Model != t.Model || d.ModelVersion != t.ModelVersion:
		return nil, refuse(clickday.CodeWrongModel, "document of model %s %d, ticket for %s %d", d.Model, d.ModelVersion, t.Model, t.ModelVersion)
	case d.Application != t.Application || d.SealVersion != t.SealVersion:
		return nil, refuse(clickday.CodeDigest, "document is version %d of %s, ticket for version %d of %s",
			d.SealVersion, d.Application, t.SealVersion, t.Application)
	}
	return d.Answers, nil
}

// facts is what the portal knows about one batch.
type facts struct {
	calendar clickday.Calendar
	seals    map[clickday.SealRef]clickday.SealFact
	devices  map[[32]byte]clickday.DeviceFact
}

func (j *Judge) facts(ctx context.Context, list []candidate) (*facts, error) {
	var f facts
	refs := make(map[clickday.SealRef]bool)
	keys := make(map[[32]byte]bool)
	for i := range list {
		if list[i].err == nil {
			refs[refOf(&list[i])] = true
			keys[list[i].envelope.Ticket.Device] = true
		}
	}
	if len(refs) == 0 {
		return &f, nil
	}
	signed, err := j.Store.SignedCalendar(ctx)
	if err != nil {
		return nil, fmt.Errorf("admission: calendar: %w", err)
	}
	if f.calendar, err = wire.OpenCalendar(signed, j.CalendarKey); err != nil {
		return nil, fmt.Errorf("admission: calendar: %w", err)
	}
	if f.seals, err = j.Store.SealFacts(ctx, keysOf(refs)); err != nil {
		return nil, fmt.Errorf("admission: %w", err)
	}
	if f.devices, err = j.Store.DeviceFacts(ctx, keysOf(keys)); err != nil {
		return nil, fmt.Errorf("admission: %w", err)
	}
	return &f, nil
}

func refOf(c *candidate) clickday.SealRef {
	return clickday.SealRef{Application: c.envelope.Ticket.Application, Version: c.envelope.Ticket.SealVersion}
}

func keysOf[K comparable](set map[K]bool) []K {
	out := make([]K, 0, len(set))
	for k := range set {
		out = append(out, k)
	}
	return out
}

// check reads an opened submission and holds it against the facts as of its
// arrival.
func (f *facts) check(c *candidate) error {
	var answers forms.Answers
	if c.model != nil {
		var err error
		if answers, err = c.read(); err != nil {
			return err
		}
	}
	t, arrived := &c.envelope.Ticket, c.submission.Stamp.Time()
	day := f.calendar.Day(t.Day)
	if day == nil {
		return refuse(clickday.CodeUnknownDay, "click day %d", t.Day)
	}
	if !day.Accepts(t.Model) {
		return refuse(clickday.CodeWrongModel, "click day %s does not take model %s", day.Code, t.Model)
	}
	seal, ok := f.seals[refOf(c)]
	switch {
	case !ok:
		return refuse(clickday.CodeUnknownSeal, "version %d of application %s", t.SealVersion, t.Application)
	case seal.Account != t.Account:
		return refuse(clickday.CodeUnknownSeal, "application %s is not of account %d", t.Application, t.Account)
	case seal.Digest != t.Digest:
		return refuse(clickday.CodeDigest, "the ticket has another digest than version %d of application %s", t.SealVersion, t.Application)
	case reached(arrived, seal.SupersededAt):
		return refuse(clickday.CodeStaleSeal, "superseded at %s", seal.SupersededAt.UTC())
	}
	device, ok := f.devices[t.Device]
	switch {
	case !ok || device.Account != t.Account:
		return refuse(clickday.CodeDeviceRevoked, "device %x is not paired with account %d", t.Device[:4], t.Account)
	case reached(arrived, device.RevokedAt):
		return refuse(clickday.CodeDeviceRevoked, "revoked at %s", device.RevokedAt.UTC())
	}
	if err := checkRules(c, answers, seal.SealedAt); err != nil {
		return err
	}
	c.submission.Passport = answers[passportField]
	return nil
}

// passportField is how every model names the passport of the worker.
const passportField = "worker_passport"

// reached reports whether something that ends at an instant, if ever, had ended.
func reached(arrived, end time.Time) bool { return !end.IsZero() && !arrived.Before(end) }

// checkRules repeats the portal's own check on the date of sealing: nobody is
// refused because a rule about dates has turned against a document since. Near
// midnight that date depends on the place; both count, UTC and Italy in summer.
func checkRules(c *candidate, answers forms.Answers, sealed time.Time) error {
	if c.model == nil {
		return fmt.Errorf("%w: %s version %d", ErrUnknownModel, c.submission.Model, c.submission.ModelVersion)
	}
	issues := c.model.Check(answers, sealed.UTC())
	if len(issues) > 0 {
		issues = c.model.Check(answers, sealed.UTC().Add(2*time.Hour))
	}
	if len(issues) > 0 {
		return refuse(clickday.CodeDocument, "%d issues, the first on page %s, field %s", len(issues), issues[0].Page, issues[0].Field)
	}
	return nil
}
