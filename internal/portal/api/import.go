package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"puntuale/internal/accounts/drafts"
	"puntuale/internal/bulk"
	"puntuale/internal/clickday"
)

func (a *API) importRoutes() {
	register(a, writers, huma.Operation{
		OperationID: "import-applications", Method: http.MethodPost, Path: "/api/v1/applications/import", Tags: []string{tagApplications},
		MaxBodyBytes: bulk.MaxBytes, BodyReadTimeout: 2 * time.Minute,
		Summary: "Begin many applications from a CSV file",
		Description: "One line is one application; columns are the fields of the model, named by id or label (docs/api.md). Lines that are right become " +
			"drafts, all of them or none; the others are reported. The same file again for the same day and model makes nothing twice: it gets the same answer with `again`.",
	}, append(badBody, clickday.CodeNotFound, codeDay, clickday.CodeWrongModel, codeImport), a.importApplications)
	register(a, public, huma.Operation{
		OperationID: "model-template", Method: http.MethodGet, Path: "/api/v1/models/{code}/template", Tags: []string{tagModels},
		Summary: "An empty CSV file of a model", Responses: binaryAnswer("Header and explanations.", "text/csv"),
	}, []clickday.Code{clickday.CodeNotFound, codeInvalid}, a.template)
}

type importInput struct {
	Day     uint32 `query:"click_day" required:"true"`
	Model   string `query:"model" required:"true" maxLength:"8"`
	Name    string `query:"name" maxLength:"100" doc:"Of the file, for the list on the portal."`
	RawBody []byte `contentType:"text/csv"`
}

type importedJSON struct {
	Upload   int64        `json:"upload" doc:"Number of the file on the portal."`
	Again    bool         `json:"again" doc:"This file was imported before: nothing was made now."`
	Taken    int          `json:"taken" doc:"Drafts made."`
	Refused  int          `json:"refused" doc:"Lines not taken."`
	Problems []FieldError `json:"problems" nullable:"false" doc:"What is wrong, or worth a look, line by line."`
}

func (a *API) importApplications(ctx context.Context, in *importInput) (*body[importedJSON], error) {
	cal, _, err := a.Calendar.Current(ctx)
	if err != nil {
		return nil, err
	}
	name := printable(in.Name)
	if name == "" {
		name = "api.csv"
	}
	content := append([]byte(nil), in.RawBody...) // the buffer is huma's
	day := cal.Day(clickday.DayID(in.Day))
	u, err := a.Drafts.Import(ctx, callerOf(ctx).Account.ID, day, clickday.ModelCode(in.Model), name, content)
	again := errors.Is(err, drafts.ErrApplied)
	if err != nil && !again && !errors.Is(err, drafts.ErrNothing) {
		return nil, err
	}
	u.Content = content
	problems, tableErr := a.problemsOf(ctx, &u)
	if tableErr != nil {
		return nil, tableErr
	}
	if err != nil && !again {
		return nil, refuse(codeImport, problems...)
	}
	return answer(importedJSON{u.ID, again, u.Taken, u.Refused, problems}), nil
}

func (a *API) problemsOf(ctx context.Context, u *drafts.Upload) ([]FieldError, error) {
	table, err := a.Drafts.Table(ctx, u)
	if err != nil {
		return nil, err
	}
	list := table.AllProblems()
	out := make([]FieldError, len(list))
	for i, p := range list {
		out[i] = FieldError{Location: fmt.Sprintf("body.line[%d]", p.Line), Field: p.Column, Text: p.Text}
	}
	return out, nil
}

func (a *API) template(_ context.Context, in *struct {
	ModelPath
	Language string `query:"lang" enum:"it,en" default:"it"`
},
) (*file, error) {
	m, err := a.modelOf(in.Code, 0)
	if err != nil {
		return nil, err
	}
	csv := bulk.Template(m, in.Language)
	return &file{ContentType: "text/csv; charset=utf-8", ContentLength: len(csv), CacheControl: "no-cache", Body: csv}, nil
}
