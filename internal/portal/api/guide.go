package api

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
)

// Guide is the document as a page shows it.
type Guide struct {
	Groups []GuideGroup
	Codes  []GuideCode
}

// GuideGroup is a tag with its routes.
type GuideGroup struct {
	Name, About string
	Routes      []GuideRoute
}

// GuideRoute is one route.
type GuideRoute struct {
	ID, Method, Path, Summary, About string
	Public, Client                   bool           // who may call it without a token, and with that of a mini-client
	Scope                            accounts.Scope // of a personal access token, empty if it takes none
	Inputs, Answers                  []GuideField
	MediaType                        string // of an answer that is not JSON
	Status                           string
	Refusals                         []string // codes
}

// GuideField is a parameter or a member of a body.
type GuideField struct {
	Name, Place, Type, About string
	Required                 bool
}

// GuideCode is a code that the API refuses with.
type GuideCode struct {
	Code clickday.Code
	clickday.Meaning
}

// NewGuide reads the document of a portal at an address.
func NewGuide(server string) Guide {
	o := New(Config{PublicURL: server}).huma.OpenAPI()
	var g Guide
	for _, tag := range o.Tags {
		group := GuideGroup{Name: tag.Name, About: tag.Description}
		for path, item := range o.Paths {
			for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
				if op != nil && slices.Contains(op.Tags, tag.Name) {
					group.Routes = append(group.Routes, guideRoute(o, path, op))
				}
			}
		}
		slices.SortFunc(group.Routes, func(x, y GuideRoute) int {
			return cmp.Or(cmp.Compare(x.Path, y.Path), cmp.Compare(x.Method, y.Method))
		})
		g.Groups = append(g.Groups, group)
	}
	for code, m := range meanings {
		g.Codes = append(g.Codes, GuideCode{code, m})
	}
	slices.SortFunc(g.Codes, func(x, y GuideCode) int { return cmp.Or(cmp.Compare(x.Status, y.Status), cmp.Compare(x.Code, y.Code)) })
	return g
}

func guideRoute(o *huma.OpenAPI, path string, op *huma.Operation) GuideRoute {
	about, _, _ := strings.Cut(op.Description, "Token: ")
	r := GuideRoute{ID: op.OperationID, Method: op.Method, Path: path, Summary: op.Summary, About: strings.TrimSpace(about), Public: len(op.Security) == 0}
	for _, s := range op.Security {
		if _, ok := s[schemeClient]; ok {
			r.Client = true
		}
		if _, ok := s[schemeProgram]; ok {
			r.Scope = accounts.ScopeRead
			if strings.Contains(op.Description, "scope `write`") {
				r.Scope = accounts.ScopeWrite
			}
		}
	}
	for _, p := range op.Parameters {
		r.Inputs = append(r.Inputs, GuideField{p.Name, p.In, typeName(p.Schema), p.Description, p.Required})
	}
	if op.RequestBody != nil {
		for mediaType, m := range op.RequestBody.Content {
			if mediaType == "application/json" {
				r.Inputs = append(r.Inputs, members(o, m.Schema, "body")...)
			} else {
				r.Inputs = append(r.Inputs, GuideField{"", "body", mediaType, "", true})
			}
		}
	}
	for status, answer := range op.Responses {
		if status < "300" {
			r.Status = status
			for mediaType, m := range answer.Content {
				if mediaType == "application/json" {
					r.Answers = members(o, m.Schema, "")
				} else {
					r.MediaType = mediaType
				}
			}
			continue
		}
		for _, code := range strings.Split(answer.Description, ", ") {
			r.Refusals = append(r.Refusals, strings.Trim(code, "`"))
		}
	}
	slices.Sort(r.Refusals)
	return r
}

// members lists the members of an object, those of objects within it below them.
func members(o *huma.OpenAPI, s *huma.Schema, place string) (out []GuideField) {
	return membersBelow(o, s, place, "", nil)
}

func membersBelow(o *huma.OpenAPI, s *huma.Schema, place, prefix string, above []string) (out []GuideField) {
	if s == nil || slices.Contains(above, s.Ref) && s.Ref != "" {
		return nil
	}
	if s.Ref != "" {
		above = append(slices.Clone(above), s.Ref)
		s = o.Components.Schemas.SchemaFromRef(s.Ref)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		p := s.Properties[name]
		out = append(out, GuideField{prefix + name, place, typeName(p), p.Description, slices.Contains(s.Required, name)})
		below, suffix := p, "."
		if p.Items != nil {
			below, suffix = p.Items, "[]."
		}
		if strings.HasSuffix(below.Ref, "/Text") {
			continue // it and en, everywhere
		}
		out = append(out, membersBelow(o, below, place, prefix+name+suffix, above)...)
	}
	return out
}

func typeName(s *huma.Schema) string {
	switch {
	case s == nil:
		return ""
	case strings.HasSuffix(s.Ref, "/Text"):
		return "text {it, en}"
	case s.Ref != "":
		return "object"
	case s.Items != nil:
		return "list of " + typeName(s.Items)
	case s.ContentEncoding != "":
		return s.ContentEncoding
	case len(s.Enum) > 0:
		values := make([]string, len(s.Enum))
		for i, v := range s.Enum {
			if text, ok := v.(string); ok {
				values[i] = text
			}
		}
		return strings.Join(values, " | ")
	case s.Format != "" && s.Type == huma.TypeString:
		return s.Format
	}
	return s.Type
}
