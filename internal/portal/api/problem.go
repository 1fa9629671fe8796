package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"puntuale/internal/accounts"
	"puntuale/internal/accounts/drafts"
	"puntuale/internal/clickday"
	"puntuale/internal/parties"
	"puntuale/internal/wire"
)

// refusal is an error with its documented code and, for answers of people, what
// is wrong with which.
type refusal struct {
	code   clickday.Code
	errors []FieldError
}

func (e *refusal) Error() string { return "api: " + string(e.code) }

func refuse(c clickday.Code, errs ...FieldError) error { return &refusal{c, errs} }

// FieldError is one thing that is wrong with a request.
type FieldError struct {
	// Location is where: "body.answers.worker_sex", "query.limit".
	Location string `json:"location" doc:"Where: a path into the request, such as body.answers.worker_sex."`
	// Page and Field are set for answers to a model.
	Page    string        `json:"page,omitempty" doc:"Page of the model."`
	Field   string        `json:"field,omitempty" doc:"Field of the model; for a rule over several fields the one that is asked last."`
	Missing bool          `json:"missing,omitempty" doc:"A required answer is absent, rather than wrong."`
	Text    clickday.Text `json:"text" doc:"What is wrong and what to write instead."`
}

// Problem is the body of a refusal (RFC 9457): that of docs/protocol.md, with
// what is wrong with which field where there is something to tell.
type Problem struct {
	wire.Problem
	Errors []FieldError `json:"errors,omitempty"`
}

// Error returns the code.
func (p *Problem) Error() string { return string(p.Code) }

// GetStatus returns the status of the answer.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is that of RFC 9457, whatever was asked for.
func (p *Problem) ContentType(string) string { return wire.TypeProblem }

func problemOf(code clickday.Code) wire.Problem {
	p := wire.NewProblem(code)
	if m, ok := meanings[code]; ok {
		p.Code, p.Type = code, "urn:puntuale:problem:"+string(code)
		p.Title, p.Status, p.Detail, p.DetailEN = m.Title.IT, m.Status, m.Detail.IT, m.Detail.EN
	}
	return p
}

func (a *API) problem(code clickday.Code, errs []FieldError) *Problem {
	p := &Problem{Problem: problemOf(code), Errors: errs}
	if a != nil { // the document is made without one
		p.ServerTime = a.Clock.Now().UnixNano()
	}
	return p
}

// errorCodes are the codes of what stores and services answer.
var errorCodes = []struct {
	err  error
	code clickday.Code
}{
	{accounts.ErrNotFound, clickday.CodeNotFound},
	{accounts.ErrForeignDevice, codeForeignDevice},
	{accounts.ErrTokenBound, codeTokenBound},
	{accounts.ErrChanged, codeChanged},
	{accounts.ErrSent, codeSent},
	{accounts.ErrState, codeState},
	{drafts.ErrDay, codeDay},
	{drafts.ErrModel, clickday.CodeWrongModel},
}

// refusalOf makes the problem of an error; what is not a documented refusal is
// logged and hidden.
func (a *API) refusalOf(ctx context.Context, err error) *Problem {
	var known *refusal
	if errors.As(err, &known) {
		return a.problem(known.code, known.errors)
	}
	var unready *drafts.NotReadyError
	if errors.As(err, &unready) {
		return a.problem(codeNotReady, issuesOf(unready.Issues))
	}
	var obstacle *parties.Obstacle
	if errors.As(err, &obstacle) {
		return a.problem(codeMandate, nil)
	}
	for _, e := range errorCodes {
		if errors.Is(err, e.err) {
			return a.problem(e.code, nil)
		}
	}
	if ctx.Err() == nil {
		a.Log.ErrorContext(ctx, "api", "err", err)
	}
	return a.problem(clickday.CodeInternal, nil)
}

// writeProblem answers before a route runs.
func (a *API) writeProblem(ctx huma.Context, err error) {
	p := a.refusalOf(ctx.Context(), err)
	switch p.Code {
	case codeUnauthorized:
		ctx.SetHeader("WWW-Authenticate", `Bearer realm="puntuale"`)
	case codeBadToken:
		ctx.SetHeader("WWW-Authenticate", `Bearer realm="puntuale", error="invalid_token"`)
	case codeScope:
		ctx.SetHeader("WWW-Authenticate", `Bearer realm="puntuale", error="insufficient_scope", scope="write"`)
	}
	ctx.SetHeader("Content-Type", wire.TypeProblem)
	ctx.SetStatus(p.Status)
	b, err := json.Marshal(p)
	if err != nil { // a struct of strings and integers always marshals
		panic(err)
	}
	ctx.BodyWriter().Write(b) // a client that has gone away misses its answer, nothing else
}

// codeOfBad is the member of an operation's metadata that names the code of
// requests that huma itself refuses.
const codeOfBad = "bad"

// fromHuma makes the problems of requests that huma refuses before a handler
// sees them.
func fromHuma(ctx huma.Context, status int, _ string, errs ...error) huma.StatusError {
	a, _ := ctx.Context().Value(keyAPI).(*API)
	if code, ok := ctx.Operation().Metadata[codeOfBad].(clickday.Code); ok && status < http.StatusInternalServerError {
		return a.problem(code, nil)
	}
	code := clickday.CodeInternal
	switch status {
	case http.StatusBadRequest, http.StatusRequestTimeout:
		code = clickday.CodeRequest
	case http.StatusRequestEntityTooLarge:
		code = codeTooLarge
	case http.StatusUnsupportedMediaType:
		code = clickday.CodeMediaType
	case http.StatusUnprocessableEntity:
		code = codeInvalid
	}
	return a.problem(code, detailsOf(errs))
}

// detailsOf passes on where something is wrong and why, not what was sent.
func detailsOf(errs []error) (out []FieldError) {
	for _, err := range errs {
		f := FieldError{Text: clickday.Text{IT: "Non è nella forma indicata nel documento dell’API.", EN: "Not of the form given in the document of the API."}}
		var d huma.ErrorDetailer
		if errors.As(err, &d) {
			detail := d.ErrorDetail()
			f.Location = detail.Location
			f.Text = inBoth(f.Text, detail.Message)
		}
		out = append(out, f)
	}
	return out
}

func inBoth(t clickday.Text, reason string) clickday.Text {
	return clickday.Text{IT: t.IT + " (" + reason + ")", EN: t.EN + " (" + reason + ")"}
}

// huma has one way to make errors for a whole program; the only API in it is
// this one.
func init() {
	huma.NewErrorWithContext = fromHuma
	huma.NewError = func(status int, _ string, _ ...error) huma.StatusError {
		p := &Problem{Problem: problemOf(clickday.CodeInternal)}
		if status != 0 {
			p.Status = status
		}
		return p
	}
}
