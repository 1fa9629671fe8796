package pairing

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"
)

// portal answers the token request of one pairing and remembers it.
func portal(t *testing.T, status int, body string) (*httptest.Server, *url.Values) {
	t.Helper()
	var form url.Values
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		form = r.PostForm
		w.WriteHeader(status)
		io.WriteString(w, body)
	}))
	t.Cleanup(srv.Close)
	return srv, &form
}

const good = `{"access_token":"secret","token_type":"Bearer","expires_in":3600}`

// browse calls the loopback address as the browser does.
func browse(t *testing.T, r *Request, q url.Values) (int, string) {
	t.Helper()
	resp, err := http.Get(r.redirect + "?" + q.Encode())
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.Header.Get("Cache-Control") != "no-store" || resp.Header.Get("Content-Security-Policy") == "" {
		t.Errorf("headers %v", resp.Header)
	}
	return resp.StatusCode, string(b)
}

type result struct {
	token string
	err   error
}

func start(t *testing.T, srv *httptest.Server) (*Request, <-chan result) {
	t.Helper()
	r, err := Start(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	out := make(chan result, 1)
	go func() {
		token, err := r.Token(t.Context(), srv.Client())
		out <- result{token, err}
	}()
	return r, out
}

func TestPairingProvesItself(t *testing.T) {
	srv, form := portal(t, 200, good)
	r, out := start(t, srv)
	u, err := url.Parse(r.URL())
	if err != nil || !strings.HasPrefix(r.URL(), srv.URL+"/oauth/authorize?") {
		t.Fatalf("%s %v", r.URL(), err)
	}
	q := u.Query()
	status, page := browse(t, r, url.Values{"code": {"c1"}, "state": {q.Get("state")}})
	if status != 200 || !strings.Contains(page, "Computer collegato") || !strings.Contains(page, "Computer connected") {
		t.Fatalf("%d %s", status, page)
	}
	got := <-out
	if got.err != nil || got.token != "secret" {
		t.Fatalf("%+v", got)
	}
	sum := sha256.Sum256([]byte(form.Get("code_verifier")))
	if base64.RawURLEncoding.EncodeToString(sum[:]) != q.Get("code_challenge") || q.Get("code_challenge_method") != "S256" {
		t.Fatal("the verifier does not belong to the challenge")
	}
	if form.Get("code") != "c1" || form.Get("redirect_uri") != q.Get("redirect_uri") || form.Get("client_id") != "miniclient" ||
		form.Get("grant_type") != "authorization_code" {
		t.Fatalf("form %v", form)
	}
}

func TestAForeignStateChangesNothing(t *testing.T) {
	srv, form := portal(t, 200, good)
	r, out := start(t, srv)
	for _, state := range []string{"", "guess", r.state + "x"} {
		status, page := browse(t, r, url.Values{"code": {"evil"}, "state": {state}, "x": {"<script>"}})
		if status != 400 || strings.Contains(page, "script>") {
			t.Fatalf("%d %s", status, page)
		}
	}
	if resp, err := http.Get(strings.Replace(r.redirect, callbackPath, "/other", 1)); err != nil || resp.StatusCode != 404 {
		t.Fatalf("%v %v", resp, err)
	}
	browse(t, r, url.Values{"code": {"mine"}, "state": {r.state}})
	if got := <-out; got.err != nil || form.Get("code") != "mine" {
		t.Fatalf("%+v, code %q", got, form.Get("code"))
	}
}

func TestDeniedAndFailedPairings(t *testing.T) {
	for name, c := range map[string]struct {
		query  url.Values
		status int
		body   string
		is     error
	}{
		"denied":        {url.Values{"error": {"access_denied"}}, 200, good, ErrDenied},
		"portal error":  {url.Values{"error": {"server_error"}}, 200, good, nil},
		"no code":       {url.Values{}, 200, good, nil},
		"invalid grant": {url.Values{"code": {"c"}}, 400, `{"error":"invalid_grant"}`, nil},
		"no token":      {url.Values{"code": {"c"}}, 200, `{"token_type":"Bearer"}`, nil},
		"other type":    {url.Values{"code": {"c"}}, 200, `{"access_token":"x","token_type":"mac"}`, nil},
		"not json":      {url.Values{"code": {"c"}}, 502, `<html>`, nil},
	} {
		srv, _ := portal(t, c.status, c.body)
		r, out := start(t, srv)
		c.query.Set("state", r.state)
		browse(t, r, c.query)
		if got := <-out; got.err == nil || got.token != "" || c.is != nil && !errors.Is(got.err, c.is) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestCancelledPairing(t *testing.T) {
	r, err := Start("https://portal.example")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, err := r.Token(ctx, http.DefaultClient); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("err %v", err)
	}
	if _, err := http.Get(r.redirect); err == nil {
		t.Fatal("still listening")
	}
}

func TestBrowserCommands(t *testing.T) {
	const u = "http://127.0.0.1/?a=b&c=%20"
	for _, c := range []struct {
		env, system string
		want        [][]string
	}{
		{"", "linux", [][]string{{"xdg-open", u}}},
		{"", "darwin", [][]string{{"open", u}}},
		{"", "windows", [][]string{{"rundll32", "url.dll,FileProtocolHandler", u}}},
		{"firefox -P work:w3m", "linux", [][]string{{"firefox", "-P", "work", u}, {"w3m", u}, {"xdg-open", u}}},
		{"sh -c open=%s", "linux", [][]string{{"sh", "-c", "open=" + u}, {"xdg-open", u}}},
	} {
		if got := browserCommands(c.env, c.system, u); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q on %s: %q", c.env, c.system, got)
		}
	}
}
