package postgres_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/notices"
	"puntuale/internal/parties"
	"puntuale/internal/postgres"
	"puntuale/internal/postgres/pgtest"
)

// town is a database with people in it, at an instant that the test moves.
type town struct {
	*testing.T
	*postgres.DB
	now time.Time
	n   int
}

func newTown(t *testing.T) *town {
	return &town{T: t, DB: pgtest.New(t), now: monday}
}

func (o *town) must(err error) {
	o.Helper()
	if err != nil {
		o.Fatal(err)
	}
}

// is reports an error that is not the one wanted; nil wants none.
func (o *town) is(what string, err, want error) {
	o.Helper()
	if !errors.Is(err, want) {
		o.Errorf("%s: %v, want %v", what, err, want)
	}
}

func (o *town) person(name string) clickday.AccountID {
	o.Helper()
	a, err := o.EnsureAccount(context.Background(), &accounts.Account{
		Kind: accounts.Person, Email: name + "@example.it", PasswordHash: "x", Name: name, TaxCode: "T-" + name, CreatedAt: o.now,
	})
	o.must(err)
	return a.ID
}

// organisation makes one with that owner; a trade makes it an intermediary.
func (o *town) organisation(owner clickday.AccountID, code string, trade parties.Trade) clickday.AccountID {
	o.Helper()
	id, err := o.CreateOrganisation(context.Background(), owner, &parties.Organisation{
		Name: "Org " + code, Email: code + "@example.it", TaxCode: code, Form: "srl", Trade: trade, Register: "n. 1",
	}, o.now)
	o.must(err)
	return id
}

func (o *town) actor(person, account clickday.AccountID) parties.Actor {
	return parties.Actor{Person: person, Account: account, At: o.now}
}

func letter(email, name, lang string) notices.Letter {
	return notices.Letter{To: email, Name: name, Lang: lang, Subject: "s", Text: "t", Key: fmt.Sprint(email, name)}
}

// give lets a person act for an account: invitation and acceptance.
func (o *town) give(giver, account, to clickday.AccountID, g parties.Grant) int64 {
	o.Helper()
	ctx := context.Background()
	a, err := o.Account(ctx, to)
	o.must(err)
	g.Email = a.Email
	o.n++
	token := sha256.Sum256([]byte{byte(o.n)})
	o.must(o.Invite(ctx, o.actor(giver, account), &g, token, letter))
	id, err := o.InvitationByToken(ctx, token, o.now)
	o.must(err)
	_, err = o.AnswerInvitation(ctx, to, id, true, o.now)
	o.must(err)
	return id
}

// role is what a person may do for an account now, empty for nothing.
func (o *town) role(person, account clickday.AccountID) parties.Role {
	o.Helper()
	a, err := o.ActingFor(context.Background(), o.actor(person, account))
	if err != nil {
		o.is("acting", err, accounts.ErrNotFound)
		return ""
	}
	return a.Role
}

