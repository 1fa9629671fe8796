package postgres_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"sync"
	"testing"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/parties"
	"puntuale/internal/wire"
)

// withDay gives the town a click day that closes 48 hours from now.
func (o *town) withDay() {
	o.Helper()
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, ed25519.SeedSize))
	ns := func(h int) int64 { return o.now.Add(time.Duration(h) * time.Hour).UnixNano() }
	o.must(o.NextCalendar(context.Background(), 1, "FLUSSI", [32]byte{1}, o.now, func(_ []byte, seed [32]byte) (uint64, []byte, time.Duration, error) {
		signed, err := wire.SealCalendar(&clickday.Calendar{Version: 1, IssuedAt: ns(0), Days: []clickday.Day{{
			ID: 1, Code: "FLUSSI", TitleIT: "x", TitleEN: "x", State: clickday.DayScheduled, Models: []clickday.ModelCode{"B"},
			Prepare: ns(-1), Sync: ns(24), Opens: ns(38), Closes: ns(48),
		}}}, key)
		return 1, signed, time.Microsecond, err
	}))
}

// ready makes an application of the account for an employer, ready to be sealed.
func (o *town) ready(account clickday.AccountID, employer string) clickday.ApplicationID {
	o.Helper()
	a := &accounts.Application{
		ID: clickday.NewApplicationID(), Account: account, Day: 1, Model: "B", ModelVersion: 1, State: clickday.Ready, CreatedAt: o.now,
		Answers: map[string]string{"company_tax_code": employer, "company_name": "Ditta", "worker_tax_code": "W"},
	}
	o.must(o.CreateApplication(context.Background(), a))
	return a.ID
}

// seal is SealApplication with what is stored now.
func (o *town) seal(account clickday.AccountID, id clickday.ApplicationID) error {
	a, err := o.Application(context.Background(), account, id)
	if err != nil {
		return err
	}
	return o.SealApplication(context.Background(), account, id, a.Revision, o.now, func(*accounts.Application, uint32) ([]byte, clickday.Digest, error) {
		return []byte("document"), clickday.Digest{1}, nil
	})
}

// obstacle is the kind of what keeps an application from being sealed, the same
// whether it is asked or tried.
func (o *town) obstacle(account clickday.AccountID, id clickday.ApplicationID) string {
	o.Helper()
	asked, err := o.SealObstacle(context.Background(), account, id, o.now)
	o.must(err)
	var tried *parties.Obstacle
	if err := o.seal(account, id); err != nil && !errors.As(err, &tried) {
		o.Fatal(err)
	}
	switch {
	case asked == nil && tried == nil:
		return ""
	case asked == nil || tried == nil || asked.Kind != tried.Kind:
		o.Fatalf("asked %v, tried %v", asked, tried)
	case asked.Name != "Ditta":
		o.Errorf("obstacle of %q", asked.Name)
	}
	return asked.Kind
}

// office is an approved intermediary with its owner.
func (o *town) office() (owner, id clickday.AccountID) {
	o.Helper()
	owner = o.person("olga")
	id = o.organisation(owner, "80012345671", parties.Patronato)
	o.must(o.DecideIntermediary(context.Background(), owner, &parties.Organisation{ID: id, Revision: 1}, parties.Approved, "", o.now, letter))
	return owner, id
}

const employer = "00743110157"

func TestASealNeedsAMandate(t *testing.T) {
	o, ctx := newTown(t), context.Background()
	o.withDay()
	olga := o.person("olga")
	office := o.organisation(olga, "80012345671", parties.Patronato)
	app := o.ready(office, employer)
	if got := o.obstacle(office, app); got != parties.NotApproved {
		t.Errorf("before the approval: %q", got)
	}
	who := o.actor(olga, office)
	m := &parties.Mandate{Intermediary: office, EmployerName: "Ditta", EmployerCode: employer, From: o.now, State: parties.Asked}
	_, err := o.AddMandate(ctx, who, m, nil, letter)
	o.is("asked before the approval", err, accounts.ErrNotFound)
	o.must(o.DecideIntermediary(ctx, olga, &parties.Organisation{ID: office, Revision: 1}, parties.Approved, "", o.now, letter))
	if got := o.obstacle(office, app); got != parties.NoMandate {
		t.Errorf("without a mandate: %q", got)
	}
	ada := o.person("ada")
	firm := o.organisation(ada, employer, "")
	id, err := o.AddMandate(ctx, who, m, nil, letter)
	o.must(err)
	_, err = o.AddMandate(ctx, who, m, nil, letter)
	o.is("asked twice", err, parties.ErrMandated)
	if got := o.obstacle(office, app); got != parties.Unanswered {
		t.Errorf("asked: %q", got)
	}
	o.is("the intermediary answers itself", o.AnswerMandate(ctx, who, id, true, letter), accounts.ErrNotFound)
	o.is("a stranger answers", o.AnswerMandate(ctx, o.actor(ada, ada), id, true, letter), accounts.ErrNotFound)
	o.must(o.AnswerMandate(ctx, o.actor(ada, firm), id, false, letter))
	if got := o.obstacle(office, app); got != parties.Declined {
		t.Errorf("refused: %q", got)
	}
	grant := *m
	grant.State, grant.Until = parties.Granted, o.now.Add(47*time.Hour)
	_, err = o.AddMandate(ctx, o.actor(ada, firm), &grant, nil, letter)
	o.must(err)
	if got := o.obstacle(office, app); got != parties.EndsEarly {
		t.Errorf("ends before the close: %q", got)
	}
	grant.Until = o.now.Add(48 * time.Hour)
	id, err = o.AddMandate(ctx, o.actor(ada, firm), &grant, nil, letter)
	o.must(err)
	if got := o.obstacle(office, app); got != "" {
		t.Errorf("with a mandate: %q", got)
	}
	got, err := o.Mandate(ctx, who, id)
	o.must(err)
	if got.Resting != 1 || !got.InForce(o.now) {
		t.Errorf("the mandate: %+v", got)
	}
}

