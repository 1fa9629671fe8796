// Package seed makes the accounts and applications of a demonstration: a private
// person, a company and an intermediary, with drafts and sealed applications to
// one click day. A second run adds only what is missing, so that a new click day
// gets its applications and an old one stays as it is.
package seed

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"strings"

	"puntuale/internal/accounts"
	"puntuale/internal/accounts/drafts"
	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/forms"
	"puntuale/internal/forms/sample"
)

// Store keeps what is made. Every call may be repeated after a failure.
type Store interface {
	drafts.Store
	// AccountByEmail returns accounts.ErrNotFound when there is none.
	AccountByEmail(ctx context.Context, email string) (accounts.Account, error)
	// EnsureAccount creates the account unless its address is taken.
	EnsureAccount(ctx context.Context, a *accounts.Account) (accounts.Account, error)
	// SetPassword replaces the password hash.
	SetPassword(ctx context.Context, id clickday.AccountID, hash string) error
	// CountApplications counts the account's applications to a day by state.
	CountApplications(ctx context.Context, account clickday.AccountID, day clickday.DayID) (map[clickday.ApplicationState]int, error)
}

// Seeder makes the demonstration.
type Seeder struct {
	Store  Store
	Drafts *drafts.Service
	Models *forms.Catalogue
	Clock  clock.Clock
	// Codes are the models of the applications, in turn; B when empty.
	Codes []clickday.ModelCode
}

// Made is what one account has for the click day after a run.
type Made struct {
	Email               string
	Sealed, Drafts, Old int // new sealed, new drafts, applications that were there
}

// person is one account of the demonstration with what it should have.
type person struct {
	accounts.Account
	employer                  sample.Kind
	sealed, ready, incomplete int
	own                       forms.Answers // the employer, when it is always the same one
}

func cast(intermediary int) []person {
	return []person{
		{
			Account:  accounts.Account{Kind: accounts.Person, Email: "mario.rossi@example.it", Name: "Mario Rossi", TaxCode: "RSSMRA80A01H501U"},
			employer: sample.Person, sealed: 1, incomplete: 1,
			own: forms.Answers{
				"employer_surname": "Rossi", "employer_name": "Mario", "employer_sex": "M", "employer_birth_date": "1980-01-01",
				"employer_born_in": "italy", "employer_birth_place": "H501", "employer_tax_code": "RSSMRA80A01H501U", "employer_citizen": "italian",
			},
		},
		{
			Account:  accounts.Account{Kind: accounts.Company, Email: "info@aziendabianchi.example.it", Name: "Azienda Agricola Bianchi S.r.l.", TaxCode: "01234567897"},
			employer: sample.Company, sealed: 2, ready: 1,
			own: forms.Answers{"company_name": "Azienda Agricola Bianchi S.r.l.", "company_tax_code": "01234567897", "company_vat": "01234567897"},
		},
		{
			Account:  accounts.Account{Kind: accounts.Intermediary, Email: "patronato@example.it", Name: "Patronato Esempio", TaxCode: "80012345671"},
			employer: sample.Any, sealed: intermediary,
		},
	}
}

// Run makes what is missing for the day. The intermediary gets that many sealed
// applications. Existing accounts get the password.
func (s *Seeder) Run(ctx context.Context, day clickday.DayID, password string, intermediary int) ([]Made, error) {
	var out []Made
	for _, p := range cast(intermediary) {
		acc, err := s.account(ctx, &p.Account, password)
		if err != nil {
			return out, fmt.Errorf("seed %s: %w", p.Email, err)
		}
		p.Account = acc
		made, err := s.applications(ctx, &p, day)
		if err != nil {
			return out, fmt.Errorf("seed %s: %w", p.Email, err)
		}
		out = append(out, made)
	}
	return out, nil
}

func (s *Seeder) account(ctx context.Context, want *accounts.Account, password string) (accounts.Account, error) {
	have, err := s.Store.AccountByEmail(ctx, want.Email)
	if err == nil {
		if same, err := accounts.CheckPassword(have.PasswordHash, password); err == nil && same {
			return have, nil
		}
	} else if !errors.Is(err, accounts.ErrNotFound) {
		return have, err
	}
	hash, err := accounts.HashPassword(password)
	if err != nil {
		return have, err
	}
	if have.ID != 0 {
		return have, s.Store.SetPassword(ctx, have.ID, hash)
	}
	want.PasswordHash, want.CreatedAt = hash, s.Clock.Now()
	return s.Store.EnsureAccount(ctx, want)
}

