package pagetest

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/chromedp/chromedp"
)

// Attach gives a file to the field of an id, as choosing one would.
func (c *Chrome) Attach(id, name string, content []byte) {
	c.t.Helper()
	set := fmt.Sprintf(`(() => { const e = document.getElementById(%q); if (!e) { return false; }
		const d = new DataTransfer(); d.items.add(new File([Uint8Array.from(atob(%q), c => c.charCodeAt(0))], %q));
		e.files = d.files; return e.files.length === 1; })()`, id, base64.StdEncoding.EncodeToString(content), name)
	if !ask(c, "attach "+name, chromedp.Evaluate[bool](set)) {
		c.t.Fatalf("no field %q for a file", id)
	}
}

// ArriveAt waits for a page whose path ends so, and returns its path.
func (c *Chrome) ArriveAt(end string) (path string) {
	c.t.Helper()
	c.until("at …"+end, func() bool {
		u, err := url.Parse(ask(c, "where are we", chromedp.Location()))
		if err != nil || !strings.HasSuffix(u.Path, end) {
			return false
		}
		path = u.Path
		return ask(c, "loaded", chromedp.Evaluate[string]("document.readyState")) == "complete"
	})
	return path
}

// See waits until what a CSS selector finds says something: after a form whose
// answer has the address that the browser is at already.
func (c *Chrome) See(selector, want string) {
	c.t.Helper()
	c.until(selector+" says "+want, func() bool { return strings.Contains(c.Text(selector), want) })
}

// until asks again and again, within the patience of a person.
func (c *Chrome) until(what string, done func() bool) {
	c.t.Helper()
	deadline, tick := time.After(patience), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-deadline:
			c.t.Fatalf("not in time: %s: %s", what, c.Text("main"))
		case <-tick.C:
		}
	}
}