func TestCompaniesSealForThemselvesAndOldAccountsForAll(t *testing.T) {
	o := newTown(t)
	o.withDay()
	ada := o.person("ada")
	firm := o.organisation(ada, employer, "")
	if got := o.obstacle(firm, o.ready(firm, employer)); got != "" {
		t.Errorf("a company for itself: %q", got)
	}
	if got := o.obstacle(firm, o.ready(firm, "00905811006")); got != parties.Foreign {
		t.Errorf("a company for another: %q", got)
	}
	if got := o.obstacle(ada, o.ready(ada, "00905811006")); got != "" {
		t.Errorf("a person: %q", got)
	}
	seeded, err := o.EnsureAccount(context.Background(), &accounts.Account{
		Kind: accounts.Intermediary, Email: "seed@example.it", PasswordHash: "x", Name: "Seed", TaxCode: "80012345671", CreatedAt: o.now,
	})
	o.must(err)
	if got := o.obstacle(seeded.ID, o.ready(seeded.ID, employer)); got != "" {
		t.Errorf("an intermediary that the operator has made: %q", got)
	}
}

// declared gives an intermediary a mandate on paper.
func (o *town) declared(owner, office clickday.AccountID) int64 {
	o.Helper()
	m := &parties.Mandate{Intermediary: office, EmployerName: "Ditta", EmployerCode: employer, From: o.now, State: parties.Declared}
	id, err := o.AddMandate(context.Background(), o.actor(owner, office), m, &parties.File{Name: "m.pdf", MediaType: "application/pdf", Content: []byte("%PDF")}, letter)
	o.must(err)
	return id
}

func TestARevokedMandateVoidsWhatHasNotArrived(t *testing.T) {
	o, ctx := newTown(t), context.Background()
	o.withDay()
	olga, office := o.office()
	id := o.declared(olga, office)
	waiting, arrived, refused := o.ready(office, employer), o.ready(office, employer), o.ready(office, employer)
	for _, a := range []clickday.ApplicationID{waiting, arrived, refused} {
		o.must(o.seal(office, a))
	}
	for a, state := range map[clickday.ApplicationID]string{arrived: "queued", refused: "refused"} {
		_, err := o.Pool.Exec(ctx, `INSERT INTO submissions (id, application_id, seal_version, click_day_id, account_id, model, model_version, device, digest,
			arrived, source, clock, bound, node, journal, sequence, state, reason, ingested_at)
			VALUES ($1, $2, 1, 1, $3, 'B', 1, '', '', 1, 0, 0, 0, 1, 1, 1, $4, CASE WHEN $4 = 'refused' THEN 'x' END, now())`,
			a[:], [16]byte(a), office, state)
		o.must(err)
	}
	ada := o.person("ada")
	firm := o.organisation(ada, employer, "")
	operator := o.person("bob")
	o.give(ada, firm, operator, parties.Grant{Role: parties.Operator})
	o.now = o.now.Add(time.Hour)
	_, err := o.RevokeMandate(ctx, o.actor(operator, firm), id, letter)
	o.is("an operator revokes", err, parties.ErrRole)
	_, err = o.RevokeMandate(ctx, o.actor(ada, ada), id, letter)
	o.is("a stranger revokes", err, accounts.ErrNotFound)
	n, err := o.RevokeMandate(ctx, o.actor(ada, firm), id, letter)
	o.must(err)
	if n != 2 {
		t.Errorf("%d seals are void, want 2", n)
	}
	_, err = o.RevokeMandate(ctx, o.actor(ada, firm), id, letter)
	o.is("revoked twice", err, accounts.ErrState)
	facts, err := o.SealFacts(ctx, []clickday.SealRef{{Application: waiting, Version: 1}, {Application: arrived, Version: 1}})
	o.must(err)
	if at := facts[clickday.SealRef{Application: waiting, Version: 1}].SupersededAt; !at.Equal(o.now) {
		t.Errorf("admission sees the seal end at %v, want %v", at, o.now)
	}
	if at := facts[clickday.SealRef{Application: arrived, Version: 1}].SupersededAt; !at.IsZero() {
		t.Errorf("the seal of what has arrived ends at %v", at)
	}
	if got := o.obstacle(office, waiting); got != parties.Withdrawn {
		t.Errorf("sealed again: %q", got)
	}
	list, err := o.Unnumbered(ctx, office, []clickday.DayID{1})
	o.must(err)
	if len(list) != 1 || list[0].ID != arrived {
		t.Errorf("sync gives out %d", len(list))
	}
}