func (s *Seeder) applications(ctx context.Context, p *person, day clickday.DayID) (Made, error) {
	made := Made{Email: p.Email}
	have, err := s.Store.CountApplications(ctx, p.ID, day)
	if err != nil {
		return made, err
	}
	for _, n := range have {
		made.Old += n
	}
	codes, err := s.codes(p.employer)
	if err != nil {
		return made, err
	}
	source := random(p.Email, day, made.Old)
	for _, want := range []struct {
		state clickday.ApplicationState
		n     int
		made  *int
	}{{clickday.Sealed, p.sealed, &made.Sealed}, {clickday.Ready, p.ready, &made.Drafts}, {clickday.ToComplete, p.incomplete, &made.Drafts}} {
		for range want.n - have[want.state] {
			code := codes[(made.Old+made.Sealed+made.Drafts)%len(codes)]
			if err := s.one(ctx, p, day, code, source, want.state); err != nil {
				return made, err
			}
			*want.made++
		}
	}
	return made, nil
}

// codes are the models that suit a kind of employer, those of families first for
// a person; all of them for an intermediary, or where none suits.
func (s *Seeder) codes(kind sample.Kind) ([]clickday.ModelCode, error) {
	all := s.Codes
	if len(all) == 0 {
		all = []clickday.ModelCode{"B"}
	}
	var families, firms []clickday.ModelCode
	for _, code := range all {
		m, ok := s.Models.Newest(code)
		if !ok {
			return nil, fmt.Errorf("there is no model %s", code)
		}
		_, either := m.Field("employer_kind")
		_, person := m.Field("employer_surname")
		switch {
		case either:
			firms = append(firms, code)
		case person:
			families = append(families, code)
		}
	}
	switch {
	case kind == sample.Person && len(families)+len(firms) > 0:
		return append(families, firms...), nil
	case kind == sample.Company && len(firms) > 0:
		return firms, nil
	}
	return all, nil
}

// random differs from account to account and from day to day, and goes on where
// an earlier run ended.
func random(email string, day clickday.DayID, from int) *rand.Rand {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s %d %d", email, day, from)
	return sample.New(h.Sum64())
}

// one makes an application the way a person does: begin, fill in, seal.
func (s *Seeder) one(ctx context.Context, p *person, day clickday.DayID, code clickday.ModelCode, r *rand.Rand, want clickday.ApplicationState) error {
	a, err := s.Drafts.Draft(ctx, p.ID, day, code)
	if err != nil {
		return err
	}
	m, err := s.Drafts.ModelOf(&a)
	if err != nil {
		return err
	}
	answers, err := s.answers(p, m, r)
	if err != nil {
		return err
	}
	if want == clickday.ToComplete {
		maps.DeleteFunc(answers, func(id, _ string) bool { return !halfDone(m, id) })
	}
	if err := s.Drafts.Save(ctx, &a, m, a.Revision, answers); err != nil {
		return err
	}
	if want == clickday.Sealed {
		return s.Drafts.Seal(ctx, p.ID, a.ID, a.Revision)
	}
	if a.State != want {
		return fmt.Errorf("draft is %s instead of %s", a.State, want)
	}
	return nil
}

// halfDone keeps the employer and the worker's name: a draft that somebody left.
func halfDone(m *forms.Model, id string) bool {
	return m.PageOf(id) == m.Pages[0].ID || strings.HasSuffix(id, "_surname") || strings.HasSuffix(id, "_name")
}

// answers puts the account's own employer into random answers until the whole
// passes the checks, which random incomes and pays do not always together.
func (s *Seeder) answers(p *person, m *forms.Model, r *rand.Rand) (forms.Answers, error) {
	for range 100 {
		a := sample.Of(r, m, p.employer, s.Drafts.Today())
		maps.Copy(a, p.own)
		if a = m.Clean(a); len(m.Check(a, s.Drafts.Today())) == 0 {
			return a, nil
		}
	}
	return nil, errors.New("no valid answers in a hundred attempts")
}