func TestSubDelegationsEndWithWhatTheyRestOn(t *testing.T) {
	o := newTown(t)
	ada, bob, cid, dan := o.person("ada"), o.person("bob"), o.person("cid"), o.person("dan")
	firm := o.organisation(ada, "00743110157", "")
	other := o.organisation(dan, "00905811006", "")
	end := o.now.Add(72 * time.Hour)
	top := o.give(ada, firm, bob, parties.Grant{Role: parties.Manager, MayDelegate: true, Until: end})
	o.give(bob, firm, cid, parties.Grant{Role: parties.Manager, MayDelegate: true, Until: end.Add(-time.Hour)})
	o.give(cid, firm, dan, parties.Grant{Role: parties.Operator, Until: end.Add(-2 * time.Hour)})
	ctx := context.Background()
	for name, want := range map[string]error{"owner": parties.ErrRoleTooWide, "manager": parties.ErrTooLong} {
		err := o.Invite(ctx, o.actor(bob, firm), &parties.Grant{Email: "x@example.it", Role: parties.Role(name), Until: end.Add(1)}, [32]byte{99}, letter)
		o.is("a manager gives "+name, err, want)
	}
	o.is("a stranger gives", o.Invite(ctx, o.actor(bob, other), &parties.Grant{Email: "x@example.it", Role: parties.Operator}, [32]byte{98}, letter), accounts.ErrNotFound)
	check := func(when string, want ...parties.Role) {
		t.Helper()
		for i, p := range []clickday.AccountID{ada, bob, cid, dan} {
			if got := o.role(p, firm); got != want[i] {
				t.Errorf("%s: %d is %q, want %q", when, i, got, want[i])
			}
		}
	}
	check("all hold", parties.Owner, parties.Manager, parties.Manager, parties.Operator)
	if got := o.role(ada, other) + o.role(bob, other); got != "" {
		t.Errorf("strangers are %q", got)
	}
	o.now = end.Add(-2 * time.Hour)
	check("the last one is over", parties.Owner, parties.Manager, parties.Manager, "")
	o.now = end
	check("the first one is over", parties.Owner, "", "", "")
	o.now = monday
	if _, err := o.RevokeDelegation(ctx, o.actor(dan, firm), top); !errors.Is(err, parties.ErrRole) {
		t.Errorf("an operator revokes the manager above: %v", err)
	}
	_, err := o.RevokeDelegation(ctx, o.actor(ada, firm), top)
	o.must(err)
	check("the first one is revoked", parties.Owner, "", "", "")
	o.give(ada, firm, bob, parties.Grant{Role: parties.Operator})
	check("given anew, the others stay out", parties.Owner, parties.Operator, "", "")
}

func TestAnOrganisationKeepsAnOwner(t *testing.T) {
	o, ctx := newTown(t), context.Background()
	ada, bob, cid := o.person("ada"), o.person("bob"), o.person("cid")
	firm := o.organisation(ada, "00743110157", "")
	list, err := o.Delegations(ctx, o.actor(ada, firm))
	o.must(err)
	if len(list) != 1 || list[0].Role != parties.Owner || !list[0].Holds {
		t.Fatalf("the founder: %+v", list)
	}
	_, err = o.RevokeDelegation(ctx, o.actor(ada, firm), list[0].ID)
	o.is("the last owner leaves", err, parties.ErrLastOwner)
	o.give(ada, firm, cid, parties.Grant{Role: parties.Owner, Until: o.now.Add(time.Hour)})
	_, err = o.RevokeDelegation(ctx, o.actor(ada, firm), list[0].ID)
	o.is("the last owner without an end leaves", err, parties.ErrLastOwner)
	if o.role(ada, firm) != parties.Owner {
		t.Error("a refused revocation was done")
	}
	o.give(ada, firm, bob, parties.Grant{Role: parties.Owner})
	operator := o.give(ada, firm, o.person("dan"), parties.Grant{Role: parties.Operator})
	_, err = o.RevokeDelegation(ctx, o.actor(bob, firm), list[0].ID)
	o.must(err)
	if o.role(ada, firm) != "" || o.role(bob, firm) != parties.Owner || o.role(o.person("dan"), firm) != parties.Operator {
		t.Error("an owner who leaves takes others along, or does not leave")
	}
	_, err = o.RevokeDelegation(ctx, o.actor(ada, firm), operator)
	o.is("who has left revokes", err, accounts.ErrNotFound)
}

