package api

import (
	"context"
	"encoding/hex"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"puntuale/internal/accounts/drafts"
	"puntuale/internal/attachment"
	"puntuale/internal/clickday"
)

func (a *API) attachmentRoutes() {
	const path = "/api/v1/applications/{id}/attachments"
	register(a, readers, huma.Operation{
		OperationID: "list-attachments", Method: http.MethodGet, Path: path, Tags: []string{tagApplications}, Summary: "Files of an application",
	}, []clickday.Code{clickday.CodeNotFound}, a.listAttachments)
	register(a, writers, huma.Operation{
		OperationID: "add-attachment", Method: http.MethodPost, Path: path, Tags: []string{tagApplications},
		DefaultStatus: http.StatusCreated, MaxBodyBytes: attachment.MaxBytes, BodyReadTimeout: time.Minute,
		Summary: "Add a file to a draft", Description: "The body is the file: PDF, JPEG or PNG, at most 2 MiB, 12 files an application. It is looked into: damaged and " +
			"protected files and PDF with scripts are refused. The kinds are those of the model.",
	}, append(badBody, clickday.CodeNotFound, codeState, codeAttachment), a.addAttachment)
	register(a, writers, huma.Operation{
		OperationID: "remove-attachment", Method: http.MethodDelete, Path: path + "/{file}", Tags: []string{tagApplications}, Summary: "Take a file off a draft",
	}, []clickday.Code{clickday.CodeNotFound, codeInvalid, codeState}, a.removeAttachment)
}

type attachmentJSON struct {
	ID         int64           `json:"id"`
	Kind       string          `json:"kind"`
	Name       string          `json:"name"`
	Type       attachment.Type `json:"type"`
	Size       int             `json:"size" doc:"Bytes."`
	SHA256     string          `json:"sha256"`
	UploadedAt time.Time       `json:"uploaded_at"`
}

type attachmentsJSON struct {
	Attachments []attachmentJSON `json:"attachments" nullable:"false"`
}

func (a *API) listAttachments(ctx context.Context, in *ApplicationPath) (*body[attachmentsJSON], error) {
	p, _, err := a.read(ctx, in)
	if err != nil {
		return nil, err
	}
	list, err := a.Store.Files(ctx, p.Account, p.ID)
	if err != nil {
		return nil, err
	}
	out := make([]attachmentJSON, len(list))
	for i, f := range list {
		out[i] = attachmentJSON{f.ID, f.Kind, f.Name, f.Type, f.Size, hex.EncodeToString(f.SHA256[:]), f.UploadedAt.UTC()}
	}
	return answer(attachmentsJSON{out}), nil
}

type attachmentInput struct {
	ApplicationPath
	Kind    string `query:"kind" required:"true" maxLength:"40" doc:"Kind of the model, such as passport."`
	Name    string `query:"name" required:"true" maxLength:"200" doc:"Name of the file."`
	RawBody []byte `contentType:"application/octet-stream"`
}

func (a *API) addAttachment(ctx context.Context, in *attachmentInput) (*body[attachmentsJSON], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	content := append([]byte(nil), in.RawBody...) // the buffer is huma's
	if err := a.Drafts.Attach(ctx, callerOf(ctx).Account.ID, id, in.Kind, printable(in.Name), content); err != nil {
		if text, ok := fileTexts(err); ok {
			return nil, refuse(codeAttachment, FieldError{Location: "body", Field: in.Kind, Text: text})
		}
		return nil, err
	}
	return a.listAttachments(ctx, &in.ApplicationPath)
}

// fileTexts says what is wrong with a file that is not taken.
func fileTexts(err error) (clickday.Text, bool) {
	for _, x := range []struct {
		err  error
		text clickday.Text
	}{
		{attachment.ErrEmpty, clickday.Text{IT: "Il file è vuoto.", EN: "The file is empty."}},
		{attachment.ErrLarge, clickday.Text{IT: "Il file supera 2 MiB.", EN: "The file is over 2 MiB."}},
		{attachment.ErrType, clickday.Text{IT: "Il file non è PDF, JPEG o PNG.", EN: "The file is neither PDF nor JPEG nor PNG."}},
		{attachment.ErrBroken, clickday.Text{IT: "Il file è danneggiato o incompleto.", EN: "The file is damaged or cut off."}},
		{attachment.ErrActive, clickday.Text{IT: "Il PDF contiene script, azioni o file incorporati.", EN: "The PDF holds scripts, actions or embedded files."}},
		{attachment.ErrLocked, clickday.Text{IT: "Il PDF è protetto da password.", EN: "The PDF is protected by a password."}},
		{drafts.ErrKind, clickday.Text{IT: "Il modello non ha questo tipo di allegato.", EN: "The model does not have this kind of attachment."}},
		{drafts.ErrTooMany, clickday.Text{IT: "La domanda ha già il numero massimo di allegati.", EN: "The application has as many attachments as it may."}},
		{drafts.ErrTwice, clickday.Text{IT: "Questo file è già allegato.", EN: "This very file is attached already."}},
	} {
		if errors.Is(err, x.err) {
			return x.text, true
		}
	}
	return clickday.Text{}, false
}

func (a *API) removeAttachment(ctx context.Context, in *struct {
	ApplicationPath
	File int64 `path:"file"`
},
) (*struct{}, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	return nil, a.Store.RemoveFile(ctx, callerOf(ctx).Account.ID, id, in.File)
}
