package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"puntuale/internal/clickday"
	"puntuale/internal/forms"
	"puntuale/internal/rehearsal"
	"puntuale/internal/wire"
)

// rehearsalTicket is how long the tickets of a rehearsal are good.
const rehearsalTicket = 2 * time.Hour

const (
	codeNoRehearsal     clickday.Code = "rehearsal_none"
	codeRehearsalFrozen clickday.Code = "rehearsal_frozen"
	codeRehearsalOften  clickday.Code = "rehearsal_too_often"
)

func init() {
	meanings[codeNoRehearsal] = clickday.Meaning{
		Status: http.StatusNotFound,
		Title:  clickday.Text{IT: "Nessuna prova disponibile", EN: "No rehearsal available"},
		Detail: clickday.Text{
			IT: "Questo portale non ha un click day di prova aperto. Riprova più avanti o chiedi all’assistenza.",
			EN: "This portal has no click day of rehearsal that is open. Try again later, or ask the help desk.",
		},
	}
	meanings[codeRehearsalFrozen] = clickday.Meaning{
		Status: http.StatusConflict,
		Title:  clickday.Text{IT: "Un’apertura è vicina", EN: "An opening is near"},
		Detail: clickday.Text{
			IT: "Da un’ora prima a un quarto d’ora dopo l’apertura di un click day non si fanno prove.",
			EN: "From an hour before to a quarter of an hour after the opening of a click day there are no rehearsals.",
		},
	}
	meanings[codeRehearsalOften] = clickday.Meaning{
		Status: http.StatusTooManyRequests,
		Title:  clickday.Text{IT: "Troppe prove", EN: "Too many rehearsals"},
		Detail: clickday.Text{
			IT: "Questo account ha già fatto molte prove nelle ultime 24 ore. Riprova domani.",
			EN: "This account has made many rehearsals in the last 24 hours. Try again tomorrow.",
		},
	}
}

// rehearsalRoutes are those of rehearsals (docs/protocol.md, 10).
func (a *API) rehearsalRoutes() {
	register(a, computers, huma.Operation{
		OperationID: "begin-rehearsal", Method: http.MethodPost, Path: "/api/v1/rehearsals", Tags: []string{tagClient},
		DefaultStatus: http.StatusCreated, MaxBodyBytes: 1 << 10,
		Summary: "Begin a rehearsal", Description: "Copies of the account's sealed applications, or samples, with ids and tickets of their own for the click day of rehearsals. Without value.",
	}, []clickday.Code{codeNoDevice, codeNoRehearsal, codeRehearsalFrozen, codeRehearsalOften}, a.beginRehearsal)
	register(a, computers, huma.Operation{
		OperationID: "rehearsal-outcomes", Method: http.MethodGet, Path: "/api/v1/rehearsals/{run}/outcomes", Tags: []string{tagClient},
		Summary: "What became of the submissions of a rehearsal",
	}, []clickday.Code{clickday.CodeNotFound}, a.rehearsalOutcomes)
	register(a, computers, huma.Operation{
		OperationID: "rehearsal-receipt", Method: http.MethodGet, Path: "/api/v1/rehearsals/{run}/applications/{id}/receipt", Tags: []string{tagClient},
		Summary: "The receipt of a rehearsal, without value", Responses: binaryAnswer("The signed PDF.", "application/pdf"),
	}, []clickday.Code{clickday.CodeNotFound}, a.rehearsalReceipt)
}

type beginInput struct {
	Body struct {
		Applications int `json:"applications,omitempty" minimum:"0" maximum:"300" doc:"How many at most; 0 for as many as are sealed, up to 300."`
	} `required:"false"`
}

type rehearsalJSON struct {
	Run          string                  `json:"run" doc:"Id of the rehearsal, a UUID."`
	Day          clickday.DayID          `json:"click_day"`
	Samples      bool                    `json:"samples" doc:"The applications are invented: the account has none that are sealed."`
	ServerTime   time.Time               `json:"server_time"`
	Calendar     []byte                  `json:"calendar"`
	Models       []dictionaryJSON        `json:"models" nullable:"false"`
	Applications []sealedApplicationJSON `json:"applications" nullable:"false"`
}

func (a *API) rehearsals() *rehearsal.Service {
	return &rehearsal.Service{Store: a.Store, Models: a.Models, Clock: a.Clock}
}