func TestInvitationsAreForOneAddress(t *testing.T) {
	o, ctx := newTown(t), context.Background()
	ada, bob, eve := o.person("ada"), o.person("bob"), o.person("eve")
	firm := o.organisation(ada, "00743110157", "")
	invite := func(n byte, g parties.Grant) int64 {
		t.Helper()
		o.must(o.Invite(ctx, o.actor(ada, firm), &g, [32]byte{n}, letter))
		id, err := o.InvitationByToken(ctx, [32]byte{n}, o.now)
		o.must(err)
		return id
	}
	id := invite(1, parties.Grant{Email: "Bob@Example.it", Role: parties.Operator})
	answer := func(who clickday.AccountID, id int64, accept bool) error {
		_, err := o.AnswerInvitation(ctx, who, id, accept, o.now)
		return err
	}
	o.is("somebody else accepts", answer(eve, id, true), parties.ErrInvitation)
	if mine, err := o.InvitationsFor(ctx, bob, o.now); err != nil || len(mine) != 1 || mine[0].AccountName != "Org 00743110157" {
		t.Errorf("invitations: %+v, %v", mine, err)
	}
	if o.role(bob, firm) != "" {
		t.Error("an invitation counts before it is accepted")
	}
	o.must(answer(bob, id, true))
	o.is("accepted twice", answer(bob, id, true), parties.ErrInvitation)
	_, err := o.InvitationByToken(ctx, [32]byte{1}, o.now)
	o.is("the link after that", err, accounts.ErrNotFound)
	id = invite(2, parties.Grant{Email: "eve@example.it", Role: parties.Operator})
	o.must(answer(eve, id, false))
	o.is("accepted after it was declined", answer(eve, id, true), parties.ErrInvitation)
	id = invite(3, parties.Grant{Email: "eve@example.it", Role: parties.Operator})
	_, err = o.RevokeDelegation(ctx, o.actor(ada, firm), id)
	o.must(err)
	o.is("accepted after it was withdrawn", answer(eve, id, true), parties.ErrInvitation)
	id = invite(4, parties.Grant{Email: "eve@example.it", Role: parties.Operator})
	o.now = o.now.Add(parties.InvitationFor)
	o.is("accepted too late", answer(eve, id, true), parties.ErrInvitation)
	o.now = monday
	o.is("one's own account", o.Invite(ctx, o.actor(ada, ada), &parties.Grant{Email: "ada@example.it", Role: parties.Operator}, [32]byte{5}, letter), parties.ErrOwn)
	o.is("an owner of a person", o.Invite(ctx, o.actor(ada, ada), &parties.Grant{Email: "bob@example.it", Role: parties.Owner}, [32]byte{6}, letter), parties.ErrRoleTooWide)
	o.give(ada, ada, bob, parties.Grant{Role: parties.Operator})
	if o.role(bob, ada) != parties.Operator || o.role(ada, bob) != "" {
		t.Error("a person's delegate")
	}
	var letters int
	o.must(o.Pool.QueryRow(ctx, "SELECT count(*) FROM letters").Scan(&letters))
	if letters != 3 { // one key per address as it is written, in this test
		t.Errorf("%d letters", letters)
	}
}

