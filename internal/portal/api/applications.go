package api

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/binary"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/forms"
)

const maxAnswersBody = 256 << 10 // bytes

// badBody are the refusals of routes that read JSON.
var badBody = []clickday.Code{clickday.CodeRequest, codeInvalid, codeTooLarge, clickday.CodeMediaType}

func (a *API) applicationRoutes() {
	register(a, readers, huma.Operation{
		OperationID: "list-applications", Method: http.MethodGet, Path: "/api/v1/applications", Tags: []string{tagApplications},
		Summary: "Applications in the order in which they were last changed",
		Description: "Give `next` of one answer as `after` of the following request, until `more` is false; kept, " +
			"it leads later to what has changed since.",
	}, []clickday.Code{codeInvalid}, a.listApplications)
	register(a, writers, huma.Operation{
		OperationID: "create-application", Method: http.MethodPost, Path: "/api/v1/applications", Tags: []string{tagApplications},
		DefaultStatus: http.StatusCreated, MaxBodyBytes: maxAnswersBody,
		Summary: "Begin an application, with answers or without", Description: "Wrong or missing answers are stored as well; `issues` says what there is to mend.",
	}, append(badBody, codeDay, clickday.CodeWrongModel), a.createApplication)
	register(a, readers, huma.Operation{
		OperationID: "read-application", Method: http.MethodGet, Path: "/api/v1/applications/{id}", Tags: []string{tagApplications},
		Summary: "One application with its answers, issues, seal and outcome",
	}, []clickday.Code{clickday.CodeNotFound}, a.readApplication)
	register(a, writers, huma.Operation{
		OperationID: "replace-answers", Method: http.MethodPut, Path: "/api/v1/applications/{id}", Tags: []string{tagApplications}, MaxBodyBytes: maxAnswersBody,
		Summary: "Replace all answers of a draft",
	}, append(badBody, clickday.CodeNotFound, codeChanged, codeState), a.replaceAnswers)
	register(a, writers, huma.Operation{
		OperationID: "change-answers", Method: http.MethodPatch, Path: "/api/v1/applications/{id}", Tags: []string{tagApplications}, MaxBodyBytes: maxAnswersBody,
		Summary: "Change some answers of a draft", Description: "An empty text takes an answer away; fields that are not named keep theirs.",
	}, append(badBody, clickday.CodeNotFound, codeChanged, codeState), a.changeAnswers)
	register(a, readers, huma.Operation{
		OperationID: "validate-application", Method: http.MethodPost, Path: "/api/v1/applications/{id}/validate", Tags: []string{tagApplications},
		Summary: "Check the stored answers as of today",
	}, []clickday.Code{clickday.CodeNotFound}, a.validateApplication)
	register(a, writers, huma.Operation{
		OperationID: "seal-application", Method: http.MethodPost, Path: "/api/v1/applications/{id}/seal", Tags: []string{tagApplications}, MaxBodyBytes: 1 << 10,
		Summary: "Seal a ready application", Description: "Freezes the answers; only sealed applications get tickets. " +
			"What no longer holds today is refused with `application_not_ready` and its issues.",
	}, append(badBody, clickday.CodeNotFound, codeChanged, codeState, codeNotReady, codeMandate), a.sealApplication)
	register(a, writers, huma.Operation{
		OperationID: "delete-application", Method: http.MethodDelete, Path: "/api/v1/applications/{id}", Tags: []string{tagApplications},
		Summary: "Throw a draft away, with its files",
	}, []clickday.Code{clickday.CodeNotFound, codeState, codeSent}, a.deleteApplication)
	register(a, writers, huma.Operation{
		OperationID: "reopen-application", Method: http.MethodPost, Path: "/api/v1/applications/{id}/reopen", Tags: []string{tagApplications},
		Summary: "Void the seal and make it a draft again",
	}, []clickday.Code{clickday.CodeNotFound, codeState, codeSent}, a.reopenApplication)
}

// ApplicationSummary is an application in a list.
type ApplicationSummary struct {
	ID           string                    `json:"id"`
	Day          clickday.DayID            `json:"click_day"`
	Model        clickday.ModelCode        `json:"model"`
	ModelVersion uint16                    `json:"model_version"`
	State        clickday.ApplicationState `json:"state" enum:"to_complete,to_validate,ready,sealed"`
	Revision     int64                     `json:"revision" doc:"Grows with every save; changes name the one that they were made on."`
	SealVersion  uint32                    `json:"seal_version" doc:"Of the newest seal, 0 for none."`
	Employer     string                    `json:"employer"`
	Worker       string                    `json:"worker"`
	CreatedAt    time.Time                 `json:"created_at"`
	UpdatedAt    time.Time                 `json:"updated_at"`
	Outcome      *outcomeJSON              `json:"outcome,omitempty" doc:"Of the submission that counts; absent while none has arrived."`
}

type linesJSON struct {
	Applications []ApplicationSummary `json:"applications" nullable:"false"`
	Next         string               `json:"next" doc:"Where the following request begins."`
	More         bool                 `json:"more" doc:"There may be more now."`
}

