package api

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"puntuale/internal/clickday"
)

// always are the refusals that any route may answer with.
var always = []clickday.Code{codeTooOften, clickday.CodeInternal}

// bodyTime is how long a body may take to arrive.
const bodyTime = 20 * time.Second

// register adds a route: who may call it, how it is documented, what it may
// refuse, and what it does. Errors of the handler become problems.
func register[I, O any](a *API, who access, op huma.Operation, refusals []clickday.Code, handle func(context.Context, *I) (*O, error)) {
	refusals = append(slices.Clone(refusals), always...)
	if who.token() {
		op.Security = who.security()
		refusals = append(refusals, who.refusals()...)
		op.Description = strings.TrimSpace(op.Description + "\n\n" + who.sentence())
	}
	documentProblems(&op, refusals)
	op.Middlewares = append(huma.Middlewares{a.admit(who)}, op.Middlewares...)
	if op.BodyReadTimeout == 0 {
		op.BodyReadTimeout = bodyTime
	}
	if op.MaxBodyBytes > 0 { // huma refuses a body of exactly this size
		op.MaxBodyBytes++
	}
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, in)
		if err != nil {
			return nil, a.refusalOf(ctx, err)
		}
		return out, nil
	})
}

// documentProblems lists the refusals by status, with their codes.
func documentProblems(op *huma.Operation, refusals []clickday.Code) {
	if op.Responses == nil {
		op.Responses = map[string]*huma.Response{}
	}
	byStatus := map[int][]string{}
	for _, code := range refusals {
		status := problemOf(code).Status
		if name := "`" + string(code) + "`"; !slices.Contains(byStatus[status], name) {
			byStatus[status] = append(byStatus[status], name)
		}
	}
	for status, codes := range byStatus {
		slices.Sort(codes)
		r := &huma.Response{
			Description: strings.Join(codes, ", "),
			Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: &huma.Schema{Ref: problemRef}}},
		}
		if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
			r.Headers = map[string]*huma.Param{"Retry-After": {Description: "Seconds to wait.", Schema: &huma.Schema{Type: huma.TypeInteger}}}
		}
		op.Responses[strconv.Itoa(status)] = r
	}
}

// binaryAnswer documents an answer that is not JSON.
func binaryAnswer(description, mediaType string) map[string]*huma.Response {
	return map[string]*huma.Response{"200": {
		Description: description,
		Content:     map[string]*huma.MediaType{mediaType: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}},
	}}
}

// file is an answer that is not JSON.
type file struct {
	ContentType   string `header:"Content-Type"`
	ContentLength int    `header:"Content-Length"`
	CacheControl  string `header:"Cache-Control"`
	Body          []byte
}

// body is an answer in JSON.
type body[T any] struct {
	CacheControl string `header:"Cache-Control"`
	Body         T
}

func answer[T any](v T) *body[T] { return &body[T]{"no-store", v} }

// Tags of the document, in its order.
const (
	tagClient       = "Mini-client"
	tagDays         = "Click days"
	tagModels       = "Models"
	tagApplications = "Applications"
	tagOutcomes     = "Outcomes"
	tagHelp         = "Help desk"
)