func TestComputersOfTheRevokedAreDisconnected(t *testing.T) {
	o, ctx := newTown(t), context.Background()
	ada, bob := o.person("ada"), o.person("bob")
	firm := o.organisation(ada, "00743110157", "")
	id := o.give(ada, firm, bob, parties.Grant{Role: parties.Operator, Until: o.now.Add(time.Hour)})
	pair := func(n byte, person clickday.AccountID) {
		t.Helper()
		code, token := [32]byte{n}, [32]byte{n, 1}
		o.must(o.AddCode(ctx, code, &accounts.Grant{Account: firm, Person: person, RedirectURI: "u", Challenge: "c", ExpiresAt: o.now.Add(time.Hour)}))
		o.must(o.SpendCode(ctx, code, token, o.now, o.now.Add(1000*time.Hour), func(g *accounts.Grant) error {
			if g.Person != person || g.Account != firm {
				t.Errorf("grant %+v", g)
			}
			return nil
		}))
		_, err := o.RegisterDevice(ctx, token, &accounts.Device{Account: firm, PublicKey: [32]byte{n}, Name: "pc", CreatedAt: o.now})
		o.must(err)
	}
	pair(1, ada)
	pair(2, bob)
	bearer := func(n byte) error {
		b, err := o.Bearer(ctx, [32]byte{n, 1}, o.now)
		if err == nil && (b.Account.ID != firm || b.Device == nil || b.Device.Revoked) {
			t.Errorf("bearer %d: %+v", n, b)
		}
		return err
	}
	o.must(bearer(1))
	o.must(bearer(2))
	o.now = o.now.Add(time.Hour)
	o.is("a token after the end of the delegation", bearer(2), accounts.ErrNotFound)
	o.now = monday
	n, err := o.RevokeDelegation(ctx, o.actor(ada, firm), id)
	o.must(err)
	o.must(bearer(1))
	o.is("a token after the revocation", bearer(2), accounts.ErrNotFound)
	facts, err := o.DeviceFacts(ctx, [][32]byte{{1}, {2}})
	o.must(err)
	if n != 1 || !facts[[32]byte{1}].RevokedAt.IsZero() || facts[[32]byte{2}].RevokedAt.IsZero() {
		t.Errorf("%d computers disconnected: %+v", n, facts)
	}
}

func TestOrganisationsAreWhoseTheyAre(t *testing.T) {
	o, ctx := newTown(t), context.Background()
	ada, bob, eve := o.person("ada"), o.person("bob"), o.person("eve")
	firm := o.organisation(ada, "00743110157", "")
	_, err := o.CreateOrganisation(ctx, eve, &parties.Organisation{Name: "again", TaxCode: "00743110157"}, o.now)
	o.is("the same company again", err, parties.ErrTaken)
	office := o.organisation(eve, "00743110157", parties.Patronato) // another kind may have the same code
	o.give(ada, firm, bob, parties.Grant{Role: parties.Operator})
	_, err = o.Organisation(ctx, o.actor(eve, firm))
	o.is("a stranger reads", err, accounts.ErrNotFound)
	_, err = o.Organisation(ctx, o.actor(ada, ada))
	o.is("a person is read as an organisation", err, accounts.ErrNotFound)
	got, err := o.Organisation(ctx, o.actor(bob, firm))
	o.must(err)
	got.Name, got.Register = "Nuovo nome", ""
	o.is("a stranger writes", o.SaveOrganisation(ctx, o.actor(eve, firm), &got), accounts.ErrNotFound)
	o.is("an operator writes", o.SaveOrganisation(ctx, o.actor(bob, firm), &got), parties.ErrRole)
	o.must(o.SaveOrganisation(ctx, o.actor(ada, firm), &got))
	o.is("twice from one page", o.SaveOrganisation(ctx, o.actor(ada, firm), &got), accounts.ErrChanged)
	if got, err = o.Organisation(ctx, o.actor(bob, firm)); err != nil || got.Name != "Nuovo nome" || got.Revision != 2 || got.State != parties.Active {
		t.Errorf("after saving: %+v, %v", got, err)
	}
	got, err = o.Organisation(ctx, o.actor(eve, office))
	o.must(err)
	decide := func(s parties.State) error {
		return o.DecideIntermediary(ctx, ada, &got, s, "perché", o.now, letter)
	}
	o.must(decide(parties.Approved))
	o.is("decided on an old page", decide(parties.Refused), accounts.ErrChanged)
	got.Revision = 2
	got.Email = "nuova@example.it"
	o.must(o.SaveOrganisation(ctx, o.actor(eve, office), &got))
	state := func() parties.State {
		a, err := o.Organisation(ctx, o.actor(eve, office))
		o.must(err)
		got = a
		return a.State
	}
	if s := state(); s != parties.Approved {
		t.Errorf("a new e-mail address: %s", s)
	}
	got.Register = "n. 2"
	o.must(o.SaveOrganisation(ctx, o.actor(eve, office), &got))
	if s := state(); s != parties.Pending {
		t.Errorf("a new register entry: %s", s)
	}
	got.Trade = ""
	o.is("an intermediary becomes a company", o.SaveOrganisation(ctx, o.actor(eve, office), &got), accounts.ErrChanged)
	entries, err := o.AuditLog(ctx, 0, 10)
	if err != nil || len(entries) != 1 || entries[0].Action != "intermediary.approved" || entries[0].Account != office || entries[0].Staff != ada {
		t.Errorf("audit log: %+v, %v", entries, err)
	}
	o.is("staff decides on a company", o.DecideIntermediary(ctx, ada, &parties.Organisation{ID: firm, Revision: 2}, parties.Refused, "x", o.now, letter), accounts.ErrNotFound)
	_, err = o.AccountByEmail(ctx, "nuova@example.it")
	o.is("an organisation logs in", err, accounts.ErrNotFound)
}

