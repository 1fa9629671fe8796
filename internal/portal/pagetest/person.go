package pagetest

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/chromedp/chromedp"
)

// ask runs one action within the patience of a person.
func ask[T any](c *Chrome, what string, a chromedp.Action[T]) T {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		c.t.Fatalf("%s: %v", what, err)
	}
	return v
}

// Open opens a page, as somebody who types its address.
func (c *Chrome) Open(path string) {
	c.t.Helper()
	ask(c, "open "+path, chromedp.Navigate(c.base+path))
}

// Fill writes into fields of the page, by their ids, as typing would; "on" and
// "off" are for boxes and buttons to choose.
func (c *Chrome) Fill(values map[string]string) {
	c.t.Helper()
	for id, value := range values {
		set := fmt.Sprintf(`(() => { const e = document.getElementById(%q); if (!e) { return false; }
			if (e.type === "checkbox" || e.type === "radio") { e.checked = %q === "on"; } else { e.value = %q; }
			e.dispatchEvent(new Event("input", {bubbles: true})); e.dispatchEvent(new Event("change", {bubbles: true})); return true; })()`, id, value, value)
		if !ask(c, "fill "+id, chromedp.Evaluate[bool](set)) {
			c.t.Fatalf("no field %q", id)
		}
	}
}

// Click presses what a CSS selector finds.
func (c *Chrome) Click(selector string) {
	c.t.Helper()
	ask(c, "click "+selector, chromedp.Click(chromedp.CSS(selector)))
}

// Arrive waits until the page of a path is there.
func (c *Chrome) Arrive(path string) {
	c.t.Helper()
	deadline, tick := time.After(patience), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	at := ""
	for {
		at = ask(c, "where are we", chromedp.Location())
		if u, err := url.Parse(at); err == nil && u.Path == path && ask(c, "loaded", chromedp.Evaluate[string]("document.readyState")) == "complete" {
			return
		}
		select {
		case <-deadline:
			c.t.Fatalf("not at %s in time, but at %s: %s", path, at, c.Text("main"))
		case <-tick.C:
		}
	}
}

// Text is what a person reads in what a CSS selector finds; empty if there is none.
func (c *Chrome) Text(selector string) string {
	c.t.Helper()
	return ask(c, "read "+selector, chromedp.Evaluate[string](fmt.Sprintf(`(document.querySelector(%q) || {innerText: ""}).innerText`, selector)))
}

// Complaints are the errors of scripts and the console, and requests that went
// elsewhere, since the last look.
func (c *Chrome) Complaints() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.events...)
}
