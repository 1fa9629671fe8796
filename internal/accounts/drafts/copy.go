package drafts

import (
	"context"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/forms"
)

// Origin is what a new application is copied from: an application of the account,
// of any state and year.
type Origin struct {
	Model   *forms.Model
	Answers forms.Answers
}

// Plan is what a copy will be, before it is made.
type Plan struct {
	Model   *forms.Model // newest version
	Answers forms.Answers
	State   clickday.ApplicationState
	Left    []forms.Left // what could not be taken over
}

// Plan says what a new application of a model would begin with. It stores
// nothing; ErrModel if there is no such model.
func (s *Service) Plan(from *Origin, code clickday.ModelCode, how forms.Carry) (*Plan, error) {
	m, ok := s.models.Newest(code)
	if !ok || !how.Valid() {
		return nil, ErrModel
	}
	answers, left := m.CarryOver(from.Model, from.Answers, how)
	return &Plan{Model: m, Answers: answers, State: m.State(answers, s.Today()), Left: left}, nil
}

// Copy makes the application that Plan describes. Errors wrap ErrDay and ErrModel.
// Files are not copied: each belongs to its application.
func (s *Service) Copy(ctx context.Context, account clickday.AccountID, from *Origin, day *clickday.Day, code clickday.ModelCode, how forms.Carry) (accounts.Application, *Plan, error) {
	if day == nil || !s.InPreparation(day) {
		return accounts.Application{}, nil, ErrDay
	}
	if !day.Accepts(code) {
		return accounts.Application{}, nil, ErrModel
	}
	plan, err := s.Plan(from, code, how)
	if err != nil {
		return accounts.Application{}, nil, err
	}
	a, err := s.create(ctx, account, day.ID, plan.Model, plan.Answers)
	return a, plan, err
}