func TestWhoClosesTheirAccountLeavesTheOthers(t *testing.T) {
	o, ctx := newTown(t), context.Background()
	ada, bob, cid := o.person("ada"), o.person("bob"), o.person("cid")
	alone, firm := o.organisation(ada, employer, ""), o.organisation(ada, "00905811006", "")
	o.give(ada, firm, bob, parties.Grant{Role: parties.Operator})
	leave := func(who clickday.AccountID) error {
		_, err := o.Leave(ctx, who, o.now, func(bool) notices.Letter { return letter("x@example.it", fmt.Sprint(who), "it") })
		return err
	}
	o.is("the last owner", leave(ada), parties.ErrLastOwner)
	if o.role(ada, firm) != parties.Owner || o.role(ada, alone) != parties.Owner {
		t.Error("a refused end was done in part")
	}
	o.give(ada, firm, cid, parties.Grant{Role: parties.Owner})
	o.must(leave(ada))
	if o.role(ada, firm) != "" || o.role(bob, firm) != parties.Operator || o.role(cid, firm) != parties.Owner {
		t.Error("a closed account acts, or the others were ended with it")
	}
	if again := o.organisation(cid, employer, ""); o.role(cid, again) != parties.Owner { // the one that nobody owned is closed
		t.Error("cannot be registered again")
	}
	o.must(leave(bob))
	list, err := o.Delegations(ctx, o.actor(cid, firm))
	o.must(err)
	for _, d := range list {
		if d.Holds != (d.Delegate == cid) {
			t.Errorf("after two have left: %+v", d)
		}
	}
}

func TestAnOrganisationCloses(t *testing.T) {
	o, ctx := newTown(t), context.Background()
	o.withDay()
	ada, bob, eve := o.person("ada"), o.person("bob"), o.person("eve")
	firm := o.organisation(ada, employer, "")
	o.give(ada, firm, bob, parties.Grant{Role: parties.Manager})
	app := o.ready(firm, employer)
	o.must(o.seal(firm, app))
	o.is("a stranger closes it", o.CloseOrganisation(ctx, o.actor(eve, firm)), accounts.ErrNotFound)
	o.is("a manager closes it", o.CloseOrganisation(ctx, o.actor(bob, firm)), parties.ErrRole)
	o.is("a person is closed so", o.CloseOrganisation(ctx, o.actor(ada, ada)), accounts.ErrNotFound)
	o.is("with a sealed application", o.CloseOrganisation(ctx, o.actor(ada, firm)), accounts.ErrState)
	o.must(o.ReopenApplication(ctx, firm, app, clickday.Ready, o.now))
	o.must(o.CloseOrganisation(ctx, o.actor(ada, firm)))
	if got := o.role(ada, firm) + o.role(bob, firm); got != "" {
		t.Errorf("for a closed organisation somebody is %q", got)
	}
	if again := o.organisation(eve, employer, ""); o.role(eve, again) != parties.Owner {
		t.Error("the company cannot be registered again")
	}
}
