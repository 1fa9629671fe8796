package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/portal"
	"puntuale/internal/portal/api"
	"puntuale/internal/portal/oauth"
	"puntuale/internal/portal/portaltest"
	"puntuale/internal/wire"
)

// contract is a portal whose every answer is held against its own document.
type contract struct {
	*portaltest.Site
	router  routers.Router
	doc     *openapi3.T
	covered map[string][]int // operation → statuses that were answered
}

func init() {
	openapi3filter.RegisterBodyDecoder("application/pdf", openapi3filter.FileBodyDecoder)
	openapi3filter.RegisterBodyDecoder("text/csv", openapi3filter.FileBodyDecoder)
	openapi3filter.RegisterBodyDecoder(wire.TypeCalendar, openapi3filter.FileBodyDecoder)
}

func newContract(t *testing.T, set ...func(*portal.Config)) *contract {
	t.Helper()
	c := &contract{Site: portaltest.New(t, set...), covered: map[string][]int{}}
	p := c.Browser().Get("/api/openapi.json")
	if p.Status != http.StatusOK || p.Header.Get("Content-Type") != "application/openapi+json" {
		t.Fatalf("document: %d %v", p.Status, p.Header)
	}
	var err error
	if c.doc, err = openapi3.NewLoader().LoadFromData([]byte(p.Body)); err != nil {
		t.Fatal(err)
	}
	if err := c.doc.Validate(context.Background()); err != nil {
		t.Fatalf("the document is not OpenAPI: %v", err)
	}
	c.doc.Servers = nil
	if c.router, err = legacy.NewRouter(c.doc); err != nil {
		t.Fatal(err)
	}
	return c
}

// got is an answer that the document allows.
type got struct {
	t      *testing.T
	status int
	header http.Header
	body   []byte
}

// call sends a request and checks the answer; a request that succeeds has to be
// one that the document allows.
func (c *contract) call(token, method, path, body string) *got {
	c.T.Helper()
	return c.send(token, method, path, "application/json", body)
}

func (c *contract) send(token, method, path, mediaType, body string) *got {
	c.T.Helper()
	req, err := http.NewRequest(method, c.Server.URL+path, strings.NewReader(body))
	if err != nil {
		c.T.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		req.Header.Set("Content-Type", mediaType)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.T.Fatal(err)
	}
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	if err != nil {
		c.T.Fatal(err)
	}
	g := &got{c.T, res.StatusCode, res.Header, out}
	if res.StatusCode == http.StatusInternalServerError {
		c.T.Errorf("%s %s: %s", method, path, c.Logs)
	}
	c.check(req, body, g)
	return g
}

func (c *contract) check(req *http.Request, body string, g *got) {
	c.T.Helper()
	plain, err := http.NewRequest(req.Method, req.URL.RequestURI(), strings.NewReader(body))
	if err != nil {
		c.T.Fatal(err)
	}
	plain.Header = req.Header
	route, params, err := c.router.FindRoute(plain)
	if err != nil {
		c.T.Fatalf("%s %s is not in the document: %v", req.Method, req.URL.Path, err)
	}
	c.covered[route.Operation.OperationID] = append(c.covered[route.Operation.OperationID], g.status)
	options := &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true}
	in := &openapi3filter.RequestValidationInput{Request: plain, PathParams: params, Route: route, Options: options}
	if g.status < 300 {
		if err := openapi3filter.ValidateRequest(context.Background(), in); err != nil {
			c.T.Errorf("%s %s succeeds and is not allowed: %v", req.Method, req.URL.Path, err)
		}
	}
	err = openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: g.status, Header: g.header, Body: io.NopCloser(bytes.NewReader(g.body)), Options: options,
	})
	if err != nil {
		c.T.Errorf("%s %s: %d is not as documented: %v\n%.500s", req.Method, req.URL.Path, g.status, err, g.body)
	}
	personal := route.Operation.Security != nil && len(*route.Operation.Security) > 0
	if cc := g.header.Values("Cache-Control"); len(cc) != 1 || cc[0] != "no-store" && (personal || g.status >= 400) {
		c.T.Errorf("%s %s: Cache-Control is %q", req.Method, req.URL.Path, cc)
	}
	if g.header.Get("RateLimit") == "" || g.header.Get("RateLimit-Policy") == "" {
		c.T.Errorf("%s %s does not say how often it may be asked", req.Method, req.URL.Path)
	}
}

