package bench

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/PuerkitoBio/goquery"

	"puntuale/internal/accounts/drafts"
	"puntuale/internal/forms"
	"puntuale/internal/forms/sample"
	"puntuale/internal/wire"
)

// caller sends requests as somebody who has logged in, or as their mini-client.
type caller struct {
	base   string
	header http.Header
}

// call returns an answer with its whole body.
func (c *caller) call(ctx context.Context, method, path, media string, body []byte) (*http.Response, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, nil, fmt.Errorf("bench: %w", err)
	}
	req.Header = c.header.Clone()
	if media != "" {
		req.Header.Set("Content-Type", media)
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		return nil, nil, fmt.Errorf("bench: %w", err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, nil, fmt.Errorf("bench: %s: %w", path, err)
	}
	if res.StatusCode >= 400 {
		return nil, nil, fmt.Errorf("bench: %s %s: %s\n%.500s", method, path, res.Status, answer)
	}
	return res, answer, nil
}

const formMedia = "application/x-www-form-urlencoded"

// pairing is the way of RFC 8252 with RFC 7636, as the mini-client goes it.
func (b *portalBench) pairing(ctx context.Context, v *visitor) (*caller, error) {
	browser := &caller{b.in.PortalURL, http.Header{"Cookie": {v.cookie}}}
	verifier := strings.Repeat("v", 43)
	sum := sha256.Sum256([]byte(verifier))
	redirect := "http://127.0.0.1:50000/callback"
	ask := url.Values{
		"response_type": {"code"}, "client_id": {"miniclient"}, "redirect_uri": {redirect}, "state": {"s"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
	_, page, err := browser.call(ctx, http.MethodGet, "/oauth/authorize?"+ask.Encode(), "", nil)
	if err != nil {
		return nil, err
	}
	doc, err := goquery.NewDocumentFromReader(bytes.NewReader(page))
	if err != nil {
		return nil, fmt.Errorf("bench: consent: %w", err)
	}
	form := url.Values{"decision": {"allow"}}
	doc.Find("main form input[type=hidden]").Each(func(_ int, in *goquery.Selection) { form.Set(in.AttrOr("name", ""), in.AttrOr("value", "")) })
	res, _, err := browser.call(ctx, http.MethodPost, "/oauth/authorize", formMedia, []byte(form.Encode()))
	if err != nil {
		return nil, err
	}
	to, err := url.Parse(res.Header.Get("Location"))
	if err != nil || to.Query().Get("code") == "" {
		return nil, fmt.Errorf("bench: consent leads to %q", res.Header.Get("Location"))
	}
	return b.device(ctx, url.Values{
		"grant_type": {"authorization_code"}, "code": {to.Query().Get("code")}, "redirect_uri": {redirect}, "client_id": {"miniclient"}, "code_verifier": {verifier},
	})
}

// device exchanges a code and registers a key.
func (b *portalBench) device(ctx context.Context, exchange url.Values) (*caller, error) {
	c := &caller{b.in.PortalURL, http.Header{}}
	_, body, err := c.call(ctx, http.MethodPost, "/oauth/token", formMedia, []byte(exchange.Encode()))
	if err != nil {
		return nil, err
	}
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(body, &token); err != nil {
		return nil, fmt.Errorf("bench: token: %w", err)
	}
	public, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	c.header.Set("Authorization", "Bearer "+token.AccessToken)
	register, err := json.Marshal(map[string]any{"name": "Misura", "public_key": []byte(public), "proof": wire.SignDevice(key, token.AccessToken)})
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	_, _, err = c.call(ctx, http.MethodPost, "/api/v1/devices", "application/json", register)
	return c, err
}

// person is a visitor who acts for nobody else, and so may seal: the last one.
func (b *portalBench) person() *visitor { return b.people[len(b.people)-1-len(b.people)%2] }

// sync measures how long the portal takes to give out many sealed applications
// with their tickets.
func (b *portalBench) sync(ctx context.Context, target *float64) ([]Figure, error) {
	v := b.person()
	s := drafts.New(b.db, b.models, b.clock, b.rome)
	m, _ := b.models.Newest(portalModel)
	for i := range b.plan.Sealed {
		a, err := s.Draft(ctx, v.account, portalDay, portalModel)
		if err != nil {
			return nil, err
		}
		if err := s.Save(ctx, &a, m, a.Revision, sample.ModelB(sample.New(uint64(1e6+i)), sample.Any)); err != nil {
			return nil, err
		}
		if err := s.Seal(ctx, v.account, a.ID, a.Revision); err != nil {
			return nil, err
		}
	}
	c, err := b.pairing(ctx, v)
	if err != nil {
		return nil, err
	}
	c.header.Set("Accept-Encoding", "gzip")
	server, whole := newTimes(), newTimes()
	for range b.plan.Syncs {
		begin := b.clock.Now()
		res, body, err := c.call(ctx, http.MethodGet, "/api/v1/sync", "", nil)
		if err != nil {
			return nil, err
		}
		whole.RecordValue(b.clock.Now().Sub(begin).Microseconds()) // the client's patience bounds it
		took, err := serverTime(res.Header)
		if err != nil {
			return nil, err
		}
		server.RecordValue(took.Microseconds())
		if n, err := sealedIn(res, body); err != nil || n < b.plan.Sealed {
			return nil, fmt.Errorf("bench: a sync has %d of %d applications (%w)", n, b.plan.Sealed, err)
		}
	}
	return []Figure{
		{Name: fmt.Sprintf("portal_sync_of_%d_server_p95", b.plan.Sealed), Value: float64(server.ValueAtQuantile(95)) / 1000, Unit: "ms", AtMost: target},
		plain("portal_sync_whole_p95", float64(whole.ValueAtQuantile(95))/1000, "ms"),
	}, nil
}

// sealedIn counts the applications with a ticket in a sync.
func sealedIn(res *http.Response, body []byte) (int, error) {
	if res.Header.Get("Content-Encoding") == "gzip" {
		plain, err := gunzip(body)
		if err != nil {
			return 0, err
		}
		body = plain
	}
	var out struct {
		Applications []struct {
			Ticket []byte `json:"ticket"`
		} `json:"applications"`
	}
	if err := json.Unmarshal(body, &out); err != nil {
		return 0, fmt.Errorf("bench: sync: %w", err)
	}
	n := 0
	for i := range out.Applications {
		if len(out.Applications[i].Ticket) > 0 {
			n++
		}
	}
	return n, nil
}

// imports measures the import of a table of applications through the pages, from
// the first byte sent to the answer that the drafts are there.
func (b *portalBench) imports(ctx context.Context, target *float64) ([]Figure, error) {
	m, _ := b.models.Newest(portalModel)
	table, err := b.table(m)
	if err != nil {
		return nil, err
	}
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	if err := w.WriteField("choice", fmt.Sprintf("%d/%s", portalDay, portalModel)); err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	part, err := w.CreateFormFile("file", "misura.csv")
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	part.Write(table) // into memory
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	c := &caller{b.in.PortalURL, http.Header{"Cookie": {b.people[0].cookie}}}
	begin := b.clock.Now()
	res, _, err := c.call(ctx, http.MethodPost, "/applications/import", w.FormDataContentType(), body.Bytes())
	if err != nil {
		return nil, err
	}
	read := b.clock.Now()
	if _, _, err = c.call(ctx, http.MethodPost, res.Header.Get("Location"), formMedia, nil); err != nil {
		return nil, err
	}
	took := b.clock.Now().Sub(begin)
	counts, err := b.db.CountApplications(ctx, b.people[0].account, portalDay)
	if err != nil {
		return nil, err
	}
	n := 0
	for _, k := range counts {
		n += k
	}
	if n < b.plan.Rows {
		return nil, fmt.Errorf("bench: %d drafts of %d rows", n, b.plan.Rows)
	}
	return []Figure{
		{Name: "portal_csv_import", Value: float64(b.plan.Rows) / took.Seconds(), Unit: "rows/s", AtLeast: target},
		plain("portal_csv_import_of_which_reading", read.Sub(begin).Seconds()/took.Seconds()*100, "%"),
	}, nil
}

// table is a CSV of applications that are ready.
func (b *portalBench) table(m *forms.Model) ([]byte, error) {
	var ids []string
	for i := range m.Pages {
		for j := range m.Pages[i].Fields {
			ids = append(ids, m.Pages[i].Fields[j].ID)
		}
	}
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	w.Comma = ';'
	w.Write(ids) // into memory, here and below
	for i := range b.plan.Rows {
		a := sample.ModelB(sample.New(uint64(2e6)+uint64(i)+uint64(b.clock.Now().Unix())<<24), sample.Any)
		row := slices.Clone(ids)
		for k, id := range ids {
			f, _ := m.Field(id)
			row[k] = m.Input(f, a[id])
		}
		w.Write(row)
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	return out.Bytes(), nil
}

func gunzip(b []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	out, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	return out, nil
}