func (a *API) beginRehearsal(ctx context.Context, in *beginInput) (*body[rehearsalJSON], error) {
	c := callerOf(ctx)
	if c.Device == nil {
		return nil, refuse(codeNoDevice)
	}
	cal, signed, err := a.Calendar.Current(ctx)
	if err != nil {
		return nil, err
	}
	run, err := a.rehearsals().Begin(ctx, &cal, &c.Account, in.Body.Applications)
	if err != nil {
		return nil, rehearsalRefusal(err)
	}
	out := rehearsalJSON{
		Run: run.ID.String(), Day: run.Day, ServerTime: run.CreatedAt.UTC(), Calendar: signed,
		Models: []dictionaryJSON{}, Applications: make([]sealedApplicationJSON, len(run.Applications)),
	}
	used := map[*forms.Model]bool{}
	for i := range run.Applications {
		p := &run.Applications[i]
		out.Samples = out.Samples || p.Source == nil
		out.Applications[i] = a.played(&run, p, c.Device.PublicKey)
		if !used[p.Model] {
			used[p.Model] = true
			d := p.Model.Dictionary()
			out.Models = append(out.Models, dictionaryJSON{p.Model.Code, p.Model.Version, d.ID, d.Content})
		}
	}
	return answer(out), nil
}

// played is one application of a rehearsal with its ticket, which is soon over.
func (a *API) played(run *rehearsal.Run, p *rehearsal.Application, device [32]byte) sealedApplicationJSON {
	t := wire.Ticket{
		KeyID: a.Tickets.Current, Day: run.Day, Model: p.Model.Code, ModelVersion: p.ModelVersion, Application: p.ID,
		SealVersion: p.SealVersion, Digest: p.Digest, Device: device, Account: run.Account,
		IssuedAt: run.CreatedAt.Unix(), NotAfter: run.CreatedAt.Add(rehearsalTicket).Unix(),
	}
	employer, worker := p.Model.SummaryOf(p.Answers)
	return sealedApplicationJSON{
		ID: p.ID.String(), Day: run.Day, Model: p.Model.Code, ModelVersion: p.ModelVersion, SealVersion: p.SealVersion,
		Digest: p.Digest.String(), Document: p.Document, Ticket: wire.SealTicket(&t, a.Tickets.TicketKey(a.Tickets.Current)),
		Employer: employer, Worker: worker, DictionaryID: p.Model.Dictionary().ID,
	}
}

func rehearsalRefusal(err error) error {
	var frozen *rehearsal.FrozenError
	switch {
	case errors.As(err, &frozen):
		return refuse(codeRehearsalFrozen)
	case errors.Is(err, rehearsal.ErrNone):
		return refuse(codeNoRehearsal)
	case errors.Is(err, rehearsal.ErrTooOften):
		return refuse(codeRehearsalOften)
	}
	return err
}

// RunPath is the address of one rehearsal.
type RunPath struct {
	Run string `path:"run" doc:"Id of the rehearsal, a UUID."`
}

func (p *RunPath) run() (clickday.ApplicationID, error) {
	return (&ApplicationPath{p.Run}).id()
}

// RehearsedPath is the address of one application of a rehearsal.
type RehearsedPath struct {
	Run string `path:"run" doc:"Id of the rehearsal, a UUID."`
	ID  string `path:"id" doc:"Id of the application in the rehearsal, a UUID."`
}

func (a *API) rehearsalOutcomes(ctx context.Context, in *RunPath) (*body[outcomesJSON], error) {
	run, err := in.run()
	if err != nil {
		return nil, err
	}
	list, err := a.Store.RehearsalOutcomes(ctx, callerOf(ctx).Account.ID, run)
	if err != nil {
		return nil, err
	}
	cal, _, err := a.Calendar.Current(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]outcomeJSON, len(list))
	for i := range list {
		out[i] = outcomeOf(&list[i], &cal)
	}
	return answer(outcomesJSON{out}), nil
}

func (a *API) rehearsalReceipt(ctx context.Context, in *RehearsedPath) (*file, error) {
	run, err := (&ApplicationPath{in.Run}).id()
	if err != nil {
		return nil, err
	}
	id, err := (&ApplicationPath{in.ID}).id()
	if err != nil {
		return nil, err
	}
	pdf, err := a.Store.RehearsalReceipt(ctx, callerOf(ctx).Account.ID, run, id)
	if err != nil {
		return nil, err
	}
	return &file{ContentType: "application/pdf", ContentLength: len(pdf), Body: pdf}, nil
}