func TestMandatesAreSeenByBothSidesAndNobodyElse(t *testing.T) {
	o, ctx := newTown(t), context.Background()
	o.withDay()
	olga, office := o.office()
	id := o.declared(olga, office)
	ada, eve := o.person("ada"), o.person("eve")
	firm := o.organisation(ada, employer, "")
	rival := o.organisation(eve, "00905811006", parties.Association)
	for who, want := range map[parties.Actor]error{
		o.actor(olga, office): nil, o.actor(ada, firm): nil, o.actor(eve, rival): accounts.ErrNotFound, o.actor(eve, eve): accounts.ErrNotFound,
		o.actor(eve, firm): accounts.ErrNotFound, o.actor(eve, office): accounts.ErrNotFound, o.actor(ada, ada): accounts.ErrNotFound,
	} {
		_, err := o.Mandate(ctx, who, id)
		o.is("mandate", err, want)
		f, err := o.MandateDocument(ctx, who, id)
		o.is("document", err, want)
		if want == nil && (f.Name != "m.pdf" || string(f.Content) != "%PDF") {
			t.Errorf("document: %+v", f)
		}
		list, n, err := o.Mandates(ctx, who, "", 10, 0)
		if mine := who.Account == office || who.Account == firm; err == nil && (n == 1) != mine || len(list) != n {
			t.Errorf("%+v sees %d mandates", who, n)
		}
		o.is("list", err, map[bool]error{true: accounts.ErrNotFound}[who.Person == eve && who.Account != eve && who.Account != rival])
	}
	grant := &parties.Mandate{Intermediary: office, EmployerName: "x", EmployerCode: employer, From: o.now, State: parties.Granted}
	_, err := o.AddMandate(ctx, o.actor(eve, eve), grant, nil, letter)
	o.is("granted for somebody else's code", err, accounts.ErrNotFound)
	ask := *grant
	ask.State = parties.Asked
	_, err = o.AddMandate(ctx, o.actor(eve, rival), &ask, nil, letter)
	o.is("asked in the name of another intermediary", err, accounts.ErrNotFound)
	for words, want := range map[string]int{"ditt": 1, employer: 1, "nessuno": 0, "%": 0} {
		if _, n, err := o.Mandates(ctx, o.actor(olga, office), words, 10, 0); err != nil || n != want {
			t.Errorf("search for %q: %d, %v", words, n, err)
		}
	}
}

// TestSealsAndRevocationsAtTheSameTime: whichever comes first, nothing stays
// sealed under a mandate that is revoked.
func TestSealsAndRevocationsAtTheSameTime(t *testing.T) {
	o, ctx := newTown(t), context.Background()
	o.withDay()
	olga, office := o.office()
	for range 5 {
		id := o.declared(olga, office)
		var apps []clickday.ApplicationID
		for range 6 {
			apps = append(apps, o.ready(office, employer))
		}
		var wg sync.WaitGroup
		for _, a := range apps {
			wg.Go(func() {
				if err := o.seal(office, a); err != nil && !errors.Is(err, parties.ErrNoMandate) {
					t.Error(err)
				}
			})
		}
		wg.Go(func() {
			if _, err := o.RevokeMandate(ctx, o.actor(olga, office), id, letter); err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
		var left int
		o.must(o.Pool.QueryRow(ctx, "SELECT count(*) FROM seals WHERE mandate_id = $1 AND superseded_at IS NULL", id).Scan(&left))
		if left != 0 {
			t.Fatalf("%d seals rest on a revoked mandate", left)
		}
	}
	withdrawn := o.declared(olga, office)
	app := o.ready(office, employer)
	o.must(o.seal(office, app))
	o.must(o.DecideIntermediary(ctx, olga, &parties.Organisation{ID: office, Revision: 2}, parties.Refused, "x", o.now, letter))
	if a, err := o.Application(ctx, office, app); err != nil || a.State != clickday.Ready {
		t.Errorf("after the approval of mandate %d's holder is withdrawn: %+v, %v", withdrawn, a.State, err)
	}
}