// ok reads an answer of a status.
func (g *got) ok(status int, into any) {
	g.t.Helper()
	if g.status != status {
		g.t.Fatalf("%d, want %d: %s", g.status, status, g.body)
	}
	if into != nil {
		if err := json.Unmarshal(g.body, into); err != nil {
			g.t.Fatal(err)
		}
	}
}

// refused checks a problem and returns what is wrong where.
func (g *got) refused(status int, code clickday.Code) []api.FieldError {
	g.t.Helper()
	var p api.Problem
	if err := json.Unmarshal(g.body, &p); err != nil || g.status != status || p.Code != code || p.Status != status ||
		p.Title == "" || p.Detail == "" || p.DetailEN == "" || p.ServerTime == 0 || g.header.Get("Content-Type") != wire.TypeProblem {
		g.t.Fatalf("%d %s; want %d %s", g.status, g.body, status, code)
	}
	return p.Errors
}

// program makes a personal access token of an account.
func (c *contract) program(email string, scope accounts.Scope, life time.Duration) string {
	c.T.Helper()
	a := c.Account(email)
	token, hash, hint := oauth.NewPersonal()
	err := c.DB.AddProgram(context.Background(), hash, &accounts.Program{
		Account: a.ID, Person: a.ID, Name: "gestionale", Scope: scope, Hint: hint, CreatedAt: c.Clock.Now(), ExpiresAt: c.Clock.Now().Add(life),
	}, 20)
	if err != nil {
		c.T.Fatal(err)
	}
	return token
}

// computer makes the token of a mini-client that is not registered yet.
func (c *contract) computer(email string) string {
	c.T.Helper()
	a, ctx, now := c.Account(email), context.Background(), c.Clock.Now()
	token := "token of " + email + strconv.FormatInt(now.UnixNano(), 10)
	code := oauth.Hash("code of " + token)
	if err := c.DB.AddCode(ctx, code, &accounts.Grant{Account: a.ID, ExpiresAt: now.Add(time.Minute)}); err != nil {
		c.T.Fatal(err)
	}
	if err := c.DB.SpendCode(ctx, code, oauth.Hash(token), now, now.Add(72*time.Hour), func(*accounts.Grant) error { return nil }); err != nil {
		c.T.Fatal(err)
	}
	return token
}

// TestDocumentIsCommitted: docs/openapi.yaml is what a portal serves. With
// UPDATE=1 in the environment it is written.
func TestDocumentIsCommitted(t *testing.T) {
	const path = "../../../docs/openapi.yaml"
	made, err := api.Document("https://portale.example.it")
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("UPDATE") == "1" {
		if err := os.WriteFile(path, made, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(kept, made) {
		t.Error("docs/openapi.yaml is not what the code makes: UPDATE=1 go test ./internal/portal/api -run Committed")
	}
	doc, err := openapi3.NewLoader().LoadFromData(made)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(context.Background()); err != nil {
		t.Error(err)
	}
}

// everyOperation reports operations that no call has answered with a success
// and, where they take a token, without one.
func (c *contract) everyOperation(except ...string) {
	c.T.Helper()
	for _, item := range c.doc.Paths.Map() {
		for _, op := range item.Operations() {
			seen := c.covered[op.OperationID]
			success := slices.ContainsFunc(seen, func(s int) bool { return s < 300 })
			if !success && !slices.Contains(except, op.OperationID) {
				c.T.Errorf("%s was never answered with success: %v", op.OperationID, seen)
			}
			if op.Security != nil && len(*op.Security) > 0 && !slices.Contains(seen, http.StatusUnauthorized) {
				c.T.Errorf("%s was never asked without a token", op.OperationID)
			}
		}
	}
}