type listInput struct {
	After string `query:"after" doc:"next of an earlier answer." maxLength:"64"`
	Day   uint32 `query:"click_day" doc:"Only of this click day."`
	Model string `query:"model" doc:"Only of this model." maxLength:"8"`
	State string `query:"state" enum:"to_complete,to_validate,ready,sealed" doc:"Only in this state."`
	Limit int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

func (a *API) listApplications(ctx context.Context, in *listInput) (*body[linesJSON], error) {
	pick := accounts.Changes{
		Day: clickday.DayID(in.Day), Model: clickday.ModelCode(in.Model), State: clickday.ApplicationState(in.State), Limit: in.Limit,
	}
	if err := readCursor(in.After, &pick); err != nil {
		return nil, err
	}
	list, err := a.Store.ApplicationsAfter(ctx, callerOf(ctx).Account.ID, &pick)
	if err != nil {
		return nil, err
	}
	cal, _, err := a.Calendar.Current(ctx)
	if err != nil {
		return nil, err
	}
	out := linesJSON{Applications: make([]ApplicationSummary, len(list)), Next: in.After, More: len(list) == in.Limit}
	for i := range list {
		m, err := a.Drafts.ModelOf(&list[i])
		if err != nil {
			return nil, err
		}
		out.Applications[i] = lineOf(&list[i], m, &cal)
		out.Next = cursor(&list[i])
	}
	return answer(out), nil
}

// cursor is the place of an application in the order of changes: microseconds
// and id.
func cursor(a *accounts.Application) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(a.UpdatedAt.UnixMicro()))
	return base64.RawURLEncoding.EncodeToString(append(b, a.ID[:]...))
}

func readCursor(s string, into *accounts.Changes) error {
	if s == "" {
		return nil
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) != 8+len(into.AfterID) {
		return refuse(codeInvalid, FieldError{Location: "query.after", Text: clickday.Text{
			IT: "Non è un valore «next» di una risposta.", EN: "Not a “next” of an answer.",
		}})
	}
	into.After = time.UnixMicro(int64(binary.BigEndian.Uint64(b))).UTC()
	copy(into.AfterID[:], b[8:])
	return nil
}

func lineOf(p *accounts.Application, m *forms.Model, cal *clickday.Calendar) ApplicationSummary {
	employer, worker := m.SummaryOf(p.Answers)
	line := ApplicationSummary{
		ID: p.ID.String(), Day: p.Day, Model: p.Model, ModelVersion: p.ModelVersion, State: p.State, Revision: p.Revision, SealVersion: p.SealVersion,
		Employer: employer, Worker: worker, CreatedAt: p.CreatedAt.UTC(), UpdatedAt: p.UpdatedAt.UTC(),
	}
	if p.Outcome != nil {
		o := outcomeOf(p.Outcome, cal)
		line.Outcome = &o
	}
	return line
}

type sealJSON struct {
	Version  uint32    `json:"version"`
	Digest   string    `json:"digest" doc:"SHA-256 of the canonical document, hexadecimal."`
	SealedAt time.Time `json:"sealed_at"`
}

// applicationDetailJSON is an application with everything that there is to know of it.
type applicationDetailJSON struct {
	ApplicationSummary
	Answers forms.Answers `json:"answers"`
	Dropped []string      `json:"dropped,omitempty" doc:"After a change: fields that were sent and are not asked, so that their answers are not kept."`
	Issues  []FieldError  `json:"issues" nullable:"false" doc:"What there is to mend before sealing; empty for a sealed application."`
	Seal    *sealJSON     `json:"seal,omitempty"`
}

// whole reads what belongs to an application.
func (a *API) whole(ctx context.Context, p *accounts.Application, m *forms.Model) (*body[applicationDetailJSON], error) {
	cal, _, err := a.Calendar.Current(ctx)
	if err != nil {
		return nil, err
	}
	out := applicationDetailJSON{ApplicationSummary: lineOf(p, m, &cal), Answers: p.Answers, Issues: []FieldError{}}
	if out.Answers == nil {
		out.Answers = forms.Answers{}
	}
	if p.State != clickday.Sealed {
		out.Issues = issuesOf(m.Check(p.Answers, a.Drafts.Today()))
		return answer(out), nil
	}
	seal, err := a.Store.CurrentSeal(ctx, p.Account, p.ID)
	if err != nil {
		return nil, err
	}
	out.Seal = &sealJSON{seal.Version, seal.Digest.String(), seal.SealedAt.UTC()}
	return answer(out), nil
}

func (a *API) read(ctx context.Context, in *ApplicationPath) (accounts.Application, *forms.Model, error) {
	id, err := in.id()
	if err != nil {
		return accounts.Application{}, nil, err
	}
	return a.Drafts.Read(ctx, callerOf(ctx).Account.ID, id)
}

func (a *API) readApplication(ctx context.Context, in *ApplicationPath) (*body[applicationDetailJSON], error) {
	p, m, err := a.read(ctx, in)
	if err != nil {
		return nil, err
	}
	return a.whole(ctx, &p, m)
}

