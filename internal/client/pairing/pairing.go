// Package pairing gets an access token the way RFC 8252 asks of native
// programs: the person logs in at the portal in the system's own browser, and
// the code comes back to a listener on the loopback address, bound to this
// request by state and PKCE (RFC 7636, S256). The program never sees a password.
package pairing

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	clientID     = "miniclient"
	callbackPath = "/callback"
	answerMax    = 64 << 10
	// patience is how long a person may take to log in.
	patience = 10 * time.Minute
)

var (
	// ErrDenied: the person said no in the browser.
	ErrDenied = errors.New("the connection was refused in the browser")
	// ErrTimeout: nobody logged in.
	ErrTimeout = errors.New("nobody completed the log-in in the browser: start the pairing again")
)

// Request is one pairing under way.
type Request struct {
	portal   string
	verifier string
	state    string
	redirect string
	listener net.Listener
	answers  chan url.Values // the callback writes once, Token reads
}

// Start opens the loopback listener, which Token closes.
func Start(portal string) (*Request, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("pairing: cannot listen on the loopback address: %w", err)
	}
	return &Request{
		portal: portal, verifier: random(), state: random(),
		redirect: "http://" + l.Addr().String() + callbackPath, listener: l,
		answers: make(chan url.Values, 1),
	}, nil
}

func random() string {
	b := make([]byte, 32)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// URL is the page to open in the browser.
func (r *Request) URL() string {
	sum := sha256.Sum256([]byte(r.verifier))
	q := url.Values{
		"response_type": {"code"}, "client_id": {clientID}, "redirect_uri": {r.redirect},
		"code_challenge":        {base64.RawURLEncoding.EncodeToString(sum[:])},
		"code_challenge_method": {"S256"}, "state": {r.state},
	}
	return r.portal + "/oauth/authorize?" + q.Encode()
}

// Token waits for the browser's answer and exchanges its code for a token.
// Errors: ErrDenied, ErrTimeout, that of ctx, or the portal's.
func (r *Request) Token(ctx context.Context, client *http.Client) (string, error) {
	srv := &http.Server{Handler: http.HandlerFunc(r.callback), ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(r.listener) }()
	defer func() {
		// Let the browser have its page before the listener goes.
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		if srv.Shutdown(end) != nil {
			srv.Close()
		}
		<-served
	}()
	wait, cancel := context.WithTimeoutCause(ctx, patience, ErrTimeout)
	defer cancel()
	select {
	case <-wait.Done():
		return "", fmt.Errorf("pairing: %w", context.Cause(wait))
	case answer := <-r.answers:
		code, err := r.code(answer)
		if err != nil {
			return "", fmt.Errorf("pairing: %w", err)
		}
		return r.exchange(ctx, client, code)
	}
}

func (r *Request) code(q url.Values) (string, error) {
	switch {
	case q.Get("error") == "access_denied":
		return "", ErrDenied
	case q.Get("error") != "":
		return "", fmt.Errorf("the portal answers %q: %s", q.Get("error"), q.Get("error_description"))
	case q.Get("code") == "":
		return "", errors.New("the browser's answer has no code")
	}
	return q.Get("code"), nil
}

// callback takes the first answer with the right state; anything else gets an
// error page and changes nothing, so that another page in the browser cannot
// end the pairing.
func (r *Request) callback(w http.ResponseWriter, req *http.Request) {
	q := req.URL.Query()
	if req.Method != http.MethodGet || req.URL.Path != callbackPath {
		http.NotFound(w, req)
		return
	}
	if subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(r.state)) != 1 {
		writePage(w, http.StatusBadRequest, strangePage)
		return
	}
	select {
	case r.answers <- q:
	default: // a reload of the page
	}
	if q.Get("code") == "" {
		writePage(w, http.StatusOK, deniedPage)
		return
	}
	writePage(w, http.StatusOK, donePage)
}

func (r *Request) exchange(ctx context.Context, client *http.Client, code string) (string, error) {
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {r.redirect},
		"client_id": {clientID}, "code_verifier": {r.verifier},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.portal+"/oauth/token", strings.NewReader(form.Encode()))
	if err != nil {
		return "", fmt.Errorf("pairing: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := client.Do(req)
	if err != nil {
		return "", fmt.Errorf("pairing: %w", err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, answerMax))
	if err != nil {
		return "", fmt.Errorf("pairing: %w", err)
	}
	return readToken(resp.StatusCode, b)
}

func readToken(status int, b []byte) (string, error) {
	var t struct {
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if err := json.Unmarshal(b, &t); err != nil {
		return "", fmt.Errorf("pairing: the portal's answer (status %d) is not readable: %w", status, err)
	}
	if status != http.StatusOK || t.AccessToken == "" || !strings.EqualFold(t.TokenType, "Bearer") {
		return "", fmt.Errorf("pairing: the portal gives no token (status %d): %s %s", status, t.Error, t.Description)
	}
	return t.AccessToken, nil
}
