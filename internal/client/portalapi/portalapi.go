// Package portalapi talks to the portal: configuration, devices, sync,
// outcomes and receipts, as JSON over HTTPS with a bearer token.
package portalapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/client/link"
	"puntuale/internal/client/store"
	"puntuale/internal/wire"
)

const (
	apiRoot    = "/api/v1"
	answerMax  = 64 << 20 // a sync of 5,000 applications is about 20 MB
	receiptMax = 16 << 20
	timeout    = 60 * time.Second
)

// Errors that a caller acts upon.
var (
	// ErrInsecure: the portal's address is neither https nor on this computer.
	ErrInsecure = errors.New("the portal's address must begin with https:// (http:// is taken on this computer only)")
	// ErrUnauthorized: the token is no longer good; pair again.
	ErrUnauthorized = errors.New("the portal no longer knows this computer: pair it again")
	// ErrStranger: somebody else answers in the place of the portal: a Wi-Fi that
	// wants a log-in, or a filter.
	ErrStranger = errors.New("another page answers in the place of the portal: is there a Wi-Fi that wants a log-in?")
	// ErrNotYet: the receipt is not ready.
	ErrNotYet = errors.New("not ready yet")
)

// Refusal is a problem that the portal has answered with.
type Refusal struct{ Problem wire.Problem }

// Error returns code and text of the problem.
func (r *Refusal) Error() string {
	return fmt.Sprintf("the portal answers %d %s: %s", r.Problem.Status, r.Problem.Code, r.Problem.Detail)
}

// Client is one portal, with the token of one device once it has one. It is
// safe for concurrent use.
type Client struct {
	base  string
	root  string // of the paths of outcomes and receipts
	token string
	http  *http.Client
}

// New checks the address and returns a client without a token. A nil transport
// means the system's.
func New(address string, transport http.RoundTripper) (*Client, error) {
	u, err := url.Parse(strings.TrimRight(strings.TrimSpace(address), "/"))
	if err != nil {
		return nil, fmt.Errorf("portal %q: %w", address, err)
	}
	if u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !link.IsLoopback(u.Hostname())) {
		return nil, fmt.Errorf("portal %q: %w", address, ErrInsecure)
	}
	h := &http.Client{Transport: transport, Timeout: timeout}
	// A token must never follow a redirect to somewhere else.
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{base: u.String(), root: apiRoot, http: h}, nil
}

// WithToken returns the same portal with a bearer token.
func (c *Client) WithToken(token string) *Client {
	d := *c
	d.token = token
	return &d
}

// Address is the portal's address without a final stroke.
func (c *Client) Address() string { return c.base }

// HTTP is the underlying client, for the token exchange.
func (c *Client) HTTP() *http.Client { return c.http }

func (c *Client) get(ctx context.Context, path string, out any) error {
	return c.call(ctx, http.MethodGet, path, nil, out)
}

func (c *Client) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("portal: %w", err)
		}
		body = bytes.NewReader(b)
	}
	b, err := c.do(ctx, method, path, body, answerMax)
	if err != nil {
		return err
	}
	if bytes.HasPrefix(bytes.TrimSpace(b), []byte("<")) {
		return fmt.Errorf("portal: %s: %w", path, ErrStranger)
	}
	if err := json.Unmarshal(b, out); err != nil {
		return fmt.Errorf("portal: %s: the answer is not what was expected: %w", path, err)
	}
	return nil
}

func (c *Client) do(ctx context.Context, method, path string, body io.Reader, limit int64) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, fmt.Errorf("portal: %w", err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("portal: %w", err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, fmt.Errorf("portal: %s: %w", path, err)
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("portal: %s: the answer is larger than %d bytes", path, limit)
	}
	return b, statusError(resp.StatusCode, b)
}

func statusError(status int, body []byte) error {
	switch {
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusUnauthorized:
		return ErrUnauthorized
	case status >= 300 && status < 400, status == http.StatusNetworkAuthenticationRequired:
		return fmt.Errorf("portal: status %d: %w", status, ErrStranger)
	}
	p := wire.ParseProblem(body)
	p.Status = status
	return &Refusal{p}
}

// Receipt returns the PDF of an application's receipt, or ErrNotYet.
func (c *Client) Receipt(ctx context.Context, application string) ([]byte, error) {
	b, err := c.do(ctx, http.MethodGet, c.root+"/applications/"+url.PathEscape(application)+"/receipt", nil, receiptMax)
	var r *Refusal
	if errors.As(err, &r) && r.Problem.Status == http.StatusNotFound {
		return nil, ErrNotYet
	}
	if err == nil && !bytes.HasPrefix(b, []byte("%PDF-")) {
		err = errors.New("portal: the receipt is not a PDF")
	}
	return b, err
}

// Outcome is what the administration's side knows of a submission.
type Outcome struct {
	ApplicationID  string                   `json:"application_id"`
	SubmissionID   string                   `json:"submission_id"`
	State          clickday.SubmissionState `json:"state"`
	Number         int64                    `json:"number"`
	ProtocolNumber string                   `json:"protocol_number"`
	ArrivedNS      text                     `json:"arrived_ns"` // decimal
	Reason         clickday.Code            `json:"reason"`
	ReasonText     clickday.Text            `json:"reason_text"`
	Receipt        bool                     `json:"receipt"`
	List           *store.Standing          `json:"list"` // nil before a list is published
}

// Arrived is the stamp in nanoseconds since 1970 UTC, 0 when it is not given.
func (o *Outcome) Arrived() int64 {
	n, err := strconv.ParseInt(string(o.ArrivedNS), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// Outcomes returns what became of the account's submissions.
func (c *Client) Outcomes(ctx context.Context) ([]Outcome, error) {
	var out struct {
		Outcomes []Outcome `json:"outcomes"`
	}
	err := c.get(ctx, c.root+"/outcomes", &out)
	return out.Outcomes, err
}