type newApplicationJSON struct {
	Day     clickday.DayID     `json:"click_day"`
	Model   clickday.ModelCode `json:"model" maxLength:"8"`
	Answers forms.Answers      `json:"answers,omitempty"`
}

func (a *API) createApplication(ctx context.Context, in *struct{ Body newApplicationJSON }) (*body[applicationDetailJSON], error) {
	cal, _, err := a.Calendar.Current(ctx)
	if err != nil {
		return nil, err
	}
	if m, ok := a.Models.Newest(in.Body.Model); ok {
		if err := known(m, in.Body.Answers); err != nil {
			return nil, err
		}
	}
	p, err := a.Drafts.Begin(ctx, callerOf(ctx).Account.ID, cal.Day(in.Body.Day), in.Body.Model)
	if err != nil {
		return nil, err
	}
	m, err := a.Drafts.ModelOf(&p)
	if err != nil {
		return nil, err
	}
	if len(in.Body.Answers) == 0 {
		return a.whole(ctx, &p, m)
	}
	return a.save(ctx, &p, m, p.Revision, in.Body.Answers, in.Body.Answers)
}

type changeInput struct {
	ApplicationPath
	Body struct {
		Revision int64         `json:"revision" doc:"That the change was made on."`
		Answers  forms.Answers `json:"answers"`
	}
}

func (a *API) replaceAnswers(ctx context.Context, in *changeInput) (*body[applicationDetailJSON], error) {
	return a.change(ctx, in, func(forms.Answers) forms.Answers { return forms.Answers{} })
}

func (a *API) changeAnswers(ctx context.Context, in *changeInput) (*body[applicationDetailJSON], error) {
	return a.change(ctx, in, maps.Clone[forms.Answers])
}

func (a *API) change(ctx context.Context, in *changeInput, start func(forms.Answers) forms.Answers) (*body[applicationDetailJSON], error) {
	p, m, err := a.read(ctx, &in.ApplicationPath)
	if err != nil {
		return nil, err
	}
	if err := known(m, in.Body.Answers); err != nil {
		return nil, err
	}
	next := start(p.Answers)
	if next == nil {
		next = forms.Answers{}
	}
	maps.Copy(next, in.Body.Answers)
	return a.save(ctx, &p, m, in.Body.Revision, next, in.Body.Answers)
}

func (a *API) save(ctx context.Context, p *accounts.Application, m *forms.Model, revision int64, answers, sent forms.Answers) (*body[applicationDetailJSON], error) {
	if err := a.Drafts.Save(ctx, p, m, revision, answers); err != nil {
		return nil, err
	}
	out, err := a.whole(ctx, p, m)
	if err != nil {
		return nil, err
	}
	out.Body.Dropped = dropped(sent, p.Answers)
	return out, nil
}

// dropped are the fields with an answer that was not kept.
func dropped(sent, kept forms.Answers) []string {
	out := []string{}
	for id, v := range sent {
		if _, ok := kept[id]; !ok && printable(v) != "" {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

func sorted(list []FieldError) []FieldError {
	slices.SortFunc(list, func(x, y FieldError) int { return cmp.Compare(x.Location, y.Location) })
	return list
}

func (a *API) validateApplication(ctx context.Context, in *ApplicationPath) (*body[checkedJSON], error) {
	p, m, err := a.read(ctx, in)
	if err != nil {
		return nil, err
	}
	answers := forms.Answers(p.Answers)
	if answers == nil {
		answers = forms.Answers{}
	}
	today := a.Drafts.Today()
	return answer(checkedJSON{m.State(answers, today), answers, []string{}, issuesOf(m.Check(answers, today))}), nil
}

func (a *API) sealApplication(ctx context.Context, in *struct {
	ApplicationPath
	Body struct {
		Revision int64 `json:"revision" doc:"That was checked."`
	}
},
) (*body[applicationDetailJSON], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	c := callerOf(ctx)
	if err := a.Drafts.Seal(ctx, c.Account.ID, id, in.Body.Revision); err != nil {
		return nil, err
	}
	a.Log.InfoContext(ctx, "sealed", "account", c.Account.ID, "application", id)
	return a.readApplication(ctx, &in.ApplicationPath)
}

func (a *API) reopenApplication(ctx context.Context, in *ApplicationPath) (*body[applicationDetailJSON], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	c := callerOf(ctx)
	if err := a.Drafts.Reopen(ctx, c.Account.ID, id); err != nil {
		return nil, err
	}
	a.Log.InfoContext(ctx, "re-opened", "account", c.Account.ID, "application", id)
	return a.readApplication(ctx, in)
}

func (a *API) deleteApplication(ctx context.Context, in *ApplicationPath) (*struct{}, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	c := callerOf(ctx)
	if err := a.Drafts.Delete(ctx, c.Account.ID, id); err != nil {
		return nil, err
	}
	a.Log.InfoContext(ctx, "draft deleted", "account", c.Account.ID, "application", id)
	return nil, nil
}
