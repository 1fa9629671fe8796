package demo

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"

	"github.com/PuerkitoBio/goquery"
)

// maxPages is how many pages a pairing may take before something is wrong.
const maxPages = 8

// Browse does what a person does in the browser that the mini-client opens: it
// logs in, agrees to pair the computer and is led back to the mini-client.
func Browse(address, email, password string) error {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return fmt.Errorf("browse: %w", err)
	}
	client := &http.Client{Jar: jar}
	res, err := client.Get(address)
	for range maxPages {
		if err != nil {
			return fmt.Errorf("browse: %w", err)
		}
		page, perr := goquery.NewDocumentFromReader(res.Body)
		res.Body.Close()
		if perr != nil {
			return fmt.Errorf("browse: %w", perr)
		}
		if res.StatusCode >= http.StatusBadRequest {
			return fmt.Errorf("browse: %s answers %s: %s", res.Request.URL.Redacted(), res.Status, strings.TrimSpace(page.Find("h1").Text()))
		}
		form := nextForm(page)
		if form == nil {
			return nil // the page that the mini-client shows at the end
		}
		res, err = submit(client, res.Request.URL, form, email, password)
	}
	res.Body.Close()
	return errors.New("browse: the pairing does not come to an end")
}

// nextForm finds the log-in or the question; there is none on the last page.
func nextForm(page *goquery.Document) *goquery.Selection {
	for _, want := range []string{"form:has(input[type=password])", "form:has(button[name=decision])"} {
		if f := page.Find(want).First(); f.Length() > 0 {
			return f
		}
	}
	return nil
}

func submit(client *http.Client, base *url.URL, form *goquery.Selection, email, password string) (*http.Response, error) {
	values := url.Values{}
	form.Find("input[name]").Each(func(_ int, in *goquery.Selection) {
		name, value := in.AttrOr("name", ""), in.AttrOr("value", "")
		switch in.AttrOr("type", "text") {
		case "email":
			value = email
		case "password":
			value = password
		case "submit", "checkbox", "radio":
			return
		}
		values.Set(name, value)
	})
	if b := form.Find("button[name]").First(); b.Length() > 0 {
		values.Set(b.AttrOr("name", ""), b.AttrOr("value", ""))
	}
	target, err := base.Parse(form.AttrOr("action", ""))
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequest(http.MethodPost, target.String(), strings.NewReader(values.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", base.Scheme+"://"+base.Host)
	return client.Do(req)
}
