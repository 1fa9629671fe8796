package api

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// problemRef is where the document describes problems.
const problemRef = "#/components/schemas/Problem"

// Version is that of the document; the first number is the one in the addresses.
const Version = "1.1.0"

// document is what huma makes the OpenAPI document from. Its own pages, links
// and schema addresses are left out: they would change answers, or call others'
// servers.
func document(server string) huma.Config {
	registry := huma.NewMapRegistry("#/components/schemas/", func(t reflect.Type, hint string) string {
		return strings.TrimSuffix(huma.DefaultSchemaNamer(t, hint), "JSON")
	})
	format := huma.Format{Marshal: marshal, Unmarshal: json.Unmarshal}
	c := huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Puntuale", Version: Version, Description: introduction,
				License: &huma.License{Name: "AGPL-3.0-or-later", Identifier: "AGPL-3.0-or-later"},
			},
			Servers: []*huma.Server{{URL: server}},
			Tags: []*huma.Tag{
				{Name: tagClient, Description: "Configuration, pairing and sync of the mini-client (docs/protocol.md)."},
				{Name: tagDays, Description: "When which models can be sent."},
				{Name: tagModels, Description: "The forms as data: pages, fields, types, options, rules."},
				{Name: tagApplications, Description: "From draft to sealed application."},
				{Name: tagOutcomes, Description: "What became of what was sent, and receipts."},
				{Name: tagHelp, Description: "Requests for help."},
			},
			Components: &huma.Components{
				Schemas: registry,
				SecuritySchemes: map[string]*huma.SecurityScheme{
					schemeClient: {Type: "oauth2", Description: "Pairing of a mini-client: authorization code with PKCE for loopback addresses (docs/protocol.md, 9).",
						Flows: &huma.OAuthFlows{AuthorizationCode: &huma.OAuthFlow{
							AuthorizationURL: server + "/oauth/authorize", TokenURL: server + "/oauth/token", Scopes: map[string]string{},
						}}},
					schemeProgram: {Type: "http", Scheme: "bearer", Description: "Personal access token, made on the portal's page “Access for programs”; scope read or write."},
				},
			},
		},
		Formats:       map[string]huma.Format{"application/json": format, "json": format},
		DefaultFormat: "application/json",
	}
	c.AllowAdditionalPropertiesByDefault = true // JSON grows by new members
	return c
}

const introduction = "API of Puntuale for the mini-client and for intermediaries' own software.\n\n" +
	"Bodies are JSON in UTF-8; refusals are `application/problem+json` (RFC 9457) with a stable `code` that programs decide by. " +
	"Every answer says in `RateLimit` and `RateLimit-Policy` how often may be asked; 429 comes with `Retry-After`. " +
	"JSON grows by new members only; what is in `v1` neither changes its meaning nor goes. Readers ignore members that they do not know. " +
	"Guide with examples: docs/api.md."

func marshal(w io.Writer, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}

// describeProblem puts the schema of problems into the document by hand: its
// numbers are decimal strings, which reflection does not see.
func describeProblem(o *huma.OpenAPI) {
	text := func(doc string) *huma.Schema { return &huma.Schema{Type: huma.TypeString, Description: doc} }
	nanoseconds := func(doc string) *huma.Schema {
		return &huma.Schema{Type: huma.TypeString, Pattern: `^-?[0-9]+$`, Description: doc + ", nanoseconds since 1970 UTC"}
	}
	registry := o.Components.Schemas
	s := &huma.Schema{
		Type:     huma.TypeObject,
		Required: []string{"type", "title", "status", "detail", "detail_en", "code"},
		Properties: map[string]*huma.Schema{
			"type": text("urn:puntuale:problem: and the code"), "title": text("in Italian"), "detail": text("What happened and what to do now, in Italian."),
			"detail_en": text("The same in English."), "status": {Type: huma.TypeInteger}, "code": text("What programs decide by; unknown ones mean internal."),
			"server_time": nanoseconds("The portal's clock"), "received_at": nanoseconds("Arrival"), "opens_at": nanoseconds("Opening"),
			"calendar_version": {Type: huma.TypeInteger},
			"errors":           {Type: huma.TypeArray, Items: registry.Schema(reflect.TypeFor[FieldError](), true, "FieldError")},
		},
	}
	for _, p := range s.Properties {
		p.PrecomputeMessages()
	}
	s.PrecomputeMessages()
	registry.Map()["Problem"] = s
}

// widen gives unsigned numbers of 32 bits the format that holds them: huma calls
// them int32.
func widen(o *huma.OpenAPI) {
	for _, s := range o.Components.Schemas.Map() {
		widenSchema(s)
	}
	for _, item := range o.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if op == nil {
				continue
			}
			for _, p := range op.Parameters {
				widenSchema(p.Schema)
			}
		}
	}
}

func widenSchema(s *huma.Schema) {
	if s == nil {
		return
	}
	if s.Format == "int32" && s.Minimum != nil && *s.Minimum == 0 {
		s.Format = "int64"
	}
	widenSchema(s.Items)
	for _, p := range s.Properties {
		widenSchema(p)
	}
}

// Schema implements huma.SchemaProvider.
func (p *Problem) Schema(huma.Registry) *huma.Schema { return &huma.Schema{Ref: problemRef} }

// Document returns the OpenAPI document of a portal at an address, as YAML.
func Document(server string) ([]byte, error) {
	b, err := New(Config{PublicURL: server}).huma.OpenAPI().YAML()
	if err != nil {
		return nil, fmt.Errorf("api: document: %w", err)
	}
	return b, nil
}

// serveDocument answers /api/openapi.json and /api/openapi.yaml.
func (a *API) serveDocument() {
	o := a.huma.OpenAPI()
	for name, made := range map[string]struct {
		mediaType string
		make      func() ([]byte, error)
	}{
		"json": {"application/openapi+json", func() ([]byte, error) { return json.Marshal(o) }},
		"yaml": {"application/openapi+yaml", o.YAML},
	} {
		b, err := made.make()
		if err != nil { // the same for every program: a test would have seen it
			panic(err)
		}
		a.mux.HandleFunc("GET /api/openapi."+name, func(w http.ResponseWriter, r *http.Request) {
			if err := a.addresses.count(a.Address(r), w.Header()); err != nil {
				a.nothing(w, r)
				return
			}
			w.Header().Set("Content-Type", made.mediaType)
			w.Header().Set("Cache-Control", "no-cache")
			w.Write(b) // a client that has gone away misses its answer, nothing else
		})
	}
}
